# Run by target docs and by the test of it:
#   cmake -DDOXYGEN=… -DDOXYFILE=… -DOUTPUT=folder -DQCH=YES|NO -P makedocs.cmake
# Prepares the pages, which are written for people who browse the repository, for Doxygen, and runs it.

# As the anchors of headings are made where the repository is browsed.
function(anchor_of title result)
    string(TOLOWER "${title}" anchor)
    string(REGEX REPLACE "[^a-z0-9 _-]" "" anchor "${anchor}")
    string(REPLACE " " "-" anchor "${anchor}")
    set(${result} ${anchor} PARENT_SCOPE)
endfunction()

# Gives the headings names and makes links of them. Files that are no pages cannot be linked to.
function(prepare_page page output)
    get_filename_component(stem ${page} NAME_WE)
    file(READ ${page} rest)
    string(REGEX REPLACE "^# ([^\n]*)" "# \\1 {#page-${stem}}" rest "${rest}")
    set(text)
    while(rest MATCHES "\n(##+) ([^\n]*)\n")
        set(heading "${CMAKE_MATCH_0}")
        set(marks "${CMAKE_MATCH_1}")
        set(title "${CMAKE_MATCH_2}")
        anchor_of("${title}" anchor)
        string(FIND "${rest}" "${heading}" begin)
        string(SUBSTRING "${rest}" 0 ${begin} before)
        string(LENGTH "${heading}" length)
        math(EXPR end "${begin} + ${length} - 1") # its line break may begin the next one
        string(SUBSTRING "${rest}" ${end} -1 rest)
        string(APPEND text "${before}\n${marks} ${title} {#${stem}-${anchor}}")
    endwhile()
    string(APPEND text "${rest}")

    # Doxygen wants the text of a link on one line.
    string(REGEX REPLACE "\\[([^]\n`]+)\n *([^]\n]+)\\]\\(" "[\\1 \\2](" text "${text}")
    string(REGEX REPLACE "\\[([^]\n]+)\\]\\(src/packaging/[^) \n]*\\)" "\\1" text "${text}") # a page, but none of these
    string(REGEX REPLACE "\\]\\(#([a-z0-9_-]+)\\)" "](@ref ${stem}-\\1)" text "${text}")
    string(REGEX REPLACE "\\]\\(([a-z.]+/)*([A-Za-z0-9-]+)[.]md#([a-z0-9_-]+)\\)" "](@ref \\2-\\3)" text "${text}")
    string(REGEX REPLACE "\\]\\(([a-z.]+/)*([A-Za-z0-9-]+)[.]md\\)" "](@ref page-\\2)" text "${text}")
    string(REGEX REPLACE "\\[([^]\n]+)\\]\\((([.][.]/)+|examples/|include/|LICENSE)[^) \n]*\\)" "\\1" text "${text}")
    file(WRITE ${output} "${text}")
endfunction()

file(REMOVE_RECURSE ${OUTPUT}/html ${OUTPUT}/pages ${OUTPUT}/Synchronaut.qch)
file(GLOB pages ${CMAKE_CURRENT_LIST_DIR}/*.md)
foreach(page IN LISTS pages ITEMS ${CMAKE_CURRENT_LIST_DIR}/../../README.md)
    get_filename_component(name ${page} NAME)
    prepare_page(${page} ${OUTPUT}/pages/${name})
endforeach()

set(ENV{QT_QPA_PLATFORM} offscreen) # Qt's help generator runs where there is no screen, too
execute_process(COMMAND ${DOXYGEN} ${DOXYFILE} RESULT_VARIABLE failed)
if(failed)
    message(FATAL_ERROR "The documentation has flaws; see above.")
endif()
if(NOT EXISTS ${OUTPUT}/html/index.html OR (QCH AND NOT EXISTS ${OUTPUT}/Synchronaut.qch))
    message(FATAL_ERROR "Doxygen did not write all that it should.")
endif()

# What Doxygen did not understand it shows as it is.
file(GLOB shown ${OUTPUT}/html/*.html)
foreach(file IN LISTS shown)
    file(STRINGS ${file} raw REGEX "@ref |@section |&lt;tt&gt;|&lt;em&gt;")
    if(raw)
        message(FATAL_ERROR "Doxygen did not understand what is near this in ${file}: ${raw}")
    endif()
endforeach()
