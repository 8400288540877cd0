//! Refused: fields that point.

use dx_teleport::Teleport;

#[derive(Teleport)]
struct Pointer {
    at: *const u8,
}

#[derive(Teleport)]
struct Reference {
    name: &'static str,
}

#[derive(Teleport)]
struct Boxed {
    next: Option<Box<u32>>,
}

fn main() {}
