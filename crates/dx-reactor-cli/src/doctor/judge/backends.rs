//! Which kernel interface carries the I/O, and what keeps a better one away.
//!
//! Owns the checks of the kernel, of each backend, and of what refuses io_uring. Knows no limits.
//! Invariant: io_uring that is refused costs speed and is a warning; no backend at all is a
//! problem.

use std::io::ErrorKind;

use dx_io::host::SystemCallFilter;
use dx_io::{IoBackend, KernelVersion, UringRung};

use super::counted;
use crate::doctor::facts::{Facts, Refusal, Rung, Tried};
use crate::doctor::report::{Check, State};

const ALLOW_CALLS: &str = "let the sandbox allow io_uring_setup, io_uring_enter and \
    io_uring_register: `docker run --security-opt seccomp=PROFILE.json` with a profile that does \
    (`seccomp=unconfined` to try it), Kubernetes `seccompProfile.type: Localhost`, systemd \
    `SystemCallFilter=io_uring_setup io_uring_enter io_uring_register`";
const ALLOW_ALL: &str = "`sysctl -w kernel.io_uring_disabled=0` on the host";
const ALLOW_GROUP: &str = "`sysctl -w kernel.io_uring_disabled=0` on the host, or have the \
    server's group in `sysctl kernel.io_uring_group`";
const UNSET: &str = "`unset DX_IO_BACKEND` has the best backend found";

pub(super) fn judge(facts: &Facts, checks: &mut Vec<Check>) {
    checks.push(kernel(facts));
    checks.push(chosen(facts));
    checks.extend(facts.rungs.iter().map(|each| rung(facts, each)));
    checks.push(sysctl(facts));
    checks.push(filter(facts));
    checks.push(epoll(facts));
}

fn kernel(facts: &Facts) -> Check {
    let name = "kernel";
    let Some(release) = &facts.release else { return Check::new(name, State::Note, "unknown") };
    match KernelVersion::parse(release) {
        Some(version) if version.allows(UringRung::default()) => Check::ok(name, release),
        Some(_) => Check::new(name, State::Note, release)
            .cure("run Linux 6.1 or later, where io_uring is fastest"),
        None => Check::new(name, State::Note, format!("{release}, which is no version we know")),
    }
}

/// What a server takes that was told nothing.
fn chosen(facts: &Facts) -> Check {
    let name = "backend";
    match &facts.chosen {
        Ok(chosen) if chosen.by_environment => {
            let value = format!("{}, as DX_IO_BACKEND asks for", chosen.backend);
            let best = if opens_io_uring(facts) { IoBackend::IoUring } else { chosen.backend };
            match chosen.backend == best {
                true => Check::ok(name, value),
                false => Check::new(name, State::Note, value).cure(UNSET),
            }
        }
        Ok(chosen) if chosen.backend == IoBackend::IoUring => {
            Check::ok(name, format!("{}, the best there is", chosen.backend))
        }
        Ok(chosen) => {
            let value = format!("{}, as io_uring does not open", chosen.backend);
            Check::new(name, State::Note, value)
        }
        Err(refusal) => {
            let check = Check::new(name, State::Problem, format!("none: {}", refusal.said));
            // Where one opens, only the environment can have named another, or nonsense.
            let cure = if opens_any(facts) { Some(UNSET) } else { refusal.advice };
            match cure {
                Some(cure) => check.cure(cure),
                None => check,
            }
        }
    }
}

fn rung(facts: &Facts, rung: &Rung) -> Check {
    let name = format!("io_uring {}", rung.since);
    let later = || format!("run Linux {} or later", rung.since);
    match &rung.tried {
        Tried::Opened { features, connections } => {
            let connections = counted(u64::from(*connections), "connection");
            Check::ok(name, format!("opens: {connections} a worker; {features}"))
        }
        Tried::Lower(features) => {
            Check::new(name, State::Note, format!("does not open; the kernel has {features}"))
                .cure(later())
        }
        Tried::Refused(refusal) => {
            let value = format!("refused: {}", refusal.said);
            let version = facts.release.as_deref().and_then(KernelVersion::parse);
            if version.is_some_and(|version| !version.allows(rung.rung)) {
                return Check::new(name, State::Note, value).cure(later());
            }
            let check = Check::new(name, State::Warning, value);
            match cause(facts, refusal) {
                Some(cure) => check.cure(cure),
                None => check,
            }
        }
    }
}

/// What to do about io_uring that is refused: by the likeliest cause, else by the host's advice.
fn cause(facts: &Facts, refusal: &Refusal) -> Option<&'static str> {
    match facts.io_uring_disabled {
        Some(2..) if refusal.kind == ErrorKind::PermissionDenied => return Some(ALLOW_ALL),
        Some(1) if refusal.kind == ErrorKind::PermissionDenied => return Some(ALLOW_GROUP),
        _ => {}
    }
    if is_filtered(facts) && looks_filtered(refusal) {
        return Some(ALLOW_CALLS);
    }
    refusal.advice
}

