//! *log*: 10,000 lines of an HTTP server's log, mostly short strings.
//!
//! Owns the shape and what reading it means. May not know the clock. Its one invariant: reading
//! looks at every field and at the length and last byte of every string.

use dx_teleport::{Teleport, View, Writer};
use rkyv::rancor::Error;
use rkyv::util::AlignedVec;

use crate::random::Random;
use crate::{Row, run as run_rows};

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy)]
struct Address {
    x0: u8,
    x1: u8,
    x2: u8,
    x3: u8,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct Log {
    address: Address,
    identity: String,
    userid: String,
    date: String,
    request: String,
    code: u16,
    size: u64,
}

#[derive(Teleport, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct Logs {
    logs: Vec<Log>,
}

const USERS: &[&str] =
    &["-", "alice", "bob", "carmen", "david", "eric", "frank", "george", "harry"];
const PAGES: &[&str] = &[
    "GET /favicon.ico HTTP/1.1",
    "GET /css/index.css HTTP/2.0",
    "POST /login HTTP/1.1",
    "GET /docs/get-started HTTP/1.1",
    "HEAD / HTTP/3.0",
];

fn line(random: &mut Random) -> Log {
    let mut byte = || random.next() as u8;
    let address = Address { x0: byte(), x1: byte(), x2: byte(), x3: byte() };
    let day = 1 + random.below(28);
    let second = random.below(86_400);
    Log {
        address,
        identity: "-".into(),
        userid: random.pick(USERS),
        date: format!("{day:02}/Oct/2026:{:02}:{:02}:00 +0000", second / 3600, second / 60 % 60),
        request: random.pick(PAGES),
        code: [200, 304, 404, 500][random.below(4) as usize],
        size: random.below(100_000_000),
    }
}

fn text(text: &str) -> u64 {
    text.len() as u64 + u64::from(*text.as_bytes().last().unwrap_or(&0))
}

fn read_ours(bytes: &[u8]) -> u64 {
    let view = View::<Logs>::check(bytes).unwrap();
    view.logs().iter().fold(0, |sum, log| {
        let address = log.address();
        sum + u64::from(address.x0())
            + u64::from(address.x1())
            + u64::from(address.x2())
            + u64::from(address.x3())
            + text(log.identity())
            + text(log.userid())
            + text(log.date())
            + text(log.request())
            + u64::from(log.code())
            + log.size()
    })
}

fn read_theirs(bytes: &[u8]) -> u64 {
    let archive = rkyv::access::<ArchivedLogs, Error>(bytes).unwrap();
    archive.logs.iter().fold(0, |sum, log| {
        let address = &log.address;
        sum + u64::from(address.x0)
            + u64::from(address.x1)
            + u64::from(address.x2)
            + u64::from(address.x3)
            + text(&log.identity)
            + text(&log.userid)
            + text(&log.date)
            + text(&log.request)
            + u64::from(log.code.to_native())
            + log.size.to_native()
    })
}

/// Measures this shape.
pub fn run(rounds: usize) {
    let mut random = Random::new(1);
    let value = Logs { logs: random.list(10_000, 10_001, line) };
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
            ours: Box::new(|| View::<Logs>::check(&ours).unwrap().logs().len() as u64),
            theirs: Box::new(|| {
                rkyv::access::<ArchivedLogs, Error>(&theirs).unwrap().logs.len() as u64
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
    run_rows("log", (ours.len(), theirs.len()), rounds, rows);
}
