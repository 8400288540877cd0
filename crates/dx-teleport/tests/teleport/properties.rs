//! Properties of messages, against the naive oracle.

use crate::oracle;
use crate::types::{Everything, Item, everything, item};
use dx_teleport::__private::Coded;
use dx_teleport::{
    Lazy, Teleport, View, WriteError, Writer, append_to, encode_into, encoded_len, to_bytes,
};
use proptest::prelude::*;

/// A type small enough that mutated messages are often still valid.
#[derive(Teleport, Clone, Debug, PartialEq)]
struct Small {
    is_on: Option<bool>,
    name: String,
    marks: Vec<u8>,
    items: Vec<Item>,
}

fn small() -> impl Strategy<Value = Small> {
    let marks = prop::collection::vec(any::<u8>(), 0..4);
    let name = "[aé]{0,3}";
    (prop::option::of(any::<bool>()), name, marks, prop::collection::vec(item(), 0..2))
        .prop_map(|(is_on, name, marks, items)| Small { is_on, name, marks, items })
}

/// Byte, word or length: what a mutation does to a message.
#[derive(Clone, Debug)]
enum Mutation {
    Byte(prop::sample::Index, u8),
    Word(prop::sample::Index, u32),
    /// A small step keeps offsets and lengths near to what is there.
    Step(prop::sample::Index, i32),
    Truncate(prop::sample::Index),
    Extend(Vec<u8>),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        (index(), 0..4_u8).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        (index(), any::<u32>()).prop_map(|(at, word)| Mutation::Word(at, word)),
        (index(), -9..9_i32).prop_map(|(at, step)| Mutation::Step(at, step)),
        index().prop_map(Mutation::Truncate),
        prop::collection::vec(0..2_u8, 1..9).prop_map(Mutation::Extend),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let four = |at: usize| at.min(bytes.len() / 4 - 1) * 4;
    match mutation {
        Mutation::Byte(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Mutation::Word(at, word) => {
            let at = four(at.index(bytes.len() / 4));
            bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        Mutation::Step(at, step) => {
            let at = at.index(bytes.len() - 3);
            let word = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
            let word = word.wrapping_add_signed(*step);
            bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        Mutation::Truncate(at) => bytes.truncate(at.index(bytes.len()).max(8)),
        Mutation::Extend(more) => bytes.extend_from_slice(more),
    }
}

proptest! {
    #[test]
    fn values_come_back(value in everything()) {
        let bytes = to_bytes(&value).unwrap();
        let view = View::<Everything>::check(&bytes).unwrap();
        prop_assert_eq!(&view.to_value(), &value);
        prop_assert_eq!(view.name(), &value.name);
        prop_assert_eq!(view.note(), value.note.as_deref());
        prop_assert_eq!(view.items().len(), value.items.len());
        for (key, numbers) in &value.map {
            let found = view.map().get(key).unwrap();
            prop_assert!(found.iter().eq(numbers.iter().copied()));
        }
        let no_key = "this is in no map";
        prop_assert!(view.map().get(no_key).is_none());
    }

    #[test]
    fn the_oracle_writes_the_same_bytes(value in everything()) {
        let bytes = to_bytes(&value).unwrap();
        let tree = oracle::decode(Everything::SCHEMA, &bytes).unwrap();
        prop_assert_eq!(oracle::encode(Everything::SCHEMA, &tree), bytes);
    }

    #[test]
    fn what_was_in_the_space_does_not_matter(first in everything(), second in everything()) {
        let fresh = to_bytes(&second).unwrap();
        let mut writer = Writer::new();
        writer.write(&first).unwrap();
        prop_assert_eq!(writer.write(&second).unwrap(), &fresh);

        let mut space = vec![0xAA; encoded_len(&second).unwrap()];
        encode_into(&second, &mut space).unwrap();
        prop_assert_eq!(&space, &fresh);
        space.push(0);
        prop_assert_eq!(encode_into(&second, &mut space), Err(WriteError::Space));

        let mut out = b"before".to_vec();
        append_to(&second, &mut out).unwrap();
        prop_assert_eq!(&out[6..], &fresh);
    }

    #[test]
    fn any_address_will_do(value in everything(), shift in 0..16_usize) {
        let bytes = to_bytes(&value).unwrap();
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(&bytes);
        let view = View::<Everything>::check(&shifted[shift..]).unwrap();
        prop_assert_eq!(view.to_value(), value);
        if let Some(points) = view.points().as_native() {
            prop_assert!(points.iter().eq(view.to_value().points.iter()));
        }
    }

    #[test]
    fn mutated_messages_are_judged_as_the_oracle_judges(
        value in small(),
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let mut bytes = to_bytes(&value).unwrap();
        mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
        let checked = View::<Small>::check(&bytes);
        prop_assert_eq!(checked.is_ok(), oracle::accepts(Small::SCHEMA, &bytes), "{:?}", checked);
        if let Ok(view) = checked {
            prop_assert_eq!(to_bytes(&view.to_value()).unwrap(), bytes);
        }
    }

    #[test]
    fn mutated_messages_of_every_type(
        value in everything(),
        mutations in prop::collection::vec(mutation(), 1..3),
    ) {
        let mut bytes = to_bytes(&value).unwrap();
        mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
        let checked = View::<Everything>::check(&bytes);
        let expected = oracle::accepts(Everything::SCHEMA, &bytes);
        prop_assert_eq!(checked.is_ok(), expected, "{:?}", checked.err());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let is_ok = View::<Small>::check(&bytes).is_ok();
        prop_assert_eq!(is_ok, oracle::accepts(Small::SCHEMA, &bytes));
    }

    #[test]
    fn lazy_steps_agree_with_the_check_and_never_panic(
        value in small(),
        mutations in prop::collection::vec(mutation(), 0..4),
    ) {
        let mut bytes = to_bytes(&value).unwrap();
        mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
        let checked = View::<Small>::check(&bytes);
        let read = read_lazily(&bytes);
        if let Ok(view) = checked {
            prop_assert_eq!(read, Ok(view.to_value()));
        }
    }
}

fn read_lazily(bytes: &[u8]) -> Result<Small, dx_teleport::ReadError> {
    let lazy = Lazy::open(bytes)?;
    let root = lazy.root::<Small>()?;
    let mut items = Vec::new();
    for wire in lazy.slice::<Item>(&root.items)? {
        let marks = lazy.slice::<u16>(&wire.marks)?;
        let marks = marks.iter().map(|wire| lazy.value::<u16>(wire));
        items.push(Item {
            name: lazy.text(&wire.name)?.to_owned(),
            count: lazy.value::<i8>(&wire.count)?,
            marks: marks.collect::<Result<_, _>>()?,
        });
    }
    Ok(Small {
        is_on: lazy.value::<Option<bool>>(&root.is_on)?,
        name: lazy.text(&root.name)?.to_owned(),
        marks: lazy.slice::<u8>(&root.marks)?.to_vec(),
        items,
    })
}
