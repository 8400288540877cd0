//! The doctor, as users meet it: on this machine, and on ones that are made worse.
//!
//! Owns the running command, a filter and limits for its process, and the reading of its report.
//! May not know how facts are gathered or judged. Invariant: this process itself is never filtered
//! or limited; a child is, and what it becomes.
#![cfg(target_os = "linux")]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use dx_io::{BACKEND_VARIABLE, Driver, IoBackend, ReactorConfig};
use serde_json::Value;

/// Tells this binary, run once more, how io_uring_setup is to be refused: an errno.
const VARIABLE: &str = "DX_TEST_DOCTOR_ERRNO";

fn doctor(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dx-reactor"));
    command.arg("doctor").args(flags).env_remove(BACKEND_VARIABLE);
    command
}

/// The doctor in a shell in which `ulimit` was called with `limit`.
fn in_shell(limit: &str, flags: &[&str]) -> Command {
    let doctor = env!("CARGO_BIN_EXE_dx-reactor");
    let line = format!("ulimit {limit} && exec \"$0\" doctor \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line, doctor]).args(flags).env_remove(BACKEND_VARIABLE);
    shell
}

fn limited(limit: &str, flags: &[&str]) -> Output {
    in_shell(limit, flags).output().expect("a shell starts")
}

/// The report of a run with `--json`, which must have ended as it says.
fn report(output: &Output) -> Value {
    let told = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(complained.is_empty(), "{complained}");
    let report: Value = serde_json::from_str(&told).unwrap_or_else(|why| panic!("{why}: {told}"));
    let can_serve = report["can_serve"].as_bool().expect("a verdict");
    assert_eq!(output.status.code(), Some(if can_serve { 0 } else { 1 }), "{told}");
    report
}

/// State, value and cure of the check `name`.
fn check<'a>(report: &'a Value, name: &str) -> (&'a str, &'a str, Option<&'a str>) {
    let checks = report["checks"].as_array().expect("a list");
    let check = checks.iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("no {name} in {report:#}"));
    let text = |key: &str| check[key].as_str();
    (text("state").expect("a state"), text("value").expect("a value"), text("cure"))
}

fn opens(backend: IoBackend) -> bool {
    Driver::open(backend, &ReactorConfig::default()).is_ok()
}

#[test]
fn people_and_machines_are_told_the_same() {
    let output = doctor(&["--json"]).output().expect("starts");
    let report = report(&output);
    let lines = doctor(&[]).output().expect("starts");
    assert_eq!(lines.status, output.status);
    let text = String::from_utf8(lines.stdout).expect("text");
    let mut lines = text.lines();
    for told in report["checks"].as_array().expect("a list") {
        let line = lines.next().expect("a line for each check");
        for key in ["state", "name", "value"] {
            let word = told[key].as_str().expect("text");
            assert!(line.contains(word), "no {word:?} in {line:?}");
        }
        if let Some(cure) = told["cure"].as_str() {
            let line = lines.next().expect("a line for the cure");
            assert!(line.trim_start() == format!("cure: {cure}"), "{line}");
        }
    }
    let verdict = lines.next().expect("a verdict");
    let can_serve = verdict.ends_with("a server can run here");
    assert_eq!(report["can_serve"], can_serve, "{verdict}");
    assert_eq!(lines.next(), None);
}

/// What opens in this process opens for the doctor.
#[test]
fn backends_are_found_as_they_are() {
    let report = report(&doctor(&["--json", "--workers", "2"]).output().expect("starts"));
    assert_eq!(report["workers"], 2);
    let rungs = ["io_uring 6.1", "io_uring 5.19", "io_uring 5.1"];
    let is_open = |name: &str| check(&report, name).0 == "ok";
    assert_eq!(rungs.into_iter().any(is_open), opens(IoBackend::IoUring));
    assert_eq!(is_open("epoll"), opens(IoBackend::Epoll));
    assert_eq!(report["can_serve"], true, "the other tests of this crate serve here");
}

#[test]
fn too_many_workers_are_told() {
    let count = dx_io::host::allowed_cpus().expect("the system tells").len();
    let more = (count + 1).to_string();
    let report = report(&doctor(&["--json", "--workers", &more]).output().expect("starts"));
    let (state, value, cure) = check(&report, "workers");
    assert_eq!(state, "warning", "{value}");
    assert!(value.starts_with(&format!("{more}; ")), "{value}");
    assert!(cure.is_some_and(|cure| cure.contains(&format!("--workers {count}`"))), "{cure:?}");
}

