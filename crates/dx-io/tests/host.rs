//! The host and the kernel's version, judged by what /proc says about this very process.
//!
//! Owns the behaviour of `dx_io::host` and `KernelVersion`. Expects nothing of the machine: every
//! expected value is read beside the one under test. Invariant: no test outlasts a hang of its
//! own making by a timer; a hang is a failure that the test runner shows.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use dx_io::host::{self, Signal, SystemCallFilter, Termination};
use dx_io::{BlockingPool, KernelVersion, StartError, StartStep, UringRung};
use proptest::prelude::*;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::raise;

/// The value of `key` in a file of `Key:\tvalue` lines.
fn status_of(file: &str, key: &str) -> String {
    let text = fs::read_to_string(file).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.unwrap().trim().to_owned()
}

/// The members of a list such as `0-3,8,10-11`.
fn list(text: &str) -> BTreeSet<usize> {
    let bounds = |part: &str| -> (usize, usize) {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        (low.parse().unwrap(), high.parse().unwrap())
    };
    text.split(',').map(bounds).flat_map(|(low, high)| low..=high).collect()
}

#[test]
fn version_rows() {
    let rows = [
        ("6.18.44-fc-v595", Some((6, 18, 44))),
        ("5.4.0-150-generic", Some((5, 4, 0))),
        ("6.1", Some((6, 1, 0))),
        ("6.1-rc3", Some((6, 1, 0))),
        ("6.1.0+", Some((6, 1, 0))),
        ("5.10.16.3-microsoft-standard-WSL2", Some((5, 10, 16))),
        ("4.19.0_vendor", Some((4, 19, 0))),
        ("6.6.8\n", Some((6, 6, 8))),
        ("4294967295.0.0", Some((u32::MAX, 0, 0))),
        ("4294967296.0.0", None),
        ("6.99999999999999999999", None),
        ("6", None),
        ("6.", None),
        (".1", None),
        ("6.1.", None),
        ("6.1.x", None),
        ("6..1", None),
        ("+6.1", None),
        ("6.+1", None),
        ("6.1.-1", None),
        ("-6.1", None),
        (" 6.1", None),
        ("6.1rc3", None),
        ("6.1 5", None),
        ("6.1é", None),
        ("٦.١", None),
        ("linux", None),
        ("", None),
    ];
    for (text, expected) in rows {
        let expected =
            expected.map(|(major, minor, patch)| KernelVersion::new(major, minor, patch));
        assert_eq!(KernelVersion::parse(text), expected, "{text:?}");
    }
}

#[test]
fn what_a_version_has() {
    // version, io_uring at all, the Provided rung, the Deferred rung
    let rows = [
        ("4.19.300", false, false, false),
        ("5.0.99", false, false, false),
        ("5.1.0", true, false, false),
        ("5.18.19", true, false, false),
        ("5.19", true, true, false),
        ("6.0.19", true, true, false),
        ("6.1", true, true, true),
        ("6.18.44-fc-v595", true, true, true),
        ("7.0", true, true, true),
    ];
    for (text, any, provided, deferred) in rows {
        let version = KernelVersion::parse(text).unwrap();
        assert_eq!(version.has_io_uring(), any, "{text}");
        assert_eq!(version.allows(UringRung::Provided), provided, "{text}");
        assert_eq!(version.allows(UringRung::Deferred), deferred, "{text}");
    }
}

proptest! {
    #[test]
    fn a_version_reads_back(numbers: (u32, u32, u32), suffix in "(|[-+_~][ -~]*)") {
        let version = KernelVersion::new(numbers.0, numbers.1, numbers.2);
        prop_assert_eq!(KernelVersion::parse(&format!("{version}{suffix}")), Some(version));
    }

    #[test]
    fn versions_order_as_their_numbers(a: (u32, u32, u32), b in (0..9_u32, 0..3_u32, 0..3_u32)) {
        let near = (b.0, b.2, b.1);
        for other in [a, near] {
            let versions = [b, other].map(|(x, y, z)| KernelVersion::new(x, y, z));
            prop_assert_eq!(versions[0].cmp(&versions[1]), b.cmp(&other));
        }
    }

    #[test]
    fn any_text_is_survived(text in ".*", near in "[0-9.+-]{0,12}") {
        for text in [text, near] {
            if let Some(version) = KernelVersion::parse(&text) {
                prop_assert!(text.starts_with(|first: char| first.is_ascii_digit()));
                prop_assert_eq!(KernelVersion::parse(&version.to_string()), Some(version));
            }
        }
    }
}

