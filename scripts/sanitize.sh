#!/usr/bin/env bash
# AddressSanitizer (with leak checking) and ThreadSanitizer over the tests of dx-io and dx-rt.
#
#   scripts/sanitize.sh [address] [thread]     both when none is named
#
# Needs cargo, a C linker and, for `thread`, Debian's packages, which it installs when they are
# missing. A finding is a report of the sanitizer or a failed test. Prints each finding, ends with
# one line `N passed, N failed, N reports`, and exits with 0 only if there is no finding.
#
# address  The toolchain that runs here, with the runtime it ships. std is not instrumented, which
#          costs nothing here: its allocations go through the checked allocator all the same.
# thread   Debian's compiler, because its package of std's sources is of the same version: std is
#          built with the sanitizer too. Without that, every hand-over through a channel, a mutex
#          or a join of std looks like a race.
#
# Memory that the kernel writes for io_uring is seen by neither sanitizer: neither can report it
# falsely, and neither can find a fault in it; the conformance tests do. AddressSanitizer has no
# suppression; those of ThreadSanitizer are in thread.suppressions, each with its reason.
#
# Out of scope, by name:
#   loom_mailbox, loom_wake  models that are empty without `--cfg loom`; loom replaces the atomics
#                            that the sanitizers are to watch
#   documentation tests      each is linked for itself, and shows calls the tests make anyway
#
# Memory of the pools (receive buffers, boxes) is reused without the allocator, so a use of it after
# its return is not seen either; the pools' own tests look for that.
#
# The tests that count allocations by a global allocator (pool_box, pool_teardown) count their own
# thread's or their own pages', so they run here as well.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly EXCLUDED='^loom_'
readonly TARGET=x86_64-unknown-linux-gnu
readonly PACKAGES=(dx-io dx-rt)
# Debian's compiler; the toolchain of rustup, which comes first in PATH, has no sources of std.
readonly DEBIAN_RUSTC=/usr/bin/rustc

export CARGO_TERM_COLOR=never   # the closing lines are parsed
export RUSTC_BOOTSTRAP=1        # -Z flags on a stable compiler
export CARGO_INCREMENTAL=0
# Names and lines in reports. It comes with every linker; LLVM's own is in no package we need.
SYMBOLIZER=external_symbolizer_path=$(command -v addr2line || true)
readonly SYMBOLIZER
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS RUSTC

target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")/sanitize
unset CARGO_TARGET_DIR
logs=$(mktemp -d)
failed=() # sanitizers with a finding

