#!/bin/bash
# Builds dx-teleport for wasm32-unknown-unknown and runs the shared vectors under Node: the same
# hashes, the same verdicts, the same bytes as native.
#
# Needs rustup's toolchain (its linker), Node, and Debian's rustc-web with rust-web-src (a compiler
# with the sources of its library, from which the library is built for wasm32):
#   apt-get install -y --no-install-recommends rustc-web rust-web-src nodejs
set -euo pipefail
cd "$(dirname "$0")/.."

lld=$(env -u RUSTC rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$lld
export RUSTC=/usr/bin/rustc CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/wasm
library=()
if ! ls /usr/lib/rustlib/wasm32-unknown-unknown/lib/libstd-*.rlib >/dev/null 2>&1; then
    export RUSTC_BOOTSTRAP=1
    library=(-Zbuild-std=std,panic_abort)
fi
cargo build --release --target wasm32-unknown-unknown -p dx-teleport --example vectors_wasm \
    --config 'profile.release.panic="abort"' --config 'profile.release.lto=false' \
    "${library[@]}" "$@"
node scripts/teleport-vectors.mjs \
    "$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/examples/vectors_wasm.wasm"