#[test]
fn release_is_the_kernels_and_a_version() {
    let release = host::kernel_release().unwrap();
    let proc = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(release, proc.trim_end());
    assert!(KernelVersion::parse(&release).is_some());
}

#[test]
fn io_uring_sysctl_is_what_proc_says() {
    let proc = fs::read_to_string("/proc/sys/kernel/io_uring_disabled").ok();
    assert_eq!(host::io_uring_disabled(), proc.map(|text| text.trim().parse().unwrap()));
}

#[test]
fn the_filter_is_what_proc_says() {
    let expected = match status_of("/proc/self/status", "Seccomp").as_str() {
        "0" => SystemCallFilter::Open,
        "1" => SystemCallFilter::Strict,
        "2" => SystemCallFilter::Filtered,
        other => panic!("{other}: no such mode in prctl(2)"),
    };
    assert_eq!(host::system_call_filter(), Some(expected));
}

#[test]
fn tcp_settings_are_those_of_proc() {
    let read = |name: &str| fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).ok();
    let number = |name: &str| read(name).map(|text| text.trim().parse::<u32>().unwrap());
    let settings = host::tcp_settings();
    assert_eq!(settings.handshakes_max, number("tcp_max_syn_backlog"));
    assert_eq!(settings.syn_cookies, number("tcp_syncookies").map(|mode| mode > 0));
    let range = read("ip_local_port_range").map(|text| {
        let (first, last) = text.trim().split_once('\t').unwrap();
        (first.parse().unwrap(), last.parse().unwrap())
    });
    assert_eq!(settings.ports, range);
    let control = read("tcp_congestion_control").map(|text| text.trim().to_owned());
    assert_eq!(settings.congestion_control, control);
}

/// What the files amount to is judged beside their reader; here, that those of this process are
/// found: no limit is far below what the process already uses.
#[test]
fn the_memory_limit_is_one_that_this_process_lives_with() {
    let resident = status_of("/proc/self/status", "VmRSS");
    let resident: u64 = resident.trim_end_matches("kB").trim().parse().unwrap();
    // Pages of files are counted where they were read first, which may be elsewhere.
    assert!(host::memory_limit().is_none_or(|bytes| bytes / 1024 > resident / 2));
}

#[test]
fn allowed_cpus_are_those_of_proc() {
    let cpus = host::allowed_cpus().unwrap();
    assert!(cpus.is_sorted());
    let proc = list(&status_of("/proc/thread-self/status", "Cpus_allowed_list"));
    assert_eq!(cpus.into_iter().collect::<BTreeSet<_>>(), proc);
}

#[test]
fn every_allowed_cpu_can_be_pinned_to() {
    for cpu in host::allowed_cpus().unwrap() {
        let pinned = thread::spawn(move || {
            host::pin_current_thread(cpu).unwrap();
            let proc = status_of("/proc/thread-self/status", "Cpus_allowed_list");
            assert_eq!(list(&proc), BTreeSet::from([cpu]));
            assert_eq!(host::current_cpu().unwrap(), cpu);
            assert_eq!(host::allowed_cpus().unwrap(), [cpu]);
            assert_eq!(host::worker_cpus(), [cpu]);
        });
        pinned.join().unwrap();
    }
}

#[test]
fn a_restriction_can_be_widened_again() {
    let all = host::allowed_cpus().unwrap();
    let narrow = all[all.len() - 1];
    let thread = thread::spawn(move || {
        host::pin_current_thread(narrow).unwrap();
        host::restrict_current_thread(&all).unwrap();
        assert_eq!(host::allowed_cpus().unwrap(), all);
    });
    thread.join().unwrap();
}

#[test]
fn cpus_that_are_not_there_are_refused() {
    let before = host::allowed_cpus().unwrap();
    let absent = before.iter().max().unwrap() + 1;
    let possible = fs::read_to_string("/sys/devices/system/cpu/possible").unwrap();
    let absent = list(possible.trim()).into_iter().max().unwrap().max(absent) + 1;
    for cpus in [&[absent][..], &[1 << 15], &[1 << 40], &[usize::MAX], &[]] {
        let error = host::restrict_current_thread(cpus).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{cpus:?}");
    }
    assert_eq!(host::allowed_cpus().unwrap(), before);
}

