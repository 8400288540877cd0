//! Any bytes as a message of every type of the vectors: what is accepted is canonical.
#![no_main]

use dx_fuzz::vector_types::{Events, NAMES, judge_by_name};
use dx_teleport::{PeerLayout, Translation, View};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    let name = NAMES[usize::from(*choice) % NAMES.len()];
    if let Ok((_, again)) = judge_by_name(name, bytes) {
        assert_eq!(again, bytes, "{name}");
    }
    let same = Translation::new::<Events>(PeerLayout::of::<Events>()).unwrap();
    let mut out = Vec::new();
    if same.translate(bytes, &mut out).is_ok() && View::<Events>::check(bytes).is_ok() {
        assert_eq!(out, bytes);
    }
});