closing() {
    local status=$?
    trap - EXIT
    local passed tests_failed reports
    read -r passed tests_failed < <(sum)
    reports=$(find "$logs" -name 'report.*' | wc -l)
    if ((${#failed[@]} + tests_failed + reports)); then status=1; fi
    if ((status == 0 && passed == 0)); then
        echo "no test ran"
        status=1
    fi
    if ((status)); then
        echo "failed: ${failed[*]:-before the tests}"
    fi
    rm -rf "$logs"
    printf '%d passed, %d failed, %d reports\n' "$passed" "$tests_failed" "$reports"
    exit "$status"
}

# Passed and failed tests of all runs, from the test runner's own closing lines. Tests that run
# their own binary once more print such a line too, with most tests filtered out.
sum() {
    cat "$logs"/*.log 2>/dev/null | awk '
        /^test result: .* passed; .* failed; .* 0 filtered out;/ { passed += $4; failed += $6 }
        END { print passed + 0, failed + 0 }' || true
}

# `--lib` and one `--test NAME` for each test that is in scope of the package $1.
tests_of() {
    echo --lib
    local test name
    for test in "crates/$1"/tests/*.rs "crates/$1"/tests/*/main.rs; do
        [[ -e $test ]] || continue
        name=${test#"crates/$1/tests/"}
        name=${name%.rs}
        name=${name%/main}
        if ! [[ $name =~ $EXCLUDED ]]; then printf -- '--test\n%s\n' "$name"; fi
    done
}

# run NAME CARGO_ARGUMENT...: the tests of every package. A report stops no test; each process that
# has some writes them to a file of its own, so that none is lost in a captured child process.
run() {
    local name=$1 package start=$SECONDS reports arguments
    shift
    for package in "${PACKAGES[@]}"; do
        mapfile -t arguments < <(tests_of "$package")
        printf '\n== %s: %s\n' "$name" "$package"
        if ! cargo test --locked --no-fail-fast --target "$TARGET" \
            --target-dir "$target_dir/$name" -p "$package" "$@" "${arguments[@]}" 2>&1 |
            tee "$logs/$name-$package.log"; then
            failed+=("$name of $package")
        fi
    done
    reports=$(find "$logs/$name" -name 'report.*' | wc -l)
    printf '\n== %s: %d s, %d reports\n' "$name" "$((SECONDS - start))" "$reports"
    if ((reports)); then
        cat "$logs/$name"/report.*
        failed+=("$name, see the reports above")
    fi
}

address() {
    local libraries
    libraries=$(rustc --print sysroot)/lib/rustlib/$TARGET/lib
    if ! compgen -G "$libraries/librustc-*_rt.asan.a" >/dev/null; then
        echo "the toolchain $(rustc --version) has no AddressSanitizer runtime: use rustup's"
        failed+=("address, not run")
        return
    fi
    mkdir "$logs/address"
    export RUSTFLAGS=-Zsanitizer=address
    # Leaks are looked for when a process ends; a use after return is looked for as well.
    export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
    ASAN_OPTIONS+=:strict_init_order=1:log_path=$logs/address/report:$SYMBOLIZER
    run address
    unset RUSTFLAGS ASAN_OPTIONS
}

thread() {
    if ! install_thread; then
        failed+=("thread, not installed")
        return
    fi
    mkdir "$logs/thread"
    export RUSTC=$DEBIAN_RUSTC RUSTFLAGS=-Zsanitizer=thread
    # History of the other access of a race: the longest there is.
    export TSAN_OPTIONS=history_size=7:second_deadlock_stack=1
    TSAN_OPTIONS+=:suppressions=$PWD/scripts/thread.suppressions
    TSAN_OPTIONS+=:log_path=$logs/thread/report:$SYMBOLIZER
    run thread -Zbuild-std=std,panic_unwind,test
    unset RUSTC RUSTFLAGS TSAN_OPTIONS
}

# Debian's compiler, the sources of its std, and LLVM's runtime where that compiler looks for it.
install_thread() {
    local llvm runtime linked
    # An older compiler may be there under the same name, or sources of another version.
    if [[ -z $(version rustc-web) || $(version rustc-web) != $(version rust-web-src) ]]; then
        apt_install rustc-web rust-web-src || return
    fi
    llvm=$("$DEBIAN_RUSTC" -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    runtime=/usr/lib/llvm-$llvm/lib/clang/$llvm/lib/linux/libclang_rt.tsan-x86_64.a
    if ! [[ -e $runtime ]]; then
        apt_install "libclang-rt-$llvm-dev" || return
    fi
    linked=/usr/lib/rustlib/$TARGET/lib/librustc-stable_rt.tsan.a
    if ! [[ $(realpath -m "$linked") == "$(realpath "$runtime")" ]]; then
        echo "linking $linked to $runtime"
        as_root ln -sfn "$runtime" "$linked" || return
    fi
    echo "$("$DEBIAN_RUSTC" --version) with LLVM $llvm, its std and its ThreadSanitizer are here"
}

# The version of the Debian package $1, if it is installed.
version() {
    dpkg-query -W -f='${db:Status-Status} ${Version}' "$1" 2>/dev/null | sed -n 's/^installed //p'
}

# apt can fail once for transient reasons.
apt_install() {
    echo "installing $*"
    if apt_try "$@"; then return; fi
    echo "once more"
    sleep 5
    as_root apt-get install -f -y -o DPkg::Lock::Timeout=300 || true
    apt_try "$@"
}

apt_try() {
    as_root apt-get update -o DPkg::Lock::Timeout=300 &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
            -o DPkg::Lock::Timeout=300 "$@"
}

as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi
}

if (($# == 0)); then set -- address thread; fi
for sanitizer; do
    if ! [[ $sanitizer == address || $sanitizer == thread ]]; then
        echo "usage: scripts/sanitize.sh [address] [thread]" >&2
        exit 2
    fi
done
trap closing EXIT
for sanitizer; do "$sanitizer"; done
