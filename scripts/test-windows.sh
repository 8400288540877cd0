#!/usr/bin/env bash
# The whole workspace checked for Windows, and the tests of dx-io and dx-rt run under Wine.
#
#   scripts/test-windows.sh
#
# Needs Debian 12, cargo, and root or sudo for what it installs once: Debian's compiler with its
# sources of std, MinGW, Wine, and std for Windows, built from those sources into the compiler's own
# folder. Everything else is below the target folder. Ends with one line `N passed, N failed` and
# exits with 0 only if the check and every test succeeded. Running it again only tests.
#
# Wine is not Windows: what passes here shows that the calls are the right ones, in the right
# order. It says nothing about speed.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TARGET=x86_64-pc-windows-gnu
readonly PACKAGES=(rustc-web rust-web-src gcc-mingw-w64-x86-64 wine64)
# Debian's compiler: the one whose sources of std are packaged in the same version.
readonly DEBIAN_RUSTC=/usr/bin/rustc
readonly DEBIAN_RUSTDOC=/usr/bin/rustdoc
readonly STD=/usr/lib/rustlib/$TARGET/lib
# `wine` itself only adds complaints about the 32-bit half that is not installed.
readonly WINE=/usr/lib/wine/wine64
readonly WINESERVER=/usr/lib/wine/wineserver64
# Seconds after which a test binary hangs, as opposed to being slow: it takes ten.
readonly HANGS=600

# Tests of dx-rt that cannot hold here, each with its reason. Those of dx-io are in its table.
readonly SKIPPED=(
    nothing_is_left_of_what_has_ended
    "counts /proc/self/fd, which under Wine is the server's, not the test's"
    each_worker_has_its_cpu_and_no_other
    "reads /proc/thread-self/status, which under Wine is the server's"
    a_wake_from_another_thread_ends_the_sleep
    "asks /proc whether a thread sleeps, which under Wine is one of the server"
    a_reader_that_is_behind_stops_its_peer_and_loses_nothing
    "takes 60 ms of standstill for the end, and on a busy machine Wine's server can sleep longer"
    every_page_goes_and_no_block_goes_early
    "this target has thread-locals by key: std makes one anew that is used after its destructor"
)

export CARGO_TERM_COLOR=never # the closing lines are parsed
export CARGO_INCREMENTAL=0
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS RUSTUP_TOOLCHAIN DX_IO_BACKEND DISPLAY

# Apart from the other compiler's, so that neither throws away what the other has built.
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")/windows
export CARGO_TARGET_DIR=$target_dir
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$WINE
export WINEPREFIX=$target_dir/wine
export WINEDEBUG=-all
export WINEDLLOVERRIDES="mscoree,mshtml=" # no offers to install .NET and a browser
logs=$(mktemp -d)
failed=() # names of the stages that failed

