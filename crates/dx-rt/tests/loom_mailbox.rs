//! Every interleaving of pushes with an owner that goes to sleep.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p dx-rt --release --test loom_mailbox`
#![cfg(loom)]

use dx_rt::mailbox::Mailbox;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

/// Waits and remembers as an eventfd does: a notification that nobody waits for is kept.
struct Reactor {
    notified: Mutex<bool>,
    changed: Condvar,
}

impl Reactor {
    fn notify(&self) {
        *self.notified.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let mut notified = self.notified.lock().unwrap();
        while !*notified {
            notified = self.changed.wait(notified).unwrap();
        }
        *notified = false;
    }
}

/// Owner and pushers: a lost wake is a deadlock, which loom reports. With a bound on preemptions
/// where there are too many interleavings for all of them (two to three find most bugs).
fn owner_receives_all(pushers: usize, each: usize, preemption_bound: Option<usize>) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemption_bound;
    builder.check(move || {
        let reactor = Arc::new(Reactor { notified: Mutex::new(false), changed: Condvar::new() });
        let wakes = Arc::clone(&reactor);
        let mailbox = Arc::new(Mailbox::new(4, move || wakes.notify()));
        let threads: Vec<_> = (0..pushers)
            .map(|_| {
                let mailbox = Arc::clone(&mailbox);
                thread::spawn(move || {
                    for message in 0..each {
                        mailbox.push(message).unwrap();
                    }
                })
            })
            .collect();
        let mut received = Vec::new();
        while received.len() < pushers * each {
            if mailbox.prepare_sleep() {
                reactor.wait();
                mailbox.awake();
            }
            mailbox.drain(&mut received);
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(mailbox.is_empty());
    });
}

#[test]
fn one_pusher_one_message() {
    owner_receives_all(1, 1, None);
}

#[test]
fn one_pusher_two_messages() {
    owner_receives_all(1, 2, None);
}

#[test]
fn two_pushers() {
    owner_receives_all(2, 1, Some(3));
}
