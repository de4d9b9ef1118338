# CPack runs this before it packs: every Debian package needs its licence at share/doc/<package>/copyright.
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
    string(TOUPPER ${component} upper)
    configure_file(${CPACK_RESOURCE_FILE_LICENSE}
        ${CPACK_TEMPORARY_DIRECTORY}/${component}${CPACK_PACKAGING_INSTALL_PREFIX}/share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME}/copyright
        COPYONLY)
endforeach()
