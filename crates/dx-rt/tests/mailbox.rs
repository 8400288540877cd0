//! The mailbox on real threads; its interleavings are in `loom_mailbox.rs`.
#![cfg(not(loom))]

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dx_rt::Full;
use dx_rt::mailbox::{Mailbox, Notify};

#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Notify for Count {
    fn notify(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn full_gives_the_message_back_and_draining_makes_room() {
    let mailbox = Mailbox::new(2, || ());
    assert_eq!(mailbox.push("a"), Ok(()));
    assert_eq!(mailbox.push("b"), Ok(()));
    assert_eq!(mailbox.push("c"), Err(Full("c")));
    let mut into = vec!["kept"];
    assert_eq!(mailbox.drain(&mut into), 2);
    assert_eq!(into, ["kept", "a", "b"]);
    assert_eq!(mailbox.push("c"), Ok(()));
    assert_eq!(mailbox.drain(&mut into), 1);
    assert_eq!(mailbox.drain(&mut into), 0);
    assert_eq!(into, ["kept", "a", "b", "c"]);
    assert_eq!(Mailbox::new(0, || ()).push(1), Err(Full(1)));
}

#[test]
fn only_a_sleeper_is_notified_and_only_once() {
    let count = Count::default();
    let notified = || count.0.load(Ordering::Relaxed);
    let mailbox = Mailbox::new(3, count.clone());
    mailbox.push(1).unwrap();
    assert_eq!(notified(), 0, "the owner is awake");
    assert!(!mailbox.prepare_sleep());
    mailbox.push(2).unwrap();
    assert_eq!(notified(), 0, "it did not go to sleep");
    assert_eq!(mailbox.drain(&mut Vec::new()), 2);

    assert!(mailbox.prepare_sleep());
    for message in 0..3 {
        mailbox.push(message).unwrap();
    }
    assert_eq!(mailbox.push(3), Err(Full(3)));
    assert_eq!(notified(), 1);
    mailbox.awake();
    mailbox.drain(&mut Vec::new());

    assert!(mailbox.prepare_sleep());
    mailbox.awake();
    mailbox.push(4).unwrap();
    assert_eq!(notified(), 1, "it took its wish back");
}

#[test]
fn a_closed_mailbox_gives_everything_back() {
    let count = Count::default();
    let mailbox = Mailbox::new(3, count.clone());
    mailbox.push(1).unwrap();
    mailbox.push(2).unwrap();
    assert_eq!(mailbox.close(), [1, 2]);
    assert!(mailbox.is_empty());
    assert_eq!(mailbox.push(3), Err(Full(3)));
    assert!(mailbox.close().is_empty());
    assert_eq!(mailbox.drain(&mut Vec::new()), 0);
    assert!(mailbox.prepare_sleep());
    assert_eq!(mailbox.push(4), Err(Full(4)));
    assert_eq!(count.0.load(Ordering::Relaxed), 0, "nothing has come, so nobody is woken");
}

/// The owner blocks for real whenever it may: a lost wake hangs this test.
#[test]
fn four_threads_lose_nothing_and_keep_their_order() {
    const EACH: u32 = 20_000;
    let owner = std::thread::current();
    let mailbox = Mailbox::new(64, move || owner.unpark());
    let last = [const { Cell::new(None) }; 4];
    let mut received = 0;
    std::thread::scope(|scope| {
        for from in 0..4 {
            let mailbox = &mailbox;
            scope.spawn(move || {
                for number in 0..EACH {
                    while mailbox.push((from, number)).is_err() {
                        std::thread::yield_now();
                    }
                }
            });
        }
        let mut inbox = Vec::new();
        while received < 4 * EACH {
            if mailbox.prepare_sleep() {
                std::thread::park();
                mailbox.awake();
            }
            assert!(mailbox.drain(&mut inbox) <= 64);
            for (from, number) in inbox.drain(..) {
                let last: &Cell<Option<u32>> = &last[from];
                assert_eq!(number, last.get().map_or(0, |last| last + 1));
                last.set(Some(number));
                received += 1;
            }
        }
    });
    assert!(mailbox.is_empty());
}