fn sysctl(facts: &Facts) -> Check {
    let name = "io_uring_disabled";
    // The privileged and the members of the group are not concerned.
    let state = if opens_io_uring(facts) { State::Note } else { State::Warning };
    match facts.io_uring_disabled {
        None => Check::ok(name, "no such sysctl, nothing is disabled by it"),
        Some(0) => Check::ok(name, "0"),
        Some(1) => Check::new(name, state, "1: only the privileged and one group may use io_uring")
            .cure(ALLOW_GROUP),
        Some(other) => {
            Check::new(name, state, format!("{other}: nobody may use io_uring")).cure(ALLOW_ALL)
        }
    }
}

fn filter(facts: &Facts) -> Check {
    let name = "seccomp";
    if !is_filtered(facts) {
        return match facts.filter {
            Some(_) => Check::ok(name, "no filter"),
            None => Check::ok(name, "the kernel has no filters"),
        };
    }
    if opens_io_uring(facts) {
        return Check::ok(name, "a filter, which lets io_uring through");
    }
    let mut refusals = facts.rungs.iter().filter_map(|rung| match &rung.tried {
        Tried::Refused(refusal) => Some(refusal),
        _ => None,
    });
    let is_sysctl = facts.io_uring_disabled.is_some_and(|disabled| disabled > 0);
    match !is_sysctl && refusals.any(looks_filtered) {
        true => Check::new(name, State::Warning, "a filter, which seems to refuse io_uring")
            .cure(ALLOW_CALLS),
        false => Check::new(name, State::Note, "a filter; whether it refuses io_uring is not seen"),
    }
}

fn epoll(facts: &Facts) -> Check {
    let name = "epoll";
    match &facts.epoll {
        Tried::Opened { connections, .. } => {
            let connections = counted(u64::from(*connections), "connection");
            Check::ok(name, format!("opens: {connections} a worker"))
        }
        Tried::Lower(features) => Check::ok(name, features),
        Tried::Refused(refusal) => {
            let check = Check::new(name, State::Warning, format!("refused: {}", refusal.said));
            match refusal.advice {
                Some(advice) => check.cure(advice),
                None => check,
            }
        }
    }
}

fn opens_io_uring(facts: &Facts) -> bool {
    facts.rungs.iter().any(|rung| matches!(rung.tried, Tried::Opened { .. }))
}

fn opens_any(facts: &Facts) -> bool {
    opens_io_uring(facts) || matches!(facts.epoll, Tried::Opened { .. })
}

fn is_filtered(facts: &Facts) -> bool {
    facts.filter.is_some_and(|filter| filter != SystemCallFilter::Open)
}