#[test]
fn the_environment_is_obeyed_and_told() {
    let with = |value: &str| {
        report(&doctor(&["--json"]).env(BACKEND_VARIABLE, value).output().expect("starts"))
    };
    let epoll = with("epoll");
    assert!(check(&epoll, "backend").1.contains("epoll, as DX_IO_BACKEND asks for"));
    assert_eq!(epoll["can_serve"], true);
    let nonsense = with("select");
    let (state, value, cure) = check(&nonsense, "backend");
    assert_eq!(state, "problem");
    assert!(value.contains("DX_IO_BACKEND") && cure.is_some_and(|cure| cure.contains("unset")));
    assert_eq!(nonsense["can_serve"], false);
}

#[test]
fn few_descriptors_are_a_warning_and_too_few_a_problem() {
    let few = report(&limited("-n 256", &["--json", "--workers", "2"]));
    let (state, value, cure) = check(&few, "descriptors");
    assert_eq!(state, "warning", "{value}");
    assert!(value.contains("soft 256, hard 256"), "{value}");
    assert!(cure.is_some_and(|cure| cure.contains("ulimit -n")), "{cure:?}");
    assert_eq!(few["can_serve"], true);

    // Only the soft limit: the server raises it, and so does the doctor.
    let soft = report(&limited("-S -n 256", &["--json"]));
    let (_, value, _) = check(&soft, "descriptors");
    assert!(value.contains("soft 256, hard ") && value.contains("raised to "), "{value}");

    // Each worker has room for one connection over epoll; so few as 8 do not even start a worker.
    let over_epoll = |limit: &str| {
        let mut shell = in_shell(limit, &["--json", "--workers", "2"]);
        report(&shell.env(BACKEND_VARIABLE, "epoll").output().expect("a shell starts"))
    };
    let scarce = over_epoll("-n 48");
    let (state, value, _) = check(&scarce, "descriptors");
    assert!(state == "warning" && value.contains("epoll holds 2 connections"), "{value}");
    assert_eq!(scarce["can_serve"], true);
    let none = over_epoll("-n 8");
    let (state, value, _) = check(&none, "server");
    assert!(state == "problem" && value.contains("Too many open files"), "{value}");
    assert_eq!(none["can_serve"], false);
}

#[test]
fn locked_memory_is_told() {
    let report = report(&limited("-l 64", &["--json"]));
    assert!(check(&report, "locked memory").1.starts_with("64 KiB"));
}

/// A sandbox that refuses io_uring_setup in either way: the doctor says so, and what to do.
#[test]
fn a_filter_is_found() {
    if let Ok(errno) = std::env::var(VARIABLE) {
        refuse_io_uring(errno.parse().expect("a number"));
        // The filter stays on when this process becomes the doctor.
        panic!("{}", doctor(&["--json"]).exec());
    }
    if !opens(IoBackend::IoUring) {
        let why = "io_uring does not open here, so a filter would change nothing";
        assert!(std::env::var_os("DX_TEST_REQUIRE_ALL").is_none(), "{why}");
        return println!("skipped: {why}");
    }
    for errno in [libc::EPERM, libc::ENOSYS] {
        // The test runner has written lines of its own before the process became the doctor.
        let mut output = Command::new(std::env::current_exe().expect("own path"))
            .args(["--exact", "a_filter_is_found", "--nocapture"])
            .env(VARIABLE, errno.to_string())
            .output()
            .expect("starts");
        let at = output.stdout.windows(2).position(|two| two == b"{\n").expect("a report");
        output.stdout.drain(..at);
        let report = report(&output);
        assert_eq!(report["can_serve"], true);
        assert!(check(&report, "backend").1.contains("epoll, as io_uring does not open"));
        assert_eq!(check(&report, "epoll").0, "ok");
        assert_eq!(check(&report, "seccomp").0, "warning");
        let said = io::Error::from_raw_os_error(errno).to_string();
        for rung in ["io_uring 6.1", "io_uring 5.19", "io_uring 5.1"] {
            let (state, value, cure) = check(&report, rung);
            assert_eq!(state, "warning");
            assert!(value.contains("io_uring_setup") && value.contains(&said), "{value}");
            assert!(cure.is_some_and(|cure| cure.contains("--security-opt seccomp=")), "{cure:?}");
        }
    }
}

/// Refuses io_uring_setup with `errno` in this process, from now on.
fn refuse_io_uring(errno: i32) {
    let step = |code: u32, jump_false: u8, operand: u32| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: jump_false,
        k: operand,
    };
    let number = u32::try_from(libc::SYS_io_uring_setup).expect("system calls have small numbers");
    // Load the call's number; if it is not ours, skip the refusal (seccomp(2)).
    let mut steps = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, number),
        step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ERRNO | errno.cast_unsigned()),
        step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: PR_SET_NO_NEW_PRIVS takes numbers alone.
    let first = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(first, 0, "{}", io::Error::last_os_error());
    // SAFETY: `program` points to `steps`, and both outlive the call, which copies them.
    let second =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(second, 0, "{}", io::Error::last_os_error());
}
