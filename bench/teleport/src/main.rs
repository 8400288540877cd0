//! `bench-teleport [rounds] [shape]`: dx-teleport beside rkyv, in one process, alternated.
//!
//! Owns the clock and the table. May not know the shapes. Its one invariant: both sides hold the
//! same values, write into memory they keep, and read every field of what they checked.
#![forbid(unsafe_code)]

mod log;
mod mesh;
mod minecraft;
mod mk48;
mod random;

use std::hint::black_box;
use std::time::Instant;

/// One line of the table: what both sides do, each returning a number that keeps it honest.
pub struct Row<'a> {
    /// What is done.
    pub what: &'static str,
    /// By dx-teleport.
    pub ours: Box<dyn FnMut() -> u64 + 'a>,
    /// By the peer.
    pub theirs: Box<dyn FnMut() -> u64 + 'a>,
    /// Whether both return the same number.
    pub is_same: bool,
}

/// Runs rows in rounds, A-B-A-B, and prints the best of each in microseconds: a call that takes
/// milliseconds is interrupted more often than not on a busy machine, so medians tell of others.
pub fn run(shape: &str, sizes: (usize, usize), rounds: usize, rows: Vec<Row<'_>>) {
    println!("{shape}: {} bytes, rkyv {} bytes", sizes.0, sizes.1);
    for mut row in rows {
        let (ours, theirs) = ((row.ours)(), (row.theirs)());
        assert!(!row.is_same || ours == theirs, "{shape} {}: {ours} {theirs}", row.what);
        let (mut a, mut b) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..rounds {
            a = a.min(time(&mut row.ours));
            b = b.min(time(&mut row.theirs));
        }
        println!("  {:<32} {a:>10.2} us  {b:>10.2} us  {:>6.2}x", row.what, b / a);
    }
}

/// Microseconds of one call; short ones are repeated.
fn time(work: &mut dyn FnMut() -> u64) -> f64 {
    let start = Instant::now();
    black_box(work());
    let once = start.elapsed();
    let count = (200_000 / once.as_nanos().max(1)).clamp(1, 10_000) as u32;
    let start = Instant::now();
    for _ in 0..count {
        black_box(work());
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(count)
}

/// The name of a shape, and what measures it in so many rounds.
type Shape = (&'static str, fn(usize));

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().and_then(|word| word.parse().ok()).unwrap_or(30);
    let only = arguments.next();
    let shapes: [Shape; 4] = [
        ("log", log::run),
        ("mesh", mesh::run),
        ("minecraft_savedata", minecraft::run),
        ("mk48", mk48::run),
    ];
    println!("best of {rounds} rounds; dx-teleport, rkyv, rkyv / dx-teleport");
    for (name, shape) in shapes {
        if only.as_deref().is_none_or(|only| only == name) {
            shape(rounds);
        }
    }
}