#[test]
fn workers_are_the_first_allowed_cpus_within_the_quota() {
    let allowed = host::allowed_cpus().unwrap();
    let workers = host::worker_cpus();
    assert!(allowed.starts_with(&workers));
    let expected = match host::cpu_quota() {
        None => allowed.len(),
        Some(quota) => {
            assert!(quota > 0.0);
            allowed.iter().enumerate().take_while(|(before, _)| (*before as f64) < quota).count()
        }
    };
    assert_eq!(workers.len(), expected);
}

/// Soft and hard value of a row of /proc/self/limits; `None` for unlimited.
fn proc_limit(name: &str) -> [Option<u64>; 2] {
    let text = fs::read_to_string("/proc/self/limits").unwrap();
    let row = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let mut values = row.split_whitespace().map(|value| value.parse().ok());
    [values.next().unwrap(), values.next().unwrap()]
}

#[test]
fn limits_are_those_of_proc_and_the_descriptors_can_be_raised() {
    let check = || {
        let limits = host::limits();
        let [soft, hard] = proc_limit("Max open files");
        assert_eq!(limits.descriptors_soft, soft.unwrap_or(u64::MAX));
        assert_eq!(limits.descriptors_hard, hard.unwrap_or(u64::MAX));
        assert_eq!(limits.memlock_bytes, proc_limit("Max locked memory")[0]);
        let somaxconn = fs::read_to_string("/proc/sys/net/core/somaxconn").ok();
        assert_eq!(limits.accept_queue_max, somaxconn.map(|text| text.trim().parse().unwrap()));
        limits
    };
    let before = check();
    // The raise must have something to do, also where both limits are the same to begin with.
    let soft = before.descriptors_hard.min(1 << 20) - 1;
    let lowered = libc::rlimit { rlim_cur: soft, rlim_max: before.descriptors_hard };
    // SAFETY: `lowered` is a whole `rlimit`, which setrlimit(2) only reads.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const lowered) }, 0);
    assert_eq!(check().descriptors_soft, soft);

    for _ in 0..2 {
        assert_eq!(host::raise_descriptor_limit().unwrap(), before.descriptors_hard);
        assert_eq!(check().descriptors_soft, before.descriptors_hard);
    }
}

#[test]
fn cures_name_what_to_check() {
    use StartStep as Step;
    let rows: &[(StartStep, i32, &[&str])] = &[
        (Step::UringSetup, libc::EPERM, &["kernel.io_uring_disabled", "seccomp", "Seccomp:"]),
        (Step::UringSetup, libc::EACCES, &["SELinux"]),
        (Step::UringSetup, libc::ENOSYS, &["5.1", "sandbox"]),
        (Step::UringSetup, libc::EINVAL, &["5.19", "uname -r"]),
        (Step::UringSetup, libc::ENOMEM, &["ulimit -l"]),
        (Step::UringSetup, libc::EMFILE, &["ulimit -n"]),
        (Step::UringSetup, libc::ENFILE, &["fs.file-max"]),
        (Step::UringOperations, libc::EINVAL, &["5.19"]),
        (Step::UringDescriptors, libc::EMFILE, &["ulimit -n", "sockets_max"]),
        (Step::UringDescriptors, libc::EINVAL, &["ulimit -n", "5.19"]),
        (Step::UringBuffers, libc::ENOMEM, &["ulimit -l"]),
        (Step::UringBuffers, libc::EINVAL, &["5.19"]),
        (Step::UringEnter, libc::EPERM, &["seccomp"]),
        (Step::Selector, libc::EMFILE, &["ulimit -n"]),
        (Step::Selector, libc::ENOSPC, &["max_user_watches"]),
        (Step::Waker, libc::ENFILE, &["fs.file-max"]),
    ];
    for (step, errno, words) in rows {
        let error = io::Error::from_raw_os_error(*errno);
        let cure = host::cure(*step, &error).unwrap();
        for word in *words {
            assert!(cure.contains(word), "{step:?} {errno}: {cure}");
        }
        assert!(!cure.contains("  ") && !cure.contains('\n'), "{cure:?}");
        let shown = StartError::new(*step, error).to_string();
        assert!(shown.ends_with(&format!("({cure})")), "{shown}");
    }
    let none = [
        (Step::Unsupported, libc::EPERM),
        (Step::UringSetup, libc::EIO),
        (Step::UringOperations, libc::EIO),
        (Step::UringBuffers, libc::EEXIST),
        (Step::Selector, libc::EPERM),
        (Step::Waker, libc::EINVAL),
    ];
    for (step, errno) in none {
        let cure = host::cure(step, &io::Error::from_raw_os_error(errno));
        assert_eq!(cure, None, "{step:?} {errno}");
    }
    // A probe that worked and found an operation missing has no errno to show.
    let lacking = io::Error::from(io::ErrorKind::Unsupported);
    assert!(host::cure(Step::UringOperations, &lacking).unwrap().contains("5.19"));
    assert_eq!(host::cure(Step::UringSetup, &lacking), None);
}

