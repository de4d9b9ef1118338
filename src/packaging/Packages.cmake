# Debian packages, one an install component that this build has: `cpack` in the build folder. Configure with
# -DCMAKE_INSTALL_PREFIX=/usr, so that the libraries go into Debian's own folders.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME synchronaut)
set(CPACK_PACKAGE_VENDOR "Synchronaut")
if(NOT CPACK_PACKAGE_CONTACT) # who makes packages for others puts a name here that can be written to
    set(CPACK_PACKAGE_CONTACT "Synchronaut maintainers <maintainers@synchronaut.invalid>")
endif()
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# A component exists when something was given to install() with it, so this file comes last.
get_cmake_property(components COMPONENTS)
set(CPACK_COMPONENTS_ALL)
foreach(component runtime dev doc qml)
    if(component IN_LIST components)
        list(APPEND CPACK_COMPONENTS_ALL ${component})
    endif()
endforeach()

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
# For packages that link ours; ldconfig is run for them, too.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
# Copies the licence into the packages that are made.
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/Copyright.cmake)

set(runtime_package libsynchronaut${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${runtime_package})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "${PROJECT_DESCRIPTION} - library")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libsynchronaut-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_DESCRIPTION "${PROJECT_DESCRIPTION} - development files")
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS ON) # of the tool that makes proxies
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "qt6-base-dev (>= ${Qt6_VERSION_MAJOR}.${Qt6_VERSION_MINOR})")

set(CPACK_DEBIAN_DOC_PACKAGE_NAME libsynchronaut-doc)
set(CPACK_DEBIAN_DOC_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_DOC_DESCRIPTION "${PROJECT_DESCRIPTION} - documentation")
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)

set(CPACK_DEBIAN_QML_PACKAGE_NAME qml6-module-synchronaut)
set(CPACK_DEBIAN_QML_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_QML_DESCRIPTION "${PROJECT_DESCRIPTION} - QML module")
set(CPACK_DEBIAN_QML_PACKAGE_DEPENDS
    "libqt6qml6 (>= ${Qt6_VERSION_MAJOR}.${Qt6_VERSION_MINOR}), qml6-module-qtqml, qml6-module-qtqml-models, \
qml6-module-qtqml-workerscript") # the last two are what Debian's own qtqml imports, and forgets

# Of the very build that the package is from. A static library has no runtime package.
set(this_version ${PROJECT_VERSION})
if(CPACK_DEBIAN_PACKAGE_RELEASE)
    string(APPEND this_version -${CPACK_DEBIAN_PACKAGE_RELEASE})
endif()
if("runtime" IN_LIST CPACK_COMPONENTS_ALL)
    foreach(component DEV QML)
        string(PREPEND CPACK_DEBIAN_${component}_PACKAGE_DEPENDS "${runtime_package} (= ${this_version}), ")
    endforeach()
endif()

if("qml" IN_LIST CPACK_COMPONENTS_ALL) # the -dev has the link to its library
    string(PREPEND CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${CPACK_DEBIAN_QML_PACKAGE_NAME} (= ${this_version}), ")
endif()

include(CPack)
