#[[
synchronaut_add_proxies(<target> HEADERS <header>... [ALLOW_POINTERS] [SKIP <Class::member>...])

Adds to <target>, for each QObject class C in the headers, a class CProxy in a header <c>proxy.h (all
lower case), with which C can be used from any thread. See src/doc/proxies.md.

ALLOW_POINTERS lets raw pointers and views pass, which else are an error; SKIP leaves members out.
<target> has to link Synchronaut::Synchronaut. It needs no AUTOMOC.
]]
function(synchronaut_add_proxies target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "ALLOW_POINTERS" "" "HEADERS;SKIP")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_HEADERS)
        message(FATAL_ERROR "synchronaut_add_proxies(${target}): no HEADERS, or unknown arguments: "
            "${arg_UNPARSED_ARGUMENTS}")
    endif()
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_proxies)
    file(MAKE_DIRECTORY ${folder})

    # As for the sources: which folders and definitions there are is known when the build is made.
    set(includes $<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>)
    set(definitions $<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>)
    set(descriptions)
    set(classes)
    set(options)
    foreach(header IN LISTS arg_HEADERS)
        get_filename_component(header ${header} ABSOLUTE)
        get_filename_component(name ${header} NAME)
        _synchronaut_object_classes(${target} ${header} found)
        list(APPEND classes ${found})
        add_custom_command(OUTPUT ${folder}/${name}.moc.json
            COMMAND Qt6::moc --output-json -o ${folder}/${name}.moc
                "$<$<BOOL:${includes}>:-I$<JOIN:${includes},;-I>>"
                "$<$<BOOL:${definitions}>:-D$<JOIN:${definitions},;-D>>"
                ${header}
            DEPENDS ${header}
            COMMENT "Describing ${name} for its proxies"
            COMMAND_EXPAND_LISTS VERBATIM)
        list(APPEND descriptions ${folder}/${name}.moc.json)
        list(APPEND options --header ${header} --json ${folder}/${name}.moc.json)
    endforeach()

    if(arg_ALLOW_POINTERS)
        list(APPEND options --allow-pointers)
    endif()
    foreach(member IN LISTS arg_SKIP)
        list(APPEND options --skip ${member})
    endforeach()
    set(proxies)
    foreach(class IN LISTS classes)
        list(APPEND options --expect ${class})
        string(TOLOWER ${class} lower)
        if(${folder}/${lower}proxy.h IN_LIST proxies)
            message(FATAL_ERROR "synchronaut_add_proxies(${target}): two classes would have the proxy "
                "${lower}proxy.h; add one of them to another target, or rename it.")
        endif()
        list(APPEND proxies ${folder}/${lower}proxy.h)
    endforeach()
    add_custom_command(OUTPUT ${proxies}
        COMMAND Synchronaut::proxygen --output ${folder} ${options}
        DEPENDS Synchronaut::proxygen ${descriptions}
        COMMENT "Making the proxies of ${target}"
        VERBATIM)

    # The proxies are QObjects. moc is run here, since the target may have no AUTOMOC.
    qt6_wrap_cpp(mocs ${proxies} TARGET ${target})
    set_source_files_properties(${proxies} ${mocs} PROPERTIES SKIP_AUTOGEN ON)
    target_sources(${target} PRIVATE ${proxies} ${mocs})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
        target_include_directories(${target} PRIVATE ${folder})
    else()
        target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${folder}>)
    endif()
endfunction()

# The names of the QObject classes in a header: they are the names of files that the build makes, so
# they have to be known now, and again whenever the header has changed.
function(_synchronaut_object_classes target header result)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
    _synchronaut_moc(moc)
    get_filename_component(name ${header} NAME)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${target}_proxies/${name}.configure)
    execute_process(COMMAND ${moc} --output-json -o ${output} ${header}
        RESULT_VARIABLE failed ERROR_VARIABLE said)
    if(failed)
        message(FATAL_ERROR "synchronaut_add_proxies(${target}): moc cannot read ${header}: ${said}")
    endif()

    file(READ ${output}.json json)
    set(names)
    string(JSON count ERROR_VARIABLE none LENGTH "${json}" classes)
    if(NOT none)
        math(EXPR last "${count} - 1")
        foreach(index RANGE ${last})
            string(JSON is_object ERROR_VARIABLE none GET "${json}" classes ${index} object)
            if(is_object STREQUAL "ON")
                string(JSON class GET "${json}" classes ${index} className)
                list(APPEND names ${class})
            endif()
        endforeach()
    endif()
    if(NOT names)
        message(FATAL_ERROR "synchronaut_add_proxies(${target}): there is no class with Q_OBJECT in ${header}.")
    endif()
    set(${result} ${names} PARENT_SCOPE)
endfunction()

# Where Qt's moc is.
function(_synchronaut_moc result)
    set(properties IMPORTED_LOCATION)
    get_target_property(configurations Qt6::moc IMPORTED_CONFIGURATIONS)
    foreach(configuration IN LISTS configurations)
        list(APPEND properties IMPORTED_LOCATION_${configuration})
    endforeach()
    foreach(property IN LISTS properties)
        get_target_property(location Qt6::moc ${property})
        if(location)
            set(${result} ${location} PARENT_SCOPE)
            return()
        endif()
    endforeach()
    message(FATAL_ERROR "synchronaut_add_proxies(): Qt's moc was not found; look at Qt6CoreTools_DIR.")
endfunction()
