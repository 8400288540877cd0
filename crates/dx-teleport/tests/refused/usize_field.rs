//! Refused: a width that depends on the target.

use dx_teleport::Teleport;

#[derive(Teleport)]
struct Page {
    title: String,
    visits: usize,
}

fn main() {}
