# An overlay port of the sources it lies in; see ../README.md.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

# The tool that makes proxies belongs to tools/synchronaut in vcpkg.
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        -DSYNCHRONAUT_BUILD_TESTS=OFF
        -DSYNCHRONAUT_BUILD_EXAMPLES=OFF
        -DSYNCHRONAUT_BUILD_BENCHMARKS=OFF
        -DSYNCHRONAUT_BUILD_DOCS=OFF
        -DSYNCHRONAUT_BUILD_QML=OFF
        -DCMAKE_INSTALL_LIBEXECDIR=tools
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME Synchronaut CONFIG_PATH lib/cmake/Synchronaut)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE
    "${CURRENT_PACKAGES_DIR}/debug/include"
    "${CURRENT_PACKAGES_DIR}/debug/share"
    "${CURRENT_PACKAGES_DIR}/debug/tools"
)
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
