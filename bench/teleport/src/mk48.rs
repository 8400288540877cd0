//! *mk48*: 1,000 updates of a game: contacts, positions, terrain.
//!
//! Owns the shape and what reading it means. May not know the clock. Its one invariant: reading
//! looks at every contact and at all terrain.

use dx_teleport::{Teleport, View, Writer};
use rkyv::rancor::Error;
use rkyv::util::AlignedVec;

use crate::random::Random;
use crate::{Row, run as run_rows};

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, Debug)]
#[repr(u8)]
enum EntityType {
    ArleighBurke,
    Bismarck,
    Clemenceau,
    Fletcher,
    G5,
    Iowa,
    Kolkata,
    Osa,
    Yasen,
    Zubr,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, Debug)]
struct Transform {
    altitude: i8,
    angle: u16,
    position: [f32; 2],
    velocity: u16,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, Debug)]
struct Guidance {
    angle: u16,
    submerge: bool,
    velocity: u16,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct Contact {
    damage: u8,
    entity_id: u32,
    entity_type: Option<EntityType>,
    guidance: Guidance,
    player_id: Option<u16>,
    reloads: Vec<bool>,
    transform: Transform,
    turret_angles: Vec<u16>,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct TerrainUpdate {
    chunk_id: [i8; 2],
    data: Vec<u8>,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct Update {
    contacts: Vec<Contact>,
    score: u32,
    world_radius: f32,
    terrain_updates: Vec<TerrainUpdate>,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct Updates {
    updates: Vec<Update>,
}

fn kind(random: &mut Random) -> EntityType {
    use EntityType::{
        ArleighBurke, Bismarck, Clemenceau, Fletcher, G5, Iowa, Kolkata, Osa, Yasen, Zubr,
    };
    let all = [ArleighBurke, Bismarck, Clemenceau, Fletcher, G5, Iowa, Kolkata, Osa, Yasen, Zubr];
    all[random.below(10) as usize]
}

fn contact(random: &mut Random) -> Contact {
    Contact {
        damage: random.next() as u8,
        entity_id: random.next() as u32,
        entity_type: random.maybe(kind),
        guidance: Guidance {
            angle: random.next() as u16,
            submerge: random.flip(),
            velocity: random.next() as u16,
        },
        player_id: random.maybe(|random| random.next() as u16),
        reloads: random.list(0, 16, Random::flip),
        transform: Transform {
            altitude: random.next() as i8,
            angle: random.next() as u16,
            position: [random.unit(), random.unit()],
            velocity: random.next() as u16,
        },
        turret_angles: random.list(0, 8, |random| random.next() as u16),
    }
}

fn update(random: &mut Random) -> Update {
    Update {
        contacts: random.list(0, 40, contact),
        score: random.next() as u32,
        world_radius: random.unit(),
        terrain_updates: random.list(0, 6, |random| TerrainUpdate {
            chunk_id: [random.next() as i8, random.next() as i8],
            data: random.list(64, 192, |random| random.next() as u8),
        }),
    }
}

fn bytes(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte)).sum()
}

fn contact_ours(contact: ContactView<'_>) -> u64 {
    let (guidance, transform) = (contact.guidance(), contact.transform());
    u64::from(contact.damage())
        + u64::from(contact.entity_id())
        + contact.entity_type().map_or(0, |kind| kind as u64)
        + u64::from(guidance.angle())
        + u64::from(guidance.submerge())
        + u64::from(guidance.velocity())
        + contact.player_id().map_or(0, u64::from)
        + contact.reloads().iter().map(u64::from).sum::<u64>()
        + u64::from(transform.altitude().cast_unsigned())
        + u64::from(transform.angle())
        + transform.position().iter().map(|x| u64::from(x.to_bits())).sum::<u64>()
        + u64::from(transform.velocity())
        + contact.turret_angles().iter().map(u64::from).sum::<u64>()
}

fn contact_theirs(contact: &ArchivedContact) -> u64 {
    let (guidance, transform) = (&contact.guidance, &contact.transform);
    u64::from(contact.damage)
        + u64::from(contact.entity_id.to_native())
        + contact.entity_type.as_ref().map_or(0, tag)
        + u64::from(guidance.angle.to_native())
        + u64::from(guidance.submerge)
        + u64::from(guidance.velocity.to_native())
        + contact.player_id.as_ref().map_or(0, |id| u64::from(id.to_native()))
        + contact.reloads.iter().map(|bit| u64::from(*bit)).sum::<u64>()
        + u64::from(transform.altitude.cast_unsigned())
        + u64::from(transform.angle.to_native())
        + transform.position.iter().map(|x| u64::from(x.to_native().to_bits())).sum::<u64>()
        + u64::from(transform.velocity.to_native())
        + contact.turret_angles.iter().map(|angle| u64::from(angle.to_native())).sum::<u64>()
}

fn tag(kind: &ArchivedEntityType) -> u64 {
    match kind {
        ArchivedEntityType::ArleighBurke => 0,
        ArchivedEntityType::Bismarck => 1,
        ArchivedEntityType::Clemenceau => 2,
        ArchivedEntityType::Fletcher => 3,
        ArchivedEntityType::G5 => 4,
        ArchivedEntityType::Iowa => 5,
        ArchivedEntityType::Kolkata => 6,
        ArchivedEntityType::Osa => 7,
        ArchivedEntityType::Yasen => 8,
        ArchivedEntityType::Zubr => 9,
    }
}

fn read_ours(message: &[u8]) -> u64 {
    let view = View::<Updates>::check(message).unwrap();
    view.updates().iter().fold(0, |sum, update| {
        let terrain = update.terrain_updates().iter().map(|terrain| {
            bytes(&terrain.chunk_id().map(i8::cast_unsigned)) + bytes(terrain.data().as_bytes())
        });
        sum + u64::from(update.score())
            + u64::from(update.world_radius().to_bits())
            + update.contacts().iter().map(contact_ours).sum::<u64>()
            + terrain.sum::<u64>()
    })
}

fn read_theirs(message: &[u8]) -> u64 {
    let archive = rkyv::access::<ArchivedUpdates, Error>(message).unwrap();
    archive.updates.iter().fold(0, |sum, update| {
        let terrain = update
            .terrain_updates
            .iter()
            .map(|terrain| bytes(&terrain.chunk_id.map(i8::cast_unsigned)) + bytes(&terrain.data));
        sum + u64::from(update.score.to_native())
            + u64::from(update.world_radius.to_native().to_bits())
            + update.contacts.iter().map(contact_theirs).sum::<u64>()
            + terrain.sum::<u64>()
    })
}

/// Measures this shape.
pub fn run(rounds: usize) {
    let mut random = Random::new(4);
    let value = Updates { updates: random.list(1_000, 1_001, update) };
    let ours = dx_teleport::to_bytes(&value).unwrap();
    let theirs = rkyv::to_bytes::<Error>(&value).unwrap();
    let (mut writer, mut space) = (Writer::new(), AlignedVec::<16>::new());
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
            what: "access, validated",
            ours: Box::new(|| View::<Updates>::check(&ours).unwrap().updates().len() as u64),
            theirs: Box::new(|| {
                rkyv::access::<ArchivedUpdates, Error>(&theirs).unwrap().updates.len() as u64
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
    run_rows("mk48", (ours.len(), theirs.len()), rounds, rows);
}
