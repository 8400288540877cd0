//! Refused: a map without order.

use std::collections::HashMap;

use dx_teleport::Teleport;

#[derive(Teleport)]
struct Scores {
    by_name: HashMap<String, u32>,
}

fn main() {}
