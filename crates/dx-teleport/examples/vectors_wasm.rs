//! The shared vectors' judge as a WebAssembly module: `scripts/test-wasm.sh` builds and runs it.
//!
//! Owns the exports and the memory they share with the host. May not know files. Its one
//! invariant: one copy into `reserve`d memory, and messages are judged where they lie.

#[path = "../tests/teleport/vector_types.rs"]
mod vector_types;

use std::sync::{Mutex, MutexGuard, PoisonError};

use vector_types::{NAMES, hash, judge_by_name};

struct Shared {
    input: Vec<u8>,
    output: Vec<u8>,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared { input: Vec::new(), output: Vec::new() });

fn shared() -> MutexGuard<'static, Shared> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes room for a message of `len` bytes, and says where.
#[unsafe(no_mangle)]
pub extern "C" fn reserve(len: usize) -> *const u8 {
    let input = &mut shared().input;
    input.clear();
    input.resize(len, 0);
    input.as_ptr()
}

/// Puts the name of the type into the output; returns its length, 0 behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn type_name(index: usize) -> usize {
    let output = &mut shared().output;
    output.clear();
    output.extend_from_slice(NAMES.get(index).copied().unwrap_or_default().as_bytes());
    output.len()
}

/// The deep hash of the type.
#[unsafe(no_mangle)]
pub extern "C" fn type_hash(index: usize) -> u64 {
    NAMES.get(index).map_or(0, |name| hash(name))
}

/// Judges the message. The output is its JSON and the result its length, or the output is the
/// name of the error and the result that length, negative.
#[unsafe(no_mangle)]
pub extern "C" fn judge(index: usize) -> isize {
    let Shared { input, output } = &mut *shared();
    output.clear();
    match judge_by_name(NAMES.get(index).copied().unwrap_or_default(), input) {
        Ok((json, again)) if again == *input => output.extend_from_slice(json.as_bytes()),
        Ok(_) => output.extend_from_slice(b"its value gives other bytes"),
        Err(error) => {
            output.extend_from_slice(error.name().as_bytes());
            return -output.len().cast_signed();
        }
    }
    output.len().cast_signed()
}

/// Where the output is.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    shared().output.as_ptr()
}
