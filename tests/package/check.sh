#!/usr/bin/env bash
# check.sh STEP KIND: one package test. KIND is shared, static, in_tree or none; ctest sets CMAKE, CXX,
# Qt6_DIR, QML (ON or OFF), SOURCE (the repository) and WORK (a folder of this kind's own).
set -euo pipefail
step=$1
kind=$2
here=$SOURCE/tests/package
prefix=$WORK/moved
consumer=$WORK/consumer

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

configure() { # configure SOURCE BUILD [options]
    local type=Debug # some of each; this one compiles faster
    if [[ $kind == shared ]]; then
        type=Release
    fi
    rm -rf "$2"
    "$CMAKE" -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=$type -DCMAKE_CXX_FLAGS_DEBUG=-g0 "-DQt6_DIR=$Qt6_DIR" \
        "-DCMAKE_CXX_COMPILER=$CXX" "${@:3}"
}

# Builds, installs, and moves the installation: the package must not know where it was.
step_install() {
    local shared=OFF
    if [[ $kind == shared ]]; then
        shared=ON
    fi
    rm -rf "$WORK"
    configure "$SOURCE" "$WORK/build" -DBUILD_SHARED_LIBS=$shared -DSYNCHRONAUT_BUILD_QML=$QML \
        -DSYNCHRONAUT_BUILD_TESTS=OFF -DSYNCHRONAUT_BUILD_EXAMPLES=OFF
    "$CMAKE" --build "$WORK/build" --parallel 2
    "$CMAKE" --install "$WORK/build" --prefix "$WORK/installed"
    mv "$WORK/installed" "$prefix"
    if grep -rl --include='*.cmake' --include='*.h' --include='*.pc' -F "$WORK" "$prefix"; then
        fail "these installed files name the folder they were built in"
    fi
    if [[ $kind == shared ]]; then
        make_debs
    fi
    # Nothing of the build tree may help the consumer.
    rm -rf "$WORK/build"
}

# Makes the Debian packages of this very build: under another prefix nothing is compiled anew.
make_debs() {
    if ! command -v dpkg-shlibdeps >/dev/null; then
        return
    fi
    "$CMAKE" "-DCMAKE_INSTALL_PREFIX=/usr" "$WORK/build"
    "$CMAKE" --build "$WORK/build" --parallel 2
    (cd "$WORK/build" && "$(dirname "$CMAKE")/cpack" -G DEB -B "$WORK/debs")
    rm -rf "$WORK/debs/_CPack_Packages"
}

step_consumer() {
    local options=("-DCMAKE_PREFIX_PATH=$prefix")
    if [[ $kind == in_tree ]]; then
        options=("-DIN_TREE=$SOURCE")
    fi
    build_consumer "${options[@]}"
}

# Builds and runs the outside project; consumer is where, "$@" tells it where the library is.
build_consumer() {
    configure "$here/consumer" "$consumer" "$@"
    "$CMAKE" --build "$consumer" --parallel 2

    local expected printed
    expected=$'callSync 5\ncallAny 7\ndecorator 3\nproxy 3\nversion 0.1.0'
    printed=$("$consumer/consumer")
    [[ $printed == "$expected" ]] || fail "the consumer printed: $printed"
    if [[ $QML == ON && $kind != in_tree ]]; then
        # Linked with the library, and with nothing but the installed plugin.
        expected=$'promise 5\nmodule 5'
        printed=$("$consumer/consumer_qml" registered)
        [[ $printed == "$expected" ]] || fail "consumer_qml printed: $printed"
        if [[ $kind == shared ]]; then
            printed=$("$consumer/plain_qml" "$(dirname "$(find "$prefix" -path '*/Synchronaut/qmldir')")/..")
            [[ $printed == 'module 5' ]] || fail "plain_qml printed: $printed"
        fi
    fi
}

