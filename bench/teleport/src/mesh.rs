//! *mesh*: 125,000 triangles, numbers only.
//!
//! Owns the shape and what reading it means. May not know the clock. Its one invariant: reading
//! adds up every number.

use dx_teleport::{Teleport, View, Writer};
use rkyv::rancor::Error;
use rkyv::util::AlignedVec;

use crate::random::Random;
use crate::{Row, run as run_rows};

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, Debug)]
#[teleport(native)]
#[repr(C)]
struct Vector3 {
    x: f32,
    y: f32,
    z: f32,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, Debug)]
#[teleport(native)]
#[repr(C)]
struct Triangle {
    v0: Vector3,
    v1: Vector3,
    v2: Vector3,
    normal: Vector3,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct Mesh {
    triangles: Vec<Triangle>,
}

fn triangle(random: &mut Random) -> Triangle {
    let mut vector = || Vector3 { x: random.unit(), y: random.unit(), z: random.unit() };
    Triangle { v0: vector(), v1: vector(), v2: vector(), normal: vector() }
}

fn read_ours(bytes: &[u8]) -> u64 {
    let view = View::<Mesh>::check(bytes).unwrap();
    let sum = view.triangles().iter().fold(0.0, |sum, triangle| {
        let corners = [triangle.v0(), triangle.v1(), triangle.v2(), triangle.normal()];
        corners.iter().fold(sum, |sum, v| sum + v.x() + v.y() + v.z())
    });
    u64::from(sum.to_bits())
}

fn read_theirs(bytes: &[u8]) -> u64 {
    let archive = rkyv::access::<ArchivedMesh, Error>(bytes).unwrap();
    let sum = archive.triangles.iter().fold(0.0, |sum, triangle| {
        let corners = [&triangle.v0, &triangle.v1, &triangle.v2, &triangle.normal];
        corners
            .iter()
            .fold(sum, |sum: f32, v| sum + v.x.to_native() + v.y.to_native() + v.z.to_native())
    });
    u64::from(sum.to_bits())
}

/// Measures this shape.
pub fn run(rounds: usize) {
    let mut random = Random::new(2);
    let value = Mesh { triangles: random.list(125_000, 125_001, triangle) };
    let ours = dx_teleport::to_bytes(&value).unwrap();
    let theirs = rkyv::to_bytes::<Error>(&value).unwrap();
    let (mut writer, mut space) = (Writer::new(), AlignedVec::<16>::new());
    let (mut again, mut copy) = (Writer::new(), vec![0; ours.len()]);
    let rows = vec![
        Row {
            what: "serialise",
            ours: Box::new(|| writer.write(&value).unwrap().len() as u64),
            theirs: Box::new(|| {
                space.clear();
                rkyv::api::high::to_bytes_in::<_, Error>(&value, &mut space).unwrap().len() as u64
            }),
            is_same: false,
        },
        Row {
            what: "serialise; peer: memcpy",
            ours: Box::new(|| again.write(&value).unwrap().len() as u64),
            theirs: Box::new(|| {
                copy.copy_from_slice(&ours);
                copy.len() as u64
            }),
            is_same: true,
        },
        Row {
            what: "access, validated",
            ours: Box::new(|| View::<Mesh>::check(&ours).unwrap().triangles().len() as u64),
            theirs: Box::new(|| {
                rkyv::access::<ArchivedMesh, Error>(&theirs).unwrap().triangles.len() as u64
            }),
            is_same: true,
        },
        Row {
            what: "access, validated, and read all",
            ours: Box::new(|| read_ours(&ours)),
            theirs: Box::new(|| read_theirs(&theirs)),
            is_same: true,
        },
    ];
    run_rows("mesh", (ours.len(), theirs.len()), rounds, rows);
}