/// One test, because a signal reaches every [`Termination`] of the process.
#[test]
fn signals_arrive_one_call_each_until_the_drop() {
    let termination = Termination::install().unwrap();
    for (signal, expected) in [(SIGTERM, Signal::Terminate), (SIGINT, Signal::Interrupt)] {
        raise(signal).unwrap();
        raise(signal).unwrap();
        assert_eq!(termination.wait().unwrap(), expected);
        assert_eq!(termination.wait().unwrap(), expected);
    }

    // A wait that blocks already, as far as /proc can tell, is ended by a signal.
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        let termination = &termination;
        let waiter = scope.spawn(move || {
            sender.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
            termination.wait()
        });
        let stat = format!("/proc/{}/stat", receiver.recv().unwrap().display());
        while !fs::read_to_string(&stat).unwrap().contains(") S ") {
            thread::yield_now();
        }
        raise(SIGTERM).unwrap();
        assert_eq!(waiter.join().unwrap().unwrap(), Signal::Terminate);
    });

    // A second one sees the same signals, and takes none away.
    let second = Termination::install().unwrap();
    raise(SIGINT).unwrap();
    assert_eq!(termination.wait().unwrap(), Signal::Interrupt);
    assert_eq!(second.wait().unwrap(), Signal::Interrupt);

    // A stop ends this wait and all later ones; it hides no signal and stops nobody else.
    let handle = termination.handle();
    raise(SIGTERM).unwrap();
    handle.stop();
    handle.clone().stop();
    for expected in [Signal::Terminate, Signal::Stopped, Signal::Stopped] {
        assert_eq!(termination.wait().unwrap(), expected);
    }
    assert_eq!(second.wait().unwrap(), Signal::Terminate);
    raise(SIGINT).unwrap();
    assert_eq!(termination.wait().unwrap(), Signal::Interrupt);
    assert_eq!(second.wait().unwrap(), Signal::Interrupt);

    // After the drop a signal reaches those that are left, and a new one starts afresh.
    drop(termination);
    handle.stop();
    raise(SIGTERM).unwrap();
    assert_eq!(second.wait().unwrap(), Signal::Terminate);
    drop(second);
    raise(SIGTERM).unwrap();
    let third = Termination::install().unwrap();
    third.stop();
    assert_eq!(third.wait().unwrap(), Signal::Stopped);
    raise(SIGINT).unwrap();
    assert_eq!(third.wait().unwrap(), Signal::Interrupt);
}

/// Set for the process of its own that a test runs in, this test binary once more.
const ALONE: &str = "DX_IO_TEST_ALONE";

#[test]
fn a_flood_of_signals_blocks_nobody_and_the_drop_closes_everything() {
    if std::env::var_os(ALONE).is_some() {
        let open = || fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open();
        let termination = Termination::install().unwrap();
        assert!(open() > before);
        // More than any socket holds unread.
        for _ in 0..100_000 {
            raise(SIGTERM).unwrap();
        }
        assert_eq!(termination.wait().unwrap(), Signal::Terminate);
        drop(termination);
        assert_eq!(open(), before);
        return;
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_flood_of_signals_blocks_nobody_and_the_drop_closes_everything"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && output.contains("1 passed"), "{output}");
}

#[test]
fn threads_run_where_the_pools_maker_could_not_where_a_pinned_caller_can() {
    let all = host::allowed_cpus().unwrap();
    let pool = BlockingPool::with_idle(1, 1, Duration::from_secs(60));
    let seen = thread::scope(|scope| {
        let caller = scope.spawn(|| {
            host::pin_current_thread(all[0]).unwrap();
            let (report, reported) = channel();
            pool.run(Box::new(move || report.send(host::allowed_cpus().unwrap()).unwrap()))
                .unwrap();
            reported.recv().unwrap()
        });
        caller.join().unwrap()
    });
    assert_eq!(seen, all);
    pool.shutdown();
}