/// Whether a filter answers so: "not permitted" (EPERM), or "no such call" (ENOSYS).
fn looks_filtered(refusal: &Refusal) -> bool {
    matches!(refusal.kind, ErrorKind::PermissionDenied | ErrorKind::Unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::facts::Chosen;
    use crate::doctor::judge::rows::{Row, refuse_io_uring, refused, run};

    fn release(facts: &mut Facts, release: &str) {
        facts.release = Some(String::from(release));
    }

    fn environment(facts: &mut Facts, backend: IoBackend) {
        facts.chosen = Ok(Chosen { backend, by_environment: true });
    }

    #[test]
    fn kernels() {
        let rows: [Row; 5] = [
            (|f| release(f, "6.1.0-9-amd64"), "kernel", State::Ok, &["6.1.0-9-amd64"], &[]),
            (|f| release(f, "5.19.17"), "kernel", State::Note, &["5.19.17"], &["Linux 6.1"]),
            (|f| release(f, "4.19.0"), "kernel", State::Note, &["4.19.0"], &["Linux 6.1"]),
            (|f| release(f, "plan9"), "kernel", State::Note, &["plan9"], &[]),
            (|f| f.release = None, "kernel", State::Note, &["unknown"], &[]),
        ];
        run(&rows);
    }

    #[test]
    fn choices() {
        fn nothing_opens(facts: &mut Facts, is_advised: bool) {
            refuse_io_uring(facts, ErrorKind::PermissionDenied);
            let mut refusal = refused(ErrorKind::Other);
            refusal.advice = refusal.advice.filter(|_| is_advised);
            facts.epoll = Tried::Refused(refusal.clone());
            facts.chosen = Err(refusal);
        }
        let rows: [Row; 8] = [
            (|_| {}, "backend", State::Ok, &["io_uring, the best"], &[]),
            (|f| environment(f, IoBackend::IoUring), "backend", State::Ok, &["DX_IO_BACKEND"], &[]),
            (
                |f| environment(f, IoBackend::Epoll),
                "backend",
                State::Note,
                &["epoll, as"],
                &["unset DX_IO_BACKEND"],
            ),
            (
                |f| {
                    refuse_io_uring(f, ErrorKind::PermissionDenied);
                    environment(f, IoBackend::Epoll);
                },
                "backend",
                State::Ok,
                &["epoll, as DX_IO_BACKEND asks for"],
                &[],
            ),
            (
                |f| refuse_io_uring(f, ErrorKind::PermissionDenied),
                "backend",
                State::Note,
                &["epoll, as io_uring does not open"],
                &[],
            ),
            (
                |f| f.chosen = Err(refused(ErrorKind::InvalidInput)),
                "backend",
                State::Problem,
                &["none: step: said"],
                &["unset DX_IO_BACKEND"],
            ),
            (
                |f| nothing_opens(f, true),
                "backend",
                State::Problem,
                &["none: step: said"],
                &["as the host advises"],
            ),
            (|f| nothing_opens(f, false), "backend", State::Problem, &["none: step: said"], &[]),
        ];
        run(&rows);
    }

    #[test]
    fn rungs() {
        fn old(facts: &mut Facts) {
            release(facts, "5.19.17");
            facts.rungs[0].tried = Tried::Lower(String::from("the 5.19 rung"));
        }
        fn ancient(facts: &mut Facts) {
            release(facts, "4.19.0");
            refuse_io_uring(facts, ErrorKind::Unsupported);
        }
        let rows: [Row; 7] = [
            (|_| {}, "io_uring 6.1", State::Ok, &["opens: 100000 connections a worker"], &[]),
            (old, "io_uring 6.1", State::Note, &["has the 5.19 rung"], &["Linux 6.1"]),
            (old, "io_uring 5.19", State::Ok, &["opens"], &[]),
            (ancient, "io_uring 6.1", State::Note, &["refused: step: said"], &["Linux 6.1"]),
            (ancient, "io_uring 5.19", State::Note, &["refused"], &["Linux 5.19"]),
            (
                |f| refuse_io_uring(f, ErrorKind::OutOfMemory),
                "io_uring 5.19",
                State::Warning,
                &["refused: step: said"],
                &["as the host advises"],
            ),
            (|f| f.rungs.truncate(1), "backend", State::Ok, &[], &[]),
        ];
        run(&rows);
    }

    /// What refuses: the sysctl, a filter, both, or neither.
    #[test]
    fn causes() {
        fn denied(facts: &mut Facts, disabled: Option<u8>, filter: Option<SystemCallFilter>) {
            refuse_io_uring(facts, ErrorKind::PermissionDenied);
            facts.io_uring_disabled = disabled;
            facts.filter = filter;
        }
        const FILTERED: Option<SystemCallFilter> = Some(SystemCallFilter::Filtered);
        let rung = "io_uring 6.1";
        let sysctl = "io_uring_disabled";
        let rows: [Row; 16] = [
            (|f| denied(f, Some(2), None), rung, State::Warning, &[], &["io_uring_disabled=0"]),
            (|f| denied(f, Some(2), None), sysctl, State::Warning, &["2: nobody"], &["sysctl -w"]),
            (|f| denied(f, Some(1), None), rung, State::Warning, &[], &["io_uring_group"]),
            (|f| denied(f, Some(1), None), sysctl, State::Warning, &["1: only"], &["_group"]),
            (|f| f.io_uring_disabled = Some(1), sysctl, State::Note, &["1: only"], &["_group"]),
            (|f| f.io_uring_disabled = None, sysctl, State::Ok, &["no such sysctl"], &[]),
            (|f| denied(f, Some(0), FILTERED), rung, State::Warning, &[], &["docker", "seccomp="]),
            (|f| denied(f, None, FILTERED), "seccomp", State::Warning, &["refuse"], &["docker"]),
            (|f| denied(f, Some(2), FILTERED), rung, State::Warning, &[], &["io_uring_disabled"]),
            (|f| denied(f, Some(2), FILTERED), "seccomp", State::Note, &["not seen"], &[]),
            (|f| denied(f, Some(0), None), rung, State::Warning, &[], &["as the host advises"]),
            (|f| denied(f, Some(0), None), "seccomp", State::Ok, &["has no filters"], &[]),
            (|f| f.filter = FILTERED, "seccomp", State::Ok, &["lets io_uring through"], &[]),
            (
                |f| {
                    refuse_io_uring(f, ErrorKind::Unsupported);
                    f.filter = FILTERED;
                },
                rung,
                State::Warning,
                &[],
                &["docker"],
            ),
            (
                |f| {
                    refuse_io_uring(f, ErrorKind::OutOfMemory);
                    f.filter = FILTERED;
                },
                "seccomp",
                State::Note,
                &["not seen"],
                &[],
            ),
            (|_| {}, "seccomp", State::Ok, &["no filter"], &[]),
        ];
        run(&rows);
    }

    #[test]
    fn readiness() {
        let rows: [Row; 3] = [
            (|_| {}, "epoll", State::Ok, &["opens: 50000 connections a worker"], &[]),
            (
                |f| f.epoll = Tried::Refused(refused(ErrorKind::Other)),
                "epoll",
                State::Warning,
                &["refused: step: said"],
                &["as the host advises"],
            ),
            (
                |f| {
                    let silent = Refusal { advice: None, ..refused(ErrorKind::Other) };
                    f.epoll = Tried::Refused(silent);
                },
                "epoll",
                State::Warning,
                &["refused"],
                &[],
            ),
        ];
        run(&rows);
    }
}
