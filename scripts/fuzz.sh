#!/usr/bin/env bash
# Runs fuzz targets for a while, each from its kept inputs and with its dictionary.
#
#   scripts/fuzz.sh SECONDS [TARGET...]     all targets when none is named
#
# Needs cargo-fuzz (`cargo install cargo-fuzz`). Uses the toolchain that runs here, not a nightly
# one: what is fuzzed is then what users compile. AddressSanitizer is on, as are debug assertions
# and overflow checks. New inputs go to fuzz/corpus, which is not committed; findings go to
# fuzz/artifacts. Prints libfuzzer's closing statistics of each target, and ends with one line
# `N passed, N failed`; exits with 0 only if no target has found anything. See fuzz/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# == 0)); then
    echo "usage: scripts/fuzz.sh SECONDS [TARGET...]" >&2
    exit 2
fi
readonly seconds=$1
shift
export RUSTC_BOOTSTRAP=1        # -Z flags on a stable compiler
export CARGO_TERM_COLOR=never

if (($# == 0)); then
    mapfile -t targets < <(cargo fuzz list)
else
    targets=("$@")
fi
cargo fuzz build

passed=0 failed=0
for target in "${targets[@]}"; do
    printf '\n== %s\n' "$target"
    folders=(fuzz/corpus/"$target" crates/*/tests/corpora/"$target")
    mkdir -p "${folders[0]}"
    options=(-max_total_time="$seconds" -max_len=1500 -print_final_stats=1 -verbosity=0)
    if [[ -f fuzz/dictionaries/$target.dict ]]; then
        options+=(-dict=fuzz/dictionaries/"$target".dict)
    fi
    existing=()
    for folder in "${folders[@]}"; do
        if [[ -d $folder ]]; then existing+=("$folder"); fi
    done
    if cargo fuzz run "$target" "${existing[@]}" -- "${options[@]}"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
