//! One type at three ages, each reading the others.

use dx_teleport::{Incompatible, PeerLayout, ReadError, Teleportable, Translation, View, to_bytes};
use dx_teleport::{Teleport, manifest, to_json};

mod first {
    use dx_teleport::Teleport;

    #[derive(Teleport, Debug, PartialEq)]
    pub struct Row {
        pub id: u16,
        pub name: String,
    }

    #[derive(Teleport, Debug, PartialEq)]
    pub struct Table {
        pub title: String,
        pub rows: Vec<Row>,
        pub groups: Option<Vec<Vec<Row>>>,
    }
}

mod second {
    use dx_teleport::Teleport;

    #[derive(Teleport, Debug, PartialEq)]
    pub struct Row {
        pub id: u16,
        pub name: String,
        pub marks: Vec<u32>,
    }

    #[derive(Teleport, Debug, PartialEq)]
    pub struct Note {
        pub text: String,
    }

    #[derive(Teleport, Debug, PartialEq)]
    pub struct Table {
        pub title: String,
        pub rows: Vec<Row>,
        pub groups: Option<Vec<Vec<Row>>>,
        pub footer: String,
        pub notes: Vec<Note>,
    }
}

/// The same names, another order.
mod other {
    use dx_teleport::Teleport;

    #[derive(Teleport)]
    pub struct Row {
        pub name: String,
        pub id: u16,
    }

    #[derive(Teleport)]
    pub struct Table {
        pub title: String,
        pub rows: Vec<Row>,
        pub groups: Option<Vec<Vec<Row>>>,
    }
}

fn old() -> first::Table {
    let row = |id: u16, name: &str| first::Row { id, name: name.into() };
    let groups = Some(vec![vec![row(3, "c")], vec![], vec![row(4, ""), row(5, "é")]]);
    first::Table { title: "old".into(), rows: vec![row(1, "a"), row(2, "b")], groups }
}

fn new() -> second::Table {
    let row = |id: u16, name: &str| second::Row {
        id,
        name: name.into(),
        marks: vec![u32::from(id); usize::from(id)],
    };
    let groups = Some(vec![vec![row(3, "c")], vec![], vec![row(4, ""), row(5, "é")]]);
    second::Table {
        title: "old".into(),
        rows: vec![row(1, "a"), row(2, "b")],
        groups,
        footer: "foot".into(),
        notes: vec![second::Note { text: "n".into() }],
    }
}

fn translated<From: Teleportable, To: Teleportable>(bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    let mut out = b"older things".to_vec();
    Translation::new::<To>(PeerLayout::of::<From>()).unwrap().translate(bytes, &mut out)?;
    Ok(out)
}

#[test]
fn an_older_reader_leaves_out_what_it_does_not_know() {
    let bytes = to_bytes(&new()).unwrap();
    let bytes = translated::<second::Table, first::Table>(&bytes).unwrap();
    assert_eq!(View::<first::Table>::check(&bytes).unwrap().to_value(), old());
    assert_eq!(bytes, to_bytes(&old()).unwrap());
}

#[test]
fn a_newer_reader_sees_zeros_for_what_is_missing() {
    let bytes = to_bytes(&old()).unwrap();
    let bytes = translated::<first::Table, second::Table>(&bytes).unwrap();
    let mut expected = new();
    let groups = expected.groups.iter_mut().flatten().flatten();
    expected.rows.iter_mut().chain(groups).for_each(|row| row.marks.clear());
    expected.footer.clear();
    expected.notes.clear();
    assert_eq!(View::<second::Table>::check(&bytes).unwrap().to_value(), expected);
}

#[test]
fn the_same_layout_needs_no_translation() {
    let same = Translation::new::<first::Table>(PeerLayout::of::<first::Table>()).unwrap();
    assert!(same.is_same());
    let bytes = to_bytes(&old()).unwrap();
    assert_eq!(translated::<first::Table, first::Table>(&bytes).unwrap(), bytes);
    let newer = Translation::new::<first::Table>(PeerLayout::of::<second::Table>()).unwrap();
    assert!(!newer.is_same());
}

#[test]
fn other_layouts_are_incompatible() {
    let refused =
        |peer: PeerLayout| Translation::new::<first::Table>(peer).map(|_| ()) == Err(Incompatible);
    assert!(refused(PeerLayout::of::<other::Table>()));
    assert!(refused(PeerLayout::of::<first::Row>()));
    assert!(refused(PeerLayout::of::<u32>()));
    let ours = PeerLayout::of::<first::Table>();
    assert!(refused(PeerLayout { size: ours.size + 1, ..ours.clone() }));
    assert!(refused(PeerLayout { chain: vec![], ..ours.clone() }));
    assert!(refused(PeerLayout { chain: ours.chain[..1].into(), ..ours.clone() }));
    assert!(refused(PeerLayout { inner: vec![], ..ours.clone() }));
    let mut zero = ours.clone();
    zero.inner[0].size = 0;
    assert!(refused(zero));
    let many = PeerLayout { inner: vec![ours.inner[0].clone(); 5000], ..ours };
    assert!(refused(many));
}

#[test]
fn hostile_messages_of_a_newer_peer_are_refused_or_checked() {
    let bytes = to_bytes(&new()).unwrap();
    for at in 0..bytes.len() {
        for byte in [0, 1, 2, 0x7F, 0x80, 0xFF, bytes[at].wrapping_add(1)] {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            if let Ok(ours) = translated::<second::Table, first::Table>(&bytes) {
                assert!(ours.len() <= 2 * bytes.len());
                if let Ok(view) = View::<first::Table>::check(&ours) {
                    assert_eq!(to_bytes(&view.to_value()).unwrap(), ours);
                }
            }
        }
    }
}

#[test]
fn hashes_tell_layouts_apart_and_names_alike() {
    #[derive(Teleport)]
    struct Renamed {
        title: String,
    }
    #[derive(Teleport)]
    struct Other {
        name: String,
    }
    let hashes = [
        layout_hash::<first::Table>(),
        layout_hash::<second::Table>(),
        layout_hash::<other::Table>(),
        layout_hash::<Renamed>(),
        layout_hash::<Other>(),
        layout_hash::<Vec<u32>>(),
        layout_hash::<Vec<i32>>(),
        layout_hash::<[u32; 2]>(),
        layout_hash::<u64>(),
    ];
    for (i, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..i].contains(hash), "{i}");
    }
    let (a, b) = (chain::<first::Table>(), chain::<second::Table>());
    assert_eq!(a, &b[..a.len()]);
    assert_ne!(a, chain::<other::Row>());
}

fn layout_hash<T: Teleportable>() -> u64 {
    dx_teleport::TeleportLayout::of::<T>().hash
}

fn chain<T: Teleportable>() -> &'static [u64] {
    dx_teleport::TeleportLayout::of::<T>().chain
}

#[test]
fn manifests_and_messages_are_json() {
    let manifest: serde_json::Value = serde_json::from_str(&manifest::<second::Table>()).unwrap();
    assert_eq!(manifest["root"]["fields"][1]["type"]["of"]["fields"][1]["offset"], 2);
    let json = to_json::<first::Table>(&to_bytes(&old()).unwrap()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["groups"][2][1]["name"], "é");
    assert_eq!(json["rows"][1]["id"], 2);
    assert!(to_json::<first::Table>(&[0; 16]).is_err());
}
