//! Refused: a promise made in safe code.

use dx_teleport::Native;

struct Liar(u8);

impl Native for Liar {}

fn main() {}
