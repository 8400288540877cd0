//! Refused: a native struct of which not all bytes are numbers.

use dx_teleport::Teleport;

#[derive(Teleport, Clone, Copy)]
#[teleport(native)]
#[repr(C)]
struct Sample {
    is_on: bool,
}

fn main() {}
