//! Any bytes through the reader of plain values, and lazily: nothing but errors may come of it.
#![no_main]

use std::hint::black_box;

use dx_fuzz::vector_types::{Color, Slices, Vertex};
use dx_teleport::{Lazy, TeleportReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some(([table, offset, len], bytes)) = input.split_first_chunk() else { return };
    let reader = TeleportReader::with_string_table(bytes, usize::from(*table));
    // Seen by nobody, the work would be optimised away.
    black_box(reader.read::<Option<char>>()).ok();
    black_box(reader.read::<Color>()).ok();
    black_box(reader.read_slice::<bool>().map(|items| items.iter().count())).ok();
    let vertices = reader.read_slice::<Vertex>();
    black_box(vertices.map(|items| items.as_native().map(<[Vertex]>::to_vec))).ok();
    black_box(reader.read_string(u32::from(*offset), u32::from(*len))).ok();
    let Ok(lazy) = Lazy::open(bytes) else { return };
    let Ok(root) = lazy.root::<Slices>() else { return };
    for inner in lazy.slice(&root.nested).unwrap_or(&[]) {
        for bit in lazy.slice(inner).unwrap_or(&[]) {
            black_box(lazy.value::<bool>(bit)).ok();
        }
    }
});
