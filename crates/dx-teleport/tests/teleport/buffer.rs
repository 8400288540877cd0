//! The front: values one behind the other, as the seed shows them.

use crate::types::{Level, Point};
use dx_teleport::{ReadError, TeleportBuffer, TeleportReader};
use proptest::prelude::*;

#[test]
fn the_seed_snippet() {
    let (user_id, timestamp) = (42_u64, 1_700_000_000_i64);
    let mut buffer = TeleportBuffer::new(256);
    buffer.write(&user_id);
    buffer.write(&timestamp);
    let (offset, len) = buffer.write_string("Hello, World!");
    let string_table_offset = buffer.string_table_offset();

    let bytes = buffer.finalize();
    let reader = TeleportReader::with_string_table(bytes, string_table_offset);
    let id = reader.read::<u64>().unwrap();
    assert_eq!((id, reader.read::<i64>()), (user_id, Ok(timestamp)));
    assert_eq!(reader.read_string(offset, len), Ok("Hello, World!"));
    assert_eq!(reader.read::<u8>(), Err(ReadError::Short));
}

#[test]
fn hostile_bytes_are_refused_and_the_cursor_stays() {
    let reader = TeleportReader::new(&[2, 0xD8, 0, 0, 0, 0, 9]);
    assert_eq!(reader.read::<bool>(), Err(ReadError::Bool));
    assert_eq!(reader.read::<Level>(), Ok(Level::Info));
    assert_eq!(reader.read::<u64>(), Err(ReadError::Short));
    assert_eq!(reader.read_slice::<u8>().map(|_| ()), Err(ReadError::Short));
    assert_eq!(reader.read::<char>(), Ok('\u{D8}'));
    assert_eq!(reader.read::<u8>(), Ok(0));
    assert_eq!(reader.read::<Level>(), Err(ReadError::Tag));
    assert_eq!(reader.remaining(), 1);

    let surrogate = TeleportReader::new(&[0, 0xD8, 0, 0]);
    assert_eq!(surrogate.read::<char>(), Err(ReadError::Char));
    let count = TeleportReader::new(&[0xFF; 64]);
    assert_eq!(count.read_slice::<[u64; 8]>().map(|_| ()), Err(ReadError::Short));
    let bools = TeleportReader::new(&[2, 0, 0, 0, 1, 2]);
    assert_eq!(bools.read_slice::<bool>().map(|_| ()), Err(ReadError::Bool));
}

#[test]
fn strings_are_cut_between_characters_inside_the_table() {
    let reader = TeleportReader::with_string_table("né".as_bytes(), 0);
    let rows = [
        (0, 3, Ok("né")),
        (1, 2, Ok("é")),
        (3, 0, Ok("")),
        (0, 2, Err(ReadError::Utf8)),
        (2, 1, Err(ReadError::Utf8)),
        (0, 4, Err(ReadError::PastEnd)),
        (4, 0, Err(ReadError::PastEnd)),
        (u32::MAX, u32::MAX, Err(ReadError::PastEnd)),
        (1, u32::MAX, Err(ReadError::PastEnd)),
    ];
    for (offset, len, expected) in rows {
        assert_eq!(reader.read_string(offset, len), expected, "{offset} {len}");
    }
    let none = TeleportReader::with_string_table(b"abc", 99);
    assert_eq!(none.read_string(0, 1), Err(ReadError::PastEnd));
    assert_eq!(none.remaining(), 3);
}

#[test]
fn room_is_kept_patched_and_written_behind_a_table() {
    let mut buffer = TeleportBuffer::new(0);
    let count = buffer.reserve::<u32>();
    let text = buffer.write_string("a");
    assert_eq!(buffer.finalize(), [0, 0, 0, 0, b'a']);
    buffer.write(&7_u8);
    buffer.patch(&count, &0x0102_0304);
    let other = buffer.write_string("b");
    assert_eq!(buffer.finalize(), [4, 3, 2, 1, 7, b'a', b'b']);
    assert_eq!((text, other, buffer.string_table_offset()), ((0, 1), (1, 1), 5));
    buffer.reset();
    buffer.patch(&count, &9);
    assert!(buffer.finalize().is_empty());
}

proptest! {
    /// Property 13 of the seed.
    #[test]
    fn written_values_are_read_back(
        numbers in (any::<u8>(), any::<i16>(), any::<u32>(), any::<i64>(), any::<u128>()),
        others in (any::<bool>(), any::<char>(), any::<u64>(), any::<[Option<u16>; 2]>()),
        slice in prop::collection::vec(any::<u32>(), 0..9),
        points in prop::collection::vec(crate::types::point(), 0..3),
        strings in prop::collection::vec(any::<String>(), 0..5),
    ) {
        let mut buffer = TeleportBuffer::new(16);
        for round in 0..2 {
            buffer.reset();
            buffer.write(&numbers.0);
            buffer.write(&numbers.1);
            buffer.write(&numbers.2);
            let places: Vec<_> = strings.iter().map(|text| buffer.write_string(text)).collect();
            buffer.write(&numbers.3);
            buffer.write(&numbers.4);
            buffer.write(&others.0);
            buffer.write(&others.1);
            buffer.write(&f64::from_bits(others.2));
            buffer.write(&others.3);
            buffer.write_slice(&slice);
            buffer.write_slice(&points);
            let table = buffer.string_table_offset();
            let reader = TeleportReader::with_string_table(buffer.finalize(), table);
            prop_assert_eq!(reader.read::<u8>(), Ok(numbers.0), "round {}", round);
            prop_assert_eq!(reader.read::<i16>(), Ok(numbers.1));
            prop_assert_eq!(reader.read::<u32>(), Ok(numbers.2));
            prop_assert_eq!(reader.read::<i64>(), Ok(numbers.3));
            prop_assert_eq!(reader.read::<u128>(), Ok(numbers.4));
            prop_assert_eq!(reader.read::<bool>(), Ok(others.0));
            prop_assert_eq!(reader.read::<char>(), Ok(others.1));
            prop_assert_eq!(reader.read::<f64>().map(f64::to_bits), Ok(others.2));
            prop_assert_eq!(reader.read::<[Option<u16>; 2]>(), Ok(others.3));
            prop_assert!(reader.read_slice::<u32>().unwrap().iter().eq(slice.iter().copied()));
            let read = reader.read_slice::<Point>().unwrap();
            prop_assert!(read.iter().map(|view| view.x()).eq(points.iter().map(|point| point.x)));
            prop_assert_eq!(reader.remaining(), 0);
            for (text, (offset, len)) in strings.iter().zip(places) {
                prop_assert_eq!(reader.read_string(offset, len), Ok(text.as_str()));
            }
        }
    }

    #[test]
    fn readers_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        table in 0..80_usize,
    ) {
        let reader = TeleportReader::with_string_table(&bytes, table);
        for _ in 0..8 {
            let before = reader.remaining();
            let is_ok = reader.read::<Option<char>>().is_ok();
            prop_assert_eq!(before - reader.remaining(), if is_ok { 5 } else { 0 });
            let _ = reader.read::<Level>();
            let _ = reader.read_slice::<Point>();
            let _ = reader.read_string(before as u32, bytes.len() as u32 / 2);
        }
    }
}
