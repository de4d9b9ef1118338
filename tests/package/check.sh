#!/usr/bin/env bash
# check.sh STEP KIND: one package test. KIND is shared, static or in_tree; ctest sets CMAKE, CXX,
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
    rm -rf "$2"
    "$CMAKE" -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DQt6_DIR=$Qt6_DIR" \
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
    if grep -rl --include='*.cmake' --include='*.h' -F "$WORK" "$prefix"; then
        fail "these installed files name the folder they were built in"
    fi
    # Nothing of the build tree may help the consumer.
    rm -rf "$WORK/build"
}

step_consumer() {
    local options=("-DCMAKE_PREFIX_PATH=$prefix")
    if [[ $kind == in_tree ]]; then
        options=("-DIN_TREE=$SOURCE")
    fi
    configure "$here/consumer" "$consumer" "${options[@]}"
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
        for header in "$SOURCE"/qml/include/Synchronaut/*; do
            header=${header##*/}
            [[ -d $SOURCE/qml/include/Synchronaut/$header ]] || qml_headers+=("Synchronaut_${header//[\/.]/_}.cpp")
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
