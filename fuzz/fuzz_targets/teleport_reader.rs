//! Any bytes through the reader of plain values, and lazily: nothing but errors may come of it.
#![no_main]

use dx_fuzz::vector_types::{Color, Slices, Vertex};
use dx_teleport::{Lazy, TeleportReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some(([table, offset, len], bytes)) = input.split_first_chunk() else { return };
    let reader = TeleportReader::with_string_table(bytes, usize::from(*table));
    let _ = reader.read::<Option<char>>();
    let _ = reader.read::<Color>();
    let _ = reader.read_slice::<bool>().map(|items| items.iter().count());
    let _ = reader.read_slice::<Vertex>().map(|items| items.as_native().map(<[Vertex]>::to_vec));
    let _ = reader.read_string(u32::from(*offset), u32::from(*len));
    let Ok(lazy) = Lazy::open(bytes) else { return };
    let Ok(root) = lazy.root::<Slices>() else { return };
    for inner in lazy.slice(&root.nested).unwrap_or(&[]) {
        for bit in lazy.slice(inner).unwrap_or(&[]) {
            let _ = lazy.value::<bool>(bit);
        }
    }
});
