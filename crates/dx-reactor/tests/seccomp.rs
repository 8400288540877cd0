//! What a sandbox forbids is found out, told, and avoided.
//!
//! Owns the filters and a child process for each, because a filter is for life. May not know how a
//! backend is probed. Invariant: this process itself is never filtered.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::process::Command;

use dx_reactor::{App, DxReactor, IoBackend, Running, WorkerStrategy};

/// Tells the child which filter to put on.
const VARIABLE: &str = "DX_TEST_FILTER";

/// One filter: the system call it refuses, how, and what a user is told.
struct Row {
    name: &'static str,
    call: libc::c_long,
    errno: i32,
    /// What the one line says about the cause, and about the cure.
    told: [&'static str; 2],
    /// Who insists on io_uring gets its lowest rung.
    lowest_rung: bool,
}

const ROWS: [Row; 4] = [
    Row {
        name: "setup is not permitted",
        call: libc::SYS_io_uring_setup,
        errno: libc::EPERM,
        told: ["io_uring_setup: Operation not permitted", "seccomp"],
        lowest_rung: false,
    },
    Row {
        name: "setup is unknown",
        call: libc::SYS_io_uring_setup,
        errno: libc::ENOSYS,
        told: ["io_uring_setup: Function not implemented", "sandbox"],
        lowest_rung: false,
    },
    Row {
        name: "enter is not permitted",
        call: libc::SYS_io_uring_enter,
        errno: libc::EPERM,
        told: ["io_uring_enter: Operation not permitted", "allow both or neither"],
        lowest_rung: false,
    },
    Row {
        // As before 5.6, which has no probe.
        name: "registrations are unknown",
        call: libc::SYS_io_uring_register,
        errno: libc::EINVAL,
        told: ["io_uring lacks an operation: Invalid argument", "older than 5.19"],
        lowest_rung: true,
    },
];

/// Refuses `call` with `errno` in this process, from now on.
fn refuse(call: libc::c_long, errno: i32) {
    let step = |code: u32, jump_false: u8, operand: u32| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: jump_false,
        k: operand,
    };
    let number = u32::try_from(call).expect("system calls have small numbers");
    // Load the call's number; if it is not ours, skip the refusal (seccomp(2)).
    let mut steps = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, number),
        step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ERRNO | errno as u32),
        step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: PR_SET_NO_NEW_PRIVS takes numbers alone.
    let first = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(first, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: `program` points to `steps`, and both outlive the call, which copies them.
    let second =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(second, 0, "{}", std::io::Error::last_os_error());
}

/// The filtered life.
fn child(row: &Row) {
    refuse(row.call, row.errno);
    let describe = |backend| {
        DxReactor::build()
            .workers(WorkerStrategy::Fixed(2))
            .io_backend(backend)
            .listen(([127, 0, 0, 1], 0))
            .app(|_| App::new().get("/", || "Hello, World!"))
            .build()
    };
    // Auto goes on without it, and says why in one line.
    let running = describe(IoBackend::Auto).start().expect("starts on another backend");
    for detection in running.detections() {
        assert_eq!(detection.backend(), IoBackend::Epoll);
        assert_told(row, &detection.to_string());
    }
    assert_answers(running);
    if row.lowest_rung {
        let running = describe(IoBackend::IoUring).start().expect("starts on the lowest rung");
        for detection in running.detections() {
            assert_eq!(detection.backend(), IoBackend::IoUring);
            assert!(detection.features().contains("the 5.1 rung"), "{}", detection.features());
        }
        assert_answers(running);
    } else {
        // Who insists is refused, with the same reason and the cure.
        let error = describe(IoBackend::IoUring).start().expect_err("cannot start");
        assert_told(row, &error.to_string());
    }
    println!("{} seen to its end", row.name);
}

/// Asks once, then ends the server.
fn assert_answers(running: Running) {
    let mut stream = std::net::TcpStream::connect(running.addr()).expect("connects");
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("takes it");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answers");
    assert!(answer.ends_with("\r\n\r\nHello, World!"), "{answer}");
    drop(stream);
    running.stop().expect("ends");
}

fn assert_told(row: &Row, line: &str) {
    assert!(!line.contains('\n'), "{line}");
    for word in row.told {
        assert!(line.contains(word), "{word:?} in: {line}");
    }
}

#[test]
fn refused_system_calls() {
    if let Ok(name) = std::env::var(VARIABLE) {
        return ROWS.iter().filter(|row| row.name == name).for_each(child);
    }
    for row in &ROWS {
        let ended = Command::new(std::env::current_exe().expect("own path"))
            .args(["--exact", "refused_system_calls", "--nocapture"])
            .env(VARIABLE, row.name)
            // Auto is what is tested.
            .env_remove(dx_reactor::io::BACKEND_VARIABLE)
            .output()
            .expect("starts");
        let told = String::from_utf8_lossy(&ended.stdout);
        let complained = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{}:\n{told}\n{complained}", row.name);
        assert!(told.contains(&format!("{} seen to its end", row.name)), "{told}");
    }
}
