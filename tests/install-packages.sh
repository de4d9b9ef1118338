# Sourced by tests/run, tests/matrix/run, examples/run and .ci/run.

# What building and testing everything takes, by its name in Debian.
test_packages=(build-essential cmake ninja-build ccache pkg-config python3
    qt6-base-dev libgl-dev qt6-declarative-dev qt6-declarative-dev-tools libqt6quicktest6
    qml6-module-qtqml qml6-module-qtqml-models qml6-module-qtqml-workerscript qml6-module-qttest
    qml6-module-qtquick qml6-module-qtquick-window qml6-module-qtquick-controls
    qml6-module-qtquick-templates qml6-module-qtquick-layouts
    qt6-httpserver-dev qt6-websockets-dev curl wrk
    libsqlite3-dev libqt6sql6-sqlite libqt6sql6-psql postgresql
    qcoro-qt6-dev libbenchmark-dev fonts-dejavu-core doxygen qt6-documentation-tools)

# install_packages PACKAGE…: installs what is missing (Debian 12, as root or with sudo).
install_packages() {
    local package missing=() sudo=()
    for package in "$@"; do
        if [[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]]; then
            missing+=("$package")
        fi
    done
    if [[ ${#missing[@]} -eq 0 ]]; then
        return
    fi
    if [[ $EUID -ne 0 ]]; then
        sudo=(sudo)
    fi
    "${sudo[@]}" apt-get update
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}"
}
