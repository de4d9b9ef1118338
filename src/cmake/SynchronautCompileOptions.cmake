# Flags for our own targets: library, tests, examples. None of them reaches users.
function(synchronaut_compile_options target)
    target_compile_definitions(${target} PRIVATE
        QT_NO_KEYWORDS
        QT_NO_CAST_FROM_ASCII
        QT_NO_CAST_TO_ASCII
        QT_NO_CONTEXTLESS_CONNECT
    )
    if(NOT MSVC)
        target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
        if(SYNCHRONAUT_WERROR)
            target_compile_options(${target} PRIVATE -Werror)
        endif()
    endif()

    if(SYNCHRONAUT_SANITIZE)
        list(JOIN SYNCHRONAUT_SANITIZE "," sanitizers)
        target_compile_options(${target} PRIVATE -fsanitize=${sanitizers} -fno-omit-frame-pointer)
        target_link_options(${target} PRIVATE -fsanitize=${sanitizers})
        if("address" IN_LIST SYNCHRONAUT_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            # Checks by calls, not inline: slower to run, but tests mostly wait, and much less to compile.
            target_compile_options(${target} PRIVATE --param asan-instrumentation-with-call-threshold=0)
        endif()
        if("undefined" IN_LIST SYNCHRONAUT_SANITIZE)
            # Null pointers crash under ASan, too, as do pointers that have overflowed once they are used; the
            # other two find next to nothing on x86. Together they are a third of the time to compile.
            target_compile_options(${target} PRIVATE
                -fno-sanitize-recover=undefined -fno-sanitize=null,pointer-overflow,alignment,object-size)
        endif()
        # Sanitizer runs are optimised, but should check Q_ASSERT too.
        target_compile_definitions(${target} PRIVATE QT_FORCE_ASSERTS)
    endif()
endfunction()