# A build without CMake. Qt wants -fPIC; neither that nor the language reaches anybody through the flags.
step_pkgconfig() {
    local flags program=$WORK/pkgconfig printed
    export PKG_CONFIG_PATH
    PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name synchronaut.pc)")
    [[ $(pkg-config --modversion synchronaut) == 0.1.0 ]] || fail "synchronaut.pc has another version"
    read -ra flags <<<"$(pkg-config --cflags --libs synchronaut)"
    [[ " ${flags[*]} " != *" -std="* ]] || fail "synchronaut.pc says which C++ to use: ${flags[*]}"
    "$CXX" -std=c++20 -fPIC -Wall -Wextra -Werror "$here/pkgconfig/main.cpp" -o "$program" "${flags[@]}" \
        "-Wl,-rpath,$(pkg-config --variable=libdir synchronaut)"
    if [[ $kind == shared ]]; then
        grep -qF "$prefix/" <<<"$(ldd "$program" | grep libSynchronaut)" || fail "linked with another library"
    fi
    printed=$("$program")
    [[ $printed == 'callSync 5' ]] || fail "the program printed: $printed"
}

field() { # field PACKAGE NAME
    dpkg-deb -f "$WORK/debs/$1"_*.deb "$2"
}

# The packages say what they need, hold what they should, and are enough to build and run a program with.
step_deb() {
    local root=$WORK/deb-root package text runtime=libsynchronaut0.1
    text=$(find "$WORK/debs" -name '*.deb' -printf '%f\n' | sort | sed 's/_.*//' | tr '\n' ' ')
    local expected="libsynchronaut-dev libsynchronaut-doc $runtime "
    if [[ $QML == ON ]]; then
        expected+="qml6-module-synchronaut "
    fi
    [[ $text == "$expected" ]] || fail "these packages were made: $text"
    rm -rf "$root"
    mkdir "$root"
    for package in $text; do
        dpkg-deb -x "$WORK/debs/$package"_*.deb "$root"
        [[ $(field "$package" Version) == 0.1.0 ]] || fail "$package has another version"
        [[ $(field "$package" Maintainer) == *'<'*'@'*'>' ]] || fail "$package has no maintainer"
        grep -q '^MIT License' "$root/usr/share/doc/$package/copyright" || fail "$package has no licence"
    done
    # No file is in two packages, none outside of /usr.
    text=$(for package in "$WORK"/debs/*.deb; do dpkg-deb -c "$package"; done | grep -v '^d' | awk '{ print $6 }' | sort)
    [[ -z $(uniq -d <<<"$text") ]] || fail "in two packages: $(uniq -d <<<"$text")"
    ! grep -v '^\./usr/' <<<"$text" || fail "this is outside of /usr"

    text=$(dpkg --print-architecture)
    [[ $(field $runtime Architecture) == "$text" && $(field libsynchronaut-dev Architecture) == "$text" ]] \
        || fail "the packages are not for $text"
    [[ $(field libsynchronaut-doc Architecture) == all ]] || fail "the documentation is not for all"
    [[ $(field $runtime Depends) == *libqt6core6* ]] || fail "$runtime depends on: $(field $runtime Depends)"
    text=$(field libsynchronaut-dev Depends)
    [[ $text == *"$runtime (= 0.1.0)"* && $text == *"qt6-base-dev (>= 6."* ]] || fail "the -dev depends on: $text"
    text=$(dpkg-deb -c "$WORK/debs/$runtime"_*.deb | grep -v '^d' | awk '{ print $6 }' | sort | tr '\n' ' ')
    [[ $text =~ ^\./usr/lib/[^/]+/libSynchronaut\.so\.0\.1\ [^\ ]+\.so\.0\.1\.0\ [^\ ]+/copyright\ $ ]] \
        || fail "$runtime holds: $text"
    text=$(dpkg-deb -I "$WORK/debs/$runtime"_*.deb shlibs)
    [[ $text == "libSynchronaut 0.1 $runtime (= 0.1.0)" ]] || fail "$runtime tells others to depend on: $text"
    grep -q ldconfig <<<"$(dpkg-deb -I "$WORK/debs/$runtime"_*.deb postinst)" || fail "ldconfig is not run"

    local consumer=$WORK/deb-consumer
    build_consumer "-DCMAKE_PREFIX_PATH=$root/usr"
    grep -qF "$root/" <<<"$(ldd "$consumer/consumer" | grep libSynchronaut)" || fail "linked with another library"
}

# What cannot be built here is well-formed at least, and of this version.
step_recipes() {
    local recipes=$SOURCE/src/packaging
    python3 - "$recipes" <<'END'
import ast, json, pathlib, sys
recipes = pathlib.Path(sys.argv[1])
assert json.loads((recipes / "vcpkg/vcpkg.json").read_text())["version"] == "0.1.0"
for recipe in recipes.glob("conan/**/*.py"):
    ast.parse(recipe.read_text(), str(recipe))
END
    mkdir -p "$WORK"
    cat >"$WORK/vcpkg.cmake" <<'END'
foreach(name cmake_configure cmake_install cmake_config_fixup fixup_pkgconfig install_copyright)
    function(vcpkg_${name})
        cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH;FILE_LIST" "OPTIONS")
        foreach(path ${arg_SOURCE_PATH} ${arg_FILE_LIST})
            if(NOT EXISTS ${path})
                message(FATAL_ERROR "There is no ${path}")
            endif()
        endforeach()
    endfunction()
endforeach()
set(CURRENT_PACKAGES_DIR ${CMAKE_CURRENT_LIST_DIR}/vcpkg-packages)
include(${PORT}/portfile.cmake)
END
    "$CMAKE" "-DPORT=$recipes/vcpkg" -P "$WORK/vcpkg.cmake"
}

# The words of the command that compiled target $1.
command_of() {
    grep -F "/$1.dir/" "$consumer/compile_commands.json" | grep '"command"' \
        | sed -E 's/.*"command": "(.*)",?$/\1/' | tr -s ' ' '\n'
}

# Nothing but include folders may differ between a program with the library and one without.
step_flags() {
    local with without
    with=$(command_of idle | grep -vE '^-(I|isystem)|^/|\.o$' | sort)
    without=$(command_of idle_without | grep -vE '^-(I|isystem)|^/|\.o$' | sort)
    [[ -n $with ]] || fail "no compile command found"
    diff <(echo "$without") <(echo "$with") || fail "these flags reached the consumer"
}

refused() { # refused EXPECTED-TEXT configure arguments…
    local text=$1 output
    shift
    if output=$(configure "$@" 2>&1); then
        fail "configuring was not refused ($text)"
    fi
    output=$(tr -s ' \n' ' ' <<<"$output")
    [[ $output == *"$text"* ]] || fail "refused without saying '$text': $output"
}

step_refusals() {
    local build=$WORK/find path=-DCMAKE_PREFIX_PATH=$prefix
    configure "$here/find" "$build" "$path" "-DWANT=0.1"
    configure "$here/find" "$build" "$path" "-DWANT=0.1;OPTIONAL_COMPONENTS;Qml"
    refused "version: 0.1.0" "$here/find" "$build" "$path" "-DWANT=99"
    if [[ $QML == ON ]]; then
        configure "$here/find" "$build" "$path" "-DWANT=0.1;COMPONENTS;Qml" -DEXPECTED=Synchronaut::Qml
        # An installation without the module is this one without the file that names its targets.
        local without=$WORK/without-qml
        rm -rf "$without"
        cp -r "$prefix" "$without"
        find "$without" -name 'SynchronautQmlTargets*' -delete
        path=-DCMAKE_PREFIX_PATH=$without
    fi
    refused "has no component Qml" "$here/find" "$build" "$path" "-DWANT=0.1;COMPONENTS;Qml"
    refused "has no component Nonsense" "$here/find" "$build" "$path" "-DWANT=0.1;COMPONENTS;Nonsense"
    path=-DCMAKE_PREFIX_PATH=$prefix

    # Qt 6.6.0 is played by a package of that name that holds only a version.
    local fake=$WORK/fake-qt
    mkdir -p "$fake"
    cat >"$fake/Qt6Config.cmake" <<'END'
set(Qt6Core_FOUND TRUE)
set(Qt6Concurrent_FOUND TRUE)
END
    cat >"$fake/Qt6ConfigVersion.cmake" <<'END'
set(PACKAGE_VERSION 6.6.0)
set(PACKAGE_VERSION_COMPATIBLE TRUE)
END
    refused "broken in Qt 6.6.0" "$here/find" "$build" "$path" -DWANT=0.1 "-DQt6_DIR=$fake"
    refused "broken in Qt 6.6.0" "$SOURCE" "$build" "-DQt6_DIR=$fake"
}

# Guarantee G21: linking and loading start no thread and open no file.
step_no_side_effect() {
    local with without
    if [[ $kind == shared ]]; then
        # Not through a pipe: grep -q leaves at the first match, and ldd would die of SIGPIPE.
        grep -q libSynchronaut <<<"$(ldd "$consumer/idle")" || fail "idle is not linked with the library"
    fi
    with=$("$consumer/idle" 2>&1)
    without=$("$consumer/idle_without" 2>&1)
    [[ $with == "$without" ]] || fail "with the library: $with, without: $without"
    grep -qx 'threads 1' <<<"$with" || fail "$with"
}

# Only namespace Synchronaut is exported. Allowed besides: _init and _fini, and weak symbols
# (types V, W, u), which are instantiations of templates of the standard library and of Qt: the
# compiler emits them wherever they are used, and libstdc++ gives them default visibility.
step_symbols() {
    local library symbols ours='^_Z(TV|TI|TS|TT|TH|TW|GV|Th[n0-9]+_|Tv[n0-9_]+_)?N[KRO]*11Synchronaut'
    library=$(find "$prefix" -name 'libSynchronaut.so')
    symbols=$(nm -D --defined-only "$library")
    grep -qE "$(sed 's/^\^/ /' <<<"$ours")" <<<"$symbols" || fail "nothing is exported at all"
    local foreign
    foreign=$(awk -v ours="$ours" '
        $3 ~ ours || $3 == "_init" || $3 == "_fini" { next }
        $2 ~ /^[VWu]$/ && $3 ~ /St|Q[A-Za-z]|Synchronaut|__gnu_cxx/ { next }
        { print }' <<<"$symbols" | c++filt)
    [[ -z $foreign ]] || fail "exported, but not in namespace Synchronaut:"$'\n'"$foreign"
}

# Every public header compiles alone, twice in one file, without a warning.
step_headers() {
    local tus=$WORK/headers header flags=() qml_flags=()
    rm -rf "$tus"
    mkdir -p "$tus"
    while read -r header; do
        if [[ $header != *.h ]]; then # a CamelCase forwarder is a line that names another header
            [[ $(<"$header") =~ ^'#include <Synchronaut/'([a-z]+\.h)'>'$ \
                && -f $prefix/include/Synchronaut/${BASH_REMATCH[1]} ]] || fail "$header forwards to nothing"
            continue
        fi
        header=Synchronaut/${header##*/}
        printf '#include <%s>\n#include <%s>\n' "$header" "$header" >"$tus/${header//[\/.]/_}.cpp"
    done < <(find "$prefix/include/Synchronaut" -maxdepth 1 -type f)

    # All of them in a program that has Qt's keywords: slots, signals, emit and so on are macros there.
    find "$prefix/include/Synchronaut" -maxdepth 1 -type f -printf '#include <Synchronaut/%f>\n' \
        >"$WORK/keywords.cpp"

    # Headers of the QML module need the flags of its users.
    local all_from=consumer qml_headers=()
    if [[ $QML == ON ]]; then
        all_from=consumer_qml
        for header in "$SOURCE"/qml/include/Synchronaut/*.h; do
            header=${header##*/}
            qml_headers+=("Synchronaut_${header//[\/.]/_}.cpp")
        done
    fi
    mapfile -t flags < <(command_of consumer | grep -E '^-(I|D|std)')
    mapfile -t qml_flags < <(command_of "$all_from" | grep -E '^-(I|D|isystem|std)|^/usr/include')
    # Warnings in Qt's own headers are not ours.
    flags=("${flags[@]/#-I\/usr/-isystem\/usr}")
    qml_flags=("${qml_flags[@]/#-I\/usr/-isystem\/usr}")
    for header in ${qml_headers[@]+"${qml_headers[@]}"}; do
        "$CXX" "${qml_flags[@]}" -fPIC -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
            -Werror -DQT_NO_KEYWORDS -DQT_NO_CAST_FROM_ASCII -DQT_NO_CONTEXTLESS_CONNECT "$tus/$header"
        mv "$tus/$header" "$tus/$header.done"
    done
    find "$tus" -name '*.cpp' -print0 | sort -z | xargs -0 -P 2 -n 1 \
        "$CXX" "${flags[@]}" -fPIC -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
        -Werror -DQT_NO_KEYWORDS -DQT_NO_CAST_FROM_ASCII -DQT_NO_CONTEXTLESS_CONNECT
    "$CXX" "${qml_flags[@]}" -UQT_NO_KEYWORDS -fPIC -fsyntax-only -Wall -Wextra -Werror "$WORK/keywords.cpp"
    echo "$(find "$tus" -type f | wc -l) headers"
}

"step_$step"
