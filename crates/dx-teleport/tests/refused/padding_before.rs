//! Refused: a native struct with padding inside.

use dx_teleport::Teleport;

#[derive(Teleport, Clone, Copy)]
#[teleport(native)]
#[repr(C)]
struct Sample {
    channel: u8,
    value: f32,
}

fn main() {}
