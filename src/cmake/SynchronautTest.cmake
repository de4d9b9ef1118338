find_package(Qt6 6.4 REQUIRED COMPONENTS Test)

# Builds every test with the label "concurrency" or "stress": what the sanitizer runs need.
add_custom_target(concurrency_tests)

# Qt Test without the definitions that name each test's folders, which would keep it out of a header that
# all tests share.
add_library(synchronaut_qttest INTERFACE)
target_link_libraries(synchronaut_qttest INTERFACE $<TARGET_LINKER_FILE:Qt6::Test> Qt6::Core)
target_include_directories(synchronaut_qttest SYSTEM INTERFACE
    $<TARGET_PROPERTY:Qt6::Test,INTERFACE_INCLUDE_DIRECTORIES>)
target_compile_definitions(synchronaut_qttest INTERFACE QT_TESTLIB_LIB)

# What holds for every test, and for the header that they share.
function(synchronaut_test_options target)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    synchronaut_compile_options(${target})
    if(Qt6_VERSION VERSION_GREATER_EQUAL 6.5 AND NOT MSVC)
        # Qt's QTRY_ macros make an int of a long there, in the files that use them.
        target_compile_options(${target} PRIVATE -Wno-conversion)
    endif()
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
        # Captures are what some tests are about, needed or not.
        target_compile_options(${target} PRIVATE -Wno-unused-lambda-capture)
    endif()
endfunction()

# One precompiled header for all tests: halves their build time. Of a program, for the flags.
add_executable(synchronaut_test_pch EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/test_pch.cpp)
target_link_libraries(synchronaut_test_pch PRIVATE Synchronaut::Synchronaut synchronaut_qttest)
target_precompile_headers(synchronaut_test_pch PRIVATE ${CMAKE_CURRENT_LIST_DIR}/test_pch.h)
synchronaut_test_options(synchronaut_test_pch)

# Tells ThreadSanitizer what synchronises inside Qt; must not be instrumented itself.
if("thread" IN_LIST SYNCHRONAUT_SANITIZE AND Qt6_VERSION VERSION_LESS 6.6)
    add_library(synchronaut_qt_tsan OBJECT EXCLUDE_FROM_ALL
        ${PROJECT_SOURCE_DIR}/tests/stress/qt_tsan.cpp
        ${PROJECT_SOURCE_DIR}/tests/stress/exceptions_tsan.cpp)
    target_link_libraries(synchronaut_qt_tsan PRIVATE Qt6::Core)
    target_compile_features(synchronaut_qt_tsan PRIVATE cxx_std_20)
endif()

# synchronaut_add_test(<name> SOURCES … [LIBRARIES …] [LABELS …] [TIMEOUT seconds] [NO_TSAN])
# Labels in use: auto concurrency stress package docs example benchmark. NO_TSAN: not under ThreadSanitizer,
# whatever the labels; what others lock without its knowledge are races to it.
function(synchronaut_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "NO_TSAN" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
        message(FATAL_ERROR "synchronaut_add_test(${name}): no SOURCES, or unknown arguments: "
            "${arg_UNPARSED_ARGUMENTS}")
    endif()
    if(arg_NO_TSAN AND "thread" IN_LIST SYNCHRONAUT_SANITIZE)
        list(REMOVE_ITEM arg_LABELS concurrency stress)
    endif()

    set(target tst_${name})
    add_executable(${target} ${arg_SOURCES})
    target_link_libraries(${target} PRIVATE Synchronaut::Synchronaut ${arg_LIBRARIES})
    synchronaut_moc_test(${target} ${arg_SOURCES})
    synchronaut_test_options(${target})
    if(TARGET synchronaut_qt_tsan)
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:synchronaut_qt_tsan>)
    endif()
    if(arg_LIBRARIES) # Another library may bring flags that do not fit the header's.
        target_link_libraries(${target} PRIVATE Qt6::Test)
    else()
        target_link_libraries(${target} PRIVATE synchronaut_qttest)
        target_precompile_headers(${target} REUSE_FROM synchronaut_test_pch)
    endif()

    add_test(NAME ${name} COMMAND ${target})
    synchronaut_test_properties(${name} LABELS ${arg_LABELS} TIMEOUT ${arg_TIMEOUT})
    if("concurrency" IN_LIST arg_LABELS OR "stress" IN_LIST arg_LABELS)
        add_dependencies(concurrency_tests ${target})
    endif()
endfunction()

# moc for what tst_x.cpp includes as "tst_x.moc". AUTOMOC would take two more seconds of building for every
# test; it is for those that have a header with a Q_OBJECT.
function(synchronaut_moc_test target)
    if("${ARGN}" MATCHES "[.]h(;|$)")
        set_target_properties(${target} PROPERTIES AUTOMOC ON)
        return()
    endif()
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
    foreach(source IN LISTS ARGN)
        cmake_path(GET source STEM stem)
        if(stem MATCHES "^tst_")
            cmake_path(ABSOLUTE_PATH source)
            qt6_generate_moc(${source} ${CMAKE_CURRENT_BINARY_DIR}/${stem}.moc TARGET ${target})
            target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${stem}.moc)
        endif()
    endforeach()
endfunction()

# Environment, labels and time limit of a test that was added with add_test().
function(synchronaut_test_properties name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "LABELS")
    if(NOT arg_LABELS)
        set(arg_LABELS auto)
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 60)
    endif()
    if(SYNCHRONAUT_SANITIZE)
        math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 4")
    endif()

    set(supp ${PROJECT_SOURCE_DIR}/tests/stress)
    set(environment
        QT_QPA_PLATFORM=offscreen
        TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=${supp}/tsan.supp
        ASAN_OPTIONS=detect_leaks=1:halt_on_error=1
        LSAN_OPTIONS=suppressions=${supp}/lsan.supp:print_suppressions=0
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    )
    set_tests_properties(${name} PROPERTIES
        ENVIRONMENT "${environment}"
        LABELS "${arg_LABELS}"
        TIMEOUT ${arg_TIMEOUT}
    )
endfunction()

# One more option for a sanitizer (ASAN, TSAN, LSAN, UBSAN) in the environment of a test.
function(synchronaut_sanitizer_option name sanitizer option)
    get_test_property(${name} ENVIRONMENT environment)
    list(TRANSFORM environment REPLACE "^(${sanitizer}_OPTIONS=.*)" "\\1:${option}")
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}")
endfunction()
