//! Refused: a native struct with padding at its end.

use dx_teleport::Teleport;

#[derive(Teleport, Clone, Copy)]
#[teleport(native)]
#[repr(C)]
struct Sample {
    value: f32,
    channel: u8,
}

fn main() {}
