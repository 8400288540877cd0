//! Made-up machines.
//!
//! Owns a machine that has nothing to mend, and the runner of tables that change it. Invariant: a
//! row changes the good machine in what it is about, and in nothing else.

use std::io::ErrorKind;

use dx_io::host::{SystemCallFilter, TcpSettings};
use dx_io::{IoBackend, UringRung};

use super::judge;
use crate::doctor::facts::{Chosen, Descriptors, Facts, Refusal, Rung, Tried};
use crate::doctor::report::State;

/// Two workers on four CPUs of a new kernel, without any container.
pub(super) fn good() -> Facts {
    let mut tcp = TcpSettings::default();
    tcp.handshakes_max = Some(4096);
    tcp.syn_cookies = Some(true);
    tcp.ports = Some((32_768, 60_999));
    tcp.congestion_control = Some(String::from("cubic"));
    Facts {
        workers: 2,
        release: Some(String::from("6.18.1-vendor")),
        rungs: vec![
            Rung { rung: UringRung::Deferred, since: "6.1", tried: opened(100_000) },
            Rung { rung: UringRung::Provided, since: "5.19", tried: opened(100_000) },
        ],
        epoll: opened(50_000),
        chosen: Ok(Chosen { backend: IoBackend::IoUring, by_environment: false }),
        served: Ok(()),
        io_uring_disabled: Some(0),
        filter: Some(SystemCallFilter::Open),
        descriptors: Descriptors { soft: 1024, hard: 100_000, raised: 100_000 },
        memlock: None,
        memory: None,
        accept_queue_max: Some(4096),
        tcp,
        shared_port: Ok(()),
        cpus: vec![0, 1, 2, 3],
        quota: None,
    }
}

pub(super) fn opened(connections: u32) -> Tried {
    Tried::Opened { features: String::from("some rung"), connections }
}

pub(super) fn refused(kind: ErrorKind) -> Refusal {
    Refusal { kind, said: String::from("step: said"), advice: Some("as the host advises") }
}

/// Refuses every rung of io_uring, and has epoll chosen.
pub(super) fn refuse_io_uring(facts: &mut Facts, kind: ErrorKind) {
    for rung in &mut facts.rungs {
        rung.tried = Tried::Refused(refused(kind));
    }
    facts.chosen = Ok(Chosen { backend: IoBackend::Epoll, by_environment: false });
}

/// One machine: what is different from the good one, the check that is looked at, the state it
/// must have, words of its value, words of its cure (none: there is no cure).
pub(super) type Row = (fn(&mut Facts), &'static str, State, &'static [&'static str], Cure);
pub(super) type Cure = &'static [&'static str];

pub(super) fn run(rows: &[Row]) {
    for (index, (change, name, state, value, cure)) in rows.iter().enumerate() {
        let mut facts = good();
        change(&mut facts);
        let report = judge(&facts);
        let check = report.checks.iter().find(|check| check.name == *name);
        let check = check.unwrap_or_else(|| panic!("row {index}: no check {name}"));
        assert_eq!(check.state, *state, "row {index}: {check:?}");
        for word in *value {
            assert!(check.value.contains(word), "row {index}: no {word:?} in {check:?}");
        }
        assert_eq!(check.cure.is_some(), !cure.is_empty(), "row {index}: {check:?}");
        for word in *cure {
            let told = check.cure.as_deref().unwrap_or_default();
            assert!(told.contains(word), "row {index}: no {word:?} in {check:?}");
        }
        let is_problem = report.checks.iter().any(|check| check.state == State::Problem);
        assert_eq!(report.can_serve(), !is_problem, "row {index}");
    }
}
