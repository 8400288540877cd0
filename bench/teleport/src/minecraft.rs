//! *minecraft_savedata*: 500 players with nested lists and options.
//!
//! Owns the shape and what reading it means. May not know the clock. Its one invariant: reading
//! looks at every field of every player.

use dx_teleport::{Teleport, View, Writer};
use rkyv::rancor::Error;
use rkyv::util::AlignedVec;

use crate::random::Random;
use crate::{Row, run as run_rows};

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, Debug)]
#[repr(u8)]
enum GameType {
    Survival,
    Creative,
    Adventure,
    Spectator,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct Item {
    count: i8,
    slot: u8,
    id: String,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, Debug)]
struct Abilities {
    walk_speed: f32,
    fly_speed: f32,
    may_fly: bool,
    flying: bool,
    invulnerable: bool,
    may_build: bool,
    instabuild: bool,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct Entity {
    id: String,
    pos: [f64; 3],
    motion: [f64; 3],
    rotation: [f32; 2],
    fall_distance: f32,
    fire: u16,
    air: u16,
    on_ground: bool,
    no_gravity: bool,
    invulnerable: bool,
    portal_cooldown: i32,
    uuid: [u32; 4],
    custom_name: Option<String>,
    custom_name_visible: bool,
    silent: bool,
    glowing: bool,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct RecipeBook {
    recipes: Vec<String>,
    to_be_displayed: Vec<String>,
    is_filtering_craftable: bool,
    is_gui_open: bool,
    is_furnace_filtering_craftable: bool,
    is_furnace_gui_open: bool,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct Vehicle {
    uuid: [u32; 4],
    entity: Entity,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct Player {
    game_type: GameType,
    previous_game_type: GameType,
    score: i64,
    dimension: String,
    selected_item_slot: u32,
    selected_item: Item,
    spawn_dimension: Option<String>,
    spawn_x: i64,
    spawn_y: i64,
    spawn_z: i64,
    spawn_forced: Option<bool>,
    sleep_timer: u16,
    food_exhaustion_level: f32,
    food_saturation_level: f32,
    food_tick_timer: u32,
    xp_level: u32,
    xp_p: f32,
    xp_total: i32,
    xp_seed: i32,
    inventory: Vec<Item>,
    ender_items: Vec<Item>,
    abilities: Abilities,
    entered_nether_position: Option<[f64; 3]>,
    root_vehicle: Option<Vehicle>,
    shoulder_entity_left: Option<Entity>,
    shoulder_entity_right: Option<Entity>,
    seen_credits: bool,
    recipe_book: RecipeBook,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct Players {
    players: Vec<Player>,
}

const ITEMS: &[&str] =
    &["dirt", "stone", "pickaxe", "sand", "gravel", "shovel", "chestplate", "steak"];
const MOBS: &[&str] = &["cow", "sheep", "zombie", "skeleton", "spider", "creeper", "parrot", "bee"];
const NAMES: &[&str] = &["rainbow", "princess", "steve", "johnny", "missy", "coward", "fairy"];
const WORLDS: &[&str] = &["overworld", "nether", "end"];

fn item(random: &mut Random) -> Item {
    Item { count: random.next() as i8, slot: random.next() as u8, id: random.pick(ITEMS) }
}

fn numbers<const N: usize>(random: &mut Random) -> [f64; N] {
    core::array::from_fn(|_| f64::from(random.unit()))
}

fn uuid(random: &mut Random) -> [u32; 4] {
    core::array::from_fn(|_| random.next() as u32)
}

fn entity(random: &mut Random) -> Entity {
    Entity {
        id: random.pick(MOBS),
        pos: numbers(random),
        motion: numbers(random),
        rotation: [random.unit(), random.unit()],
        fall_distance: random.unit(),
        fire: random.next() as u16,
        air: random.next() as u16,
        on_ground: random.flip(),
        no_gravity: random.flip(),
        invulnerable: random.flip(),
        portal_cooldown: random.next() as i32,
        uuid: uuid(random),
        custom_name: random.maybe(|random| random.pick(NAMES)),
        custom_name_visible: random.flip(),
        silent: random.flip(),
        glowing: random.flip(),
    }
}

fn recipes(random: &mut Random) -> RecipeBook {
    RecipeBook {
        recipes: random.list(0, 30, |random| random.pick(ITEMS)),
        to_be_displayed: random.list(0, 10, |random| random.pick(ITEMS)),
        is_filtering_craftable: random.flip(),
        is_gui_open: random.flip(),
        is_furnace_filtering_craftable: random.flip(),
        is_furnace_gui_open: random.flip(),
    }
}

fn game_type(random: &mut Random) -> GameType {
    use GameType::{Adventure, Creative, Spectator, Survival};
    [Survival, Creative, Adventure, Spectator][random.below(4) as usize]
}

fn player(random: &mut Random) -> Player {
    Player {
        game_type: game_type(random),
        previous_game_type: game_type(random),
        score: random.next() as i64,
        dimension: random.pick(WORLDS),
        selected_item_slot: random.next() as u32,
        selected_item: item(random),
        spawn_dimension: random.maybe(|random| random.pick(WORLDS)),
        spawn_x: random.next() as i64,
        spawn_y: random.next() as i64,
        spawn_z: random.next() as i64,
        spawn_forced: random.maybe(Random::flip),
        sleep_timer: random.next() as u16,
        food_exhaustion_level: random.unit(),
        food_saturation_level: random.unit(),
        food_tick_timer: random.next() as u32,
        xp_level: random.next() as u32,
        xp_p: random.unit(),
        xp_total: random.next() as i32,
        xp_seed: random.next() as i32,
        inventory: random.list(0, 40, item),
        ender_items: random.list(0, 27, item),
        abilities: Abilities {
            walk_speed: random.unit(),
            fly_speed: random.unit(),
            may_fly: random.flip(),
            flying: random.flip(),
            invulnerable: random.flip(),
            may_build: random.flip(),
            instabuild: random.flip(),
        },
        entered_nether_position: random.maybe(numbers),
        root_vehicle: random.maybe(|random| Vehicle { uuid: uuid(random), entity: entity(random) }),
        shoulder_entity_left: random.maybe(entity),
        shoulder_entity_right: random.maybe(entity),
        seen_credits: random.flip(),
        recipe_book: recipes(random),
    }
}

/// What is added up of one value.
fn float(x: f64) -> u64 {
    x.to_bits() >> 40
}

fn text(text: &str) -> u64 {
    text.len() as u64 + u64::from(*text.as_bytes().last().unwrap_or(&0))
}

/// Reads a player field by field. Both sides have the same fields in the same nesting; they differ
/// in how one is reached (`$get`) and in how a number is made native (`$n`).
macro_rules! readers {
    ($module:ident, $entity:ty, $item:ty, $player:ty, $n:ident, $t:ident,
     ($($call:tt)*), $each:ident, $some:ident, $variant:ident) => {
        mod $module {
            use super::*;

            fn entity(e: $entity) -> u64 {
                let bools = [
                    e.on_ground $($call)*, e.no_gravity $($call)*, e.invulnerable $($call)*,
                    e.custom_name_visible $($call)*, e.silent $($call)*, e.glowing $($call)*,
                ];
                let mut sum = text($t!(e.id $($call)*));
                for x in e.pos $($call)*.iter().chain(e.motion $($call)*.iter()) {
                    sum += float($n!(*x));
                }
                for x in e.rotation $($call)* {
                    sum += float(f64::from($n!(x)));
                }
                sum += float(f64::from($n!(e.fall_distance $($call)*)));
                sum += u64::from($n!(e.fire $($call)*)) + u64::from($n!(e.air $($call)*));
                sum += bools.iter().map(|bit| u64::from(*bit)).sum::<u64>();
                sum += u64::from($n!(e.portal_cooldown $($call)*).cast_unsigned());
                sum += e.uuid $($call)*.iter().map(|word| u64::from($n!(*word))).sum::<u64>();
                sum + $some!(e.custom_name $($call)*).map_or(0, |name| text($t!(name)))
            }

            fn item(i: $item) -> u64 {
                u64::from((i.count $($call)*).cast_unsigned())
                    + u64::from(i.slot $($call)*)
                    + text($t!(i.id $($call)*))
            }

            fn position(p: &$player) -> u64 {
                [p.spawn_x $($call)*, p.spawn_y $($call)*, p.spawn_z $($call)*, p.score $($call)*]
                    .iter()
                    .fold(0, |sum: u64, x| sum.wrapping_add($n!(*x).cast_unsigned()))
            }

            fn numbers(p: &$player) -> u64 {
                let words = [
                    $n!(p.selected_item_slot $($call)*), $n!(p.food_tick_timer $($call)*),
                    $n!(p.xp_level $($call)*), $n!(p.xp_total $($call)*).cast_unsigned(),
                    $n!(p.xp_seed $($call)*).cast_unsigned(),
                    u32::from($n!(p.sleep_timer $($call)*)),
                ];
                let floats = [
                    $n!(p.food_exhaustion_level $($call)*), $n!(p.food_saturation_level $($call)*),
                    $n!(p.xp_p $($call)*), $n!(p.abilities $($call)*.walk_speed $($call)*),
                    $n!(p.abilities $($call)*.fly_speed $($call)*),
                ];
                words.iter().map(|word| u64::from(*word)).sum::<u64>()
                    + floats.iter().map(|x| float(f64::from(*x))).sum::<u64>()
            }

            fn bits(p: &$player) -> u64 {
                let (a, book) = (&p.abilities $($call)*, &p.recipe_book $($call)*);
                let bits = [
                    p.seen_credits $($call)*, a.may_fly $($call)*, a.flying $($call)*,
                    a.invulnerable $($call)*, a.may_build $($call)*, a.instabuild $($call)*,
                    book.is_filtering_craftable $($call)*, book.is_gui_open $($call)*,
                    book.is_furnace_filtering_craftable $($call)*,
                    book.is_furnace_gui_open $($call)*,
                ];
                bits.iter().map(|bit| u64::from(*bit)).sum()
            }

            pub fn player(p: $player) -> u64 {
                let book = &p.recipe_book $($call)*;
                let mut sum = position(&p).wrapping_add(numbers(&p) + bits(&p));
                let types = [
                    $variant!(p.game_type $($call)*), $variant!(p.previous_game_type $($call)*),
                ];
                let mut add = |more: u64| sum = sum.wrapping_add(more);
                types.iter().for_each(|x| add(*x));
                add(text($t!(p.dimension $($call)*)));
                add(item($each!(p.selected_item $($call)*)));
                add($some!(p.spawn_dimension $($call)*).map_or(0, |name| text($t!(name))));
                let forced = $some!(p.spawn_forced $($call)*);
                add(forced.map_or(0, |bit| 1 + u64::from(bit.to_owned())));
                p.inventory $($call)*.iter().for_each(|x| add(item(x)));
                p.ender_items $($call)*.iter().for_each(|x| add(item(x)));
                if let Some(place) = $some!(p.entered_nether_position $($call)*) {
                    place.iter().for_each(|x| add(float($n!(*x))));
                }
                if let Some(vehicle) = $some!(p.root_vehicle $($call)*) {
                    vehicle.uuid $($call)*.iter().for_each(|word| add(u64::from($n!(*word))));
                    add(entity($each!(vehicle.entity $($call)*)));
                }
                add($some!(p.shoulder_entity_left $($call)*).map_or(0, entity));
                add($some!(p.shoulder_entity_right $($call)*).map_or(0, entity));
                book.recipes $($call)*.iter().for_each(|x| add(text($t!(x))));
                book.to_be_displayed $($call)*.iter().for_each(|x| add(text($t!(x))));
                sum
            }
        }
    };
}

macro_rules! same {
    ($x:expr) => {
        $x
    };
}

macro_rules! native {
    ($x:expr) => {
        $x.to_native()
    };
}

macro_rules! borrowed {
    ($x:expr) => {
        &$x
    };
}

macro_rules! as_option {
    ($x:expr) => {
        $x.as_ref()
    };
}

macro_rules! tag_ours {
    ($x:expr) => {
        $x as u64
    };
}

macro_rules! tag_theirs {
    ($x:expr) => {
        match $x {
            ArchivedGameType::Survival => 0,
            ArchivedGameType::Creative => 1,
            ArchivedGameType::Adventure => 2,
            ArchivedGameType::Spectator => 3,
        }
    };
}

readers!(
    ours,
    EntityView<'_>,
    ItemView<'_>,
    PlayerView<'_>,
    same,
    same,
    (()),
    same,
    same,
    tag_ours
);
readers!(
    theirs,
    &ArchivedEntity,
    &ArchivedItem,
    &ArchivedPlayer,
    native,
    borrowed,
    (),
    borrowed,
    as_option,
    tag_theirs
);

fn read_ours(bytes: &[u8]) -> u64 {
    let view = View::<Players>::check(bytes).unwrap();
    view.players().iter().fold(0, |sum, it| sum.wrapping_add(ours::player(it)))
}

fn read_theirs(bytes: &[u8]) -> u64 {
    let archive = rkyv::access::<ArchivedPlayers, Error>(bytes).unwrap();
    archive.players.iter().fold(0, |sum: u64, it| sum.wrapping_add(theirs::player(it)))
}

/// Measures this shape.
pub fn run(rounds: usize) {
    let mut random = Random::new(3);
    let value = Players { players: random.list(500, 501, player) };
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
            ours: Box::new(|| View::<Players>::check(&ours).unwrap().players().len() as u64),
            theirs: Box::new(|| {
                rkyv::access::<ArchivedPlayers, Error>(&theirs).unwrap().players.len() as u64
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
    run_rows("minecraft_savedata", (ours.len(), theirs.len()), rounds, rows);
}