# The last word, whatever happens.
closing() {
    local status=$?
    trap - EXIT
    local passed tests_failed
    read -r passed tests_failed < <(sum)
    if ((${#failed[@]} + tests_failed)); then status=1; fi
    if ((status == 0 && passed == 0)); then
        echo "no test ran"
        status=1
    fi
    if ((status)); then
        echo "failed: ${failed[*]:-before the tests}"
    fi
    # Of this prefix only; it would end by itself a little later.
    if [[ -x $WINESERVER && -d $WINEPREFIX ]]; then "$WINESERVER" -k || true; fi
    rm -rf "$logs"
    printf '%d passed, %d failed\n' "$passed" "$tests_failed"
    exit "$status"
}

# Passed and failed tests of all runs, from the test runner's own closing lines.
sum() {
    cat "$logs"/*.log 2>/dev/null | awk '
        /^test result: .* passed; .* failed;/ { passed += $4; failed += $6 }
        END { print passed + 0, failed + 0 }' || true
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

install_packages() {
    local package missing=()
    for package in "${PACKAGES[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then return; fi
    echo "installing ${missing[*]}"
    local options=(-y --no-install-recommends -o DPkg::Lock::Timeout=300)
    get() {
        as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q "${options[@]}" "${missing[@]}"
    }
    # Mirrors fail now and then; once more is enough.
    get >"$logs/apt" 2>&1 || { sleep 5; get >"$logs/apt" 2>&1; } || { cat "$logs/apt"; return 1; }
}

# Builds std once for each version of the compiler, which is noted beside it.
build_std() {
    local version crate
    version=$("$DEBIAN_RUSTC" -vV)
    if [[ -f $STD/built-by && $(<"$STD/built-by") == "$version" ]]; then return; fi
    echo "building std for $TARGET"
    crate=$logs/empty
    mkdir -p "$crate/src"
    echo '#![no_std]' >"$crate/src/lib.rs"
    printf '[package]\nname = "empty"\nedition = "2024"\n[profile.release]\ndebug = 0\n[workspace]\n' \
        >"$crate/Cargo.toml"
    # With bitcode, so that a release build can optimise across std as well.
    (
        cd "$crate"
        RUSTC=$DEBIAN_RUSTC RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes \
            CARGO_TARGET_DIR=$crate/target \
            cargo build -q --release -Zbuild-std=std,panic_abort,panic_unwind,test --target $TARGET
    )
    rm -f "$crate/target/$TARGET/release/deps"/libempty*
    as_root rm -rf "$STD"
    as_root mkdir -p "$STD"
    as_root cp "$crate/target/$TARGET/release/deps"/*.rlib "$STD/"
    rm -rf "$crate"
    # Last: it says that all of the above is there.
    printf '%s\n' "$version" | as_root tee "$STD/built-by" >/dev/null
}

make_prefix() {
    local library=$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll
    if [[ -f $library ]]; then return; fi
    echo "making a Windows in $WINEPREFIX"
    rm -rf "$WINEPREFIX"
    mkdir -p "$WINEPREFIX"
    "$WINE" wineboot -i </dev/null >"$logs/wineboot" 2>&1 || { cat "$logs/wineboot"; return 1; }
    "$WINESERVER" -w # until the registry is on the disk
    x86_64-w64-mingw32-gcc -shared -O2 -s -o "$logs/prng.dll" \
        scripts/windows/bcryptprimitives.c -ladvapi32
    cp "$logs/prng.dll" "$library"
}

# check: the workspace with all its tests, warnings being errors.
check() {
    RUSTC=$DEBIAN_RUSTC RUSTFLAGS=-Dwarnings \
        cargo check --locked --workspace --all-targets --target $TARGET
}

# run NAME ARGUMENT...: cargo test; the names of failed tests with what they printed.
run() {
    local name=$1 log=$logs/$1.log status=0
    shift
    echo "== $name"
    RUSTC=$DEBIAN_RUSTC RUSTDOC=$DEBIAN_RUSTDOC RUSTFLAGS=-Dwarnings \
        timeout --kill-after=10 "$HANGS" \
        cargo test --locked --no-fail-fast --target $TARGET "$@" >"$log" 2>&1 || status=$?
    if ((status == 0)); then
        grep '^skipped on ' "$log" | sort -u || true
        awk '/^test result:/ { passed += $4 } END { printf "%d passed\n", passed }' "$log"
        return
    fi
    cat "$log"
    if ((status == 124)); then echo "hangs: no end after $HANGS s"; fi
    failed+=("$name")
}

trap closing EXIT
command -v cargo >/dev/null || { echo "no cargo: install a Rust toolchain first"; exit 1; }
install_packages
build_std
make_prefix
"$DEBIAN_RUSTC" --version
"$WINE" --version

echo "== check"
check || failed+=(check)
run dx-io -p dx-io -- --show-output
skips=()
for ((i = 0; i < ${#SKIPPED[@]}; i += 2)); do
    echo "skipped: ${SKIPPED[i]}: ${SKIPPED[i + 1]}"
    skips+=(--skip "${SKIPPED[i]}")
done
run dx-rt -p dx-rt -- "${skips[@]}"
