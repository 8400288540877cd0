//! Refused: a layout that Rust may choose.

use dx_teleport::Teleport;

#[derive(Teleport, Clone, Copy)]
#[teleport(native)]
struct Sample {
    value: f32,
}

#[derive(Teleport, Clone, Copy)]
enum Level {
    Info,
    Warning,
}

fn main() {}
