//! The correctness properties of the project's founding document, by its numbers.
//!
//! Owns one function `prop_NN_*` a property; the numbers that are missing belong to parts that are
//! not built yet. Each property is checked on every backend that opens on this machine.

use std::collections::HashMap;
use std::io::Write;
use std::net::TcpStream;

use dx_reactor::io::{
    Completion, CompletionFlags, Driver, IoBackend, KernelVersion, Listener, Op, Payload, Reactor,
    ReactorConfig, Token, UringRung, host,
};
use dx_reactor::{DxReactor, WorkerStrategy};
use proptest::prelude::*;

/// Every backend that opens here, on each rung that can be forced.
fn drivers() -> Vec<Driver> {
    let mut config = ReactorConfig::default();
    let mut drivers = Vec::new();
    for backend in [IoBackend::Epoll, IoBackend::IoUring, IoBackend::Kqueue, IoBackend::Iocp] {
        drivers.extend(Driver::open(backend, &config).ok().map(|(driver, _)| driver));
    }
    config.uring_rung_max = UringRung::Provided;
    drivers.extend(Driver::open(IoBackend::IoUring, &config).ok().map(|(driver, _)| driver));
    assert!(!drivers.is_empty(), "no backend opens on this machine");
    drivers
}

/// A connected pair: our end attached to `driver`, and the peer's.
fn connect(driver: &mut Driver) -> (dx_reactor::io::Sock, TcpStream) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), &Default::default()).unwrap();
    let addr = listener.local_addr();
    let listener = driver.listen(listener).unwrap();
    let accept = driver.push(Op::Accept { listener, hand_over: false }, 0).unwrap();
    let peer = TcpStream::connect(addr).unwrap();
    let done = wait_for(driver, 1);
    assert_eq!(done[0].result, 0, "{done:?}");
    let Payload::Connection { sock, .. } = driver.take(accept) else { panic!("no connection") };
    let close = driver.push(Op::Close { sock: listener }, 0).unwrap();
    driver.orphan(close);
    (sock, peer)
}

fn wait_for(driver: &mut Driver, count: usize) -> Vec<Completion> {
    let mut done = Vec::new();
    while done.len() < count {
        driver.submit_and_wait(1, None).unwrap();
        driver.reap(&mut done);
    }
    done
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Property 1: `submit()` returns the exact number of operations that were queued.
    #[test]
    fn prop_01_batch_submission_count(batches in prop::collection::vec(0usize..40, 1..6)) {
        for mut driver in drivers() {
            let (sock, _peer) = connect(&mut driver);
            driver.submit().unwrap();
            for &batch in &batches {
                for _ in 0..batch {
                    // Cancels of nothing: each is one operation, and needs no peer.
                    let pushed = driver.push(Op::Cancel { target: Token::NONE }, 1);
                    prop_assert!(pushed.is_ok());
                }
                prop_assert_eq!(driver.submit().unwrap(), batch, "{:?}", driver);
                prop_assert_eq!(driver.submit().unwrap(), 0, "nothing was queued since");
            }
            driver.push(Op::Close { sock }, 2).unwrap();
            prop_assert_eq!(driver.submit_and_wait(0, None).unwrap(), 1);
        }
    }

    /// Property 2: io_uring is available exactly from the versions that have it; the order of
    /// versions is the order of their numbers, whatever follows them.
    #[test]
    fn prop_02_kernel_version_detection(
        major in 0u32..20,
        minor in 0u32..40,
        patch in 0u32..500,
        suffix in "(-[a-z0-9.-]{0,20})?",
    ) {
        let text = format!("{major}.{minor}.{patch}{suffix}");
        let version = KernelVersion::parse(&text).expect("a kernel's release");
        let number = (major, minor);
        prop_assert_eq!(version.has_io_uring(), number >= (5, 1), "{}", text);
        prop_assert_eq!(version.allows(UringRung::Provided), number >= (5, 19));
        prop_assert_eq!(version.allows(UringRung::Deferred), number >= (6, 1));
    }

    /// Property 4: a completion carries `user_data`, result and flags as they belong to the
    /// operation that was pushed.
    #[test]
    fn prop_04_completion_structure_integrity(
        numbers in prop::collection::hash_set(any::<u64>(), 1..30),
        result in any::<i32>(),
        bits in any::<u32>(),
    ) {
        let completion = Completion::new(7, result, CompletionFlags::from_bits(bits));
        prop_assert_eq!((completion.user_data, completion.result, completion.flags.bits()),
            (7, result, bits));
        for mut driver in drivers() {
            let (sock, mut peer) = connect(&mut driver);
            let recv_data = numbers.iter().copied().fold(1, u64::wrapping_add);
            let expected = b"ping";
            driver.push(Op::Recv { sock }, recv_data).unwrap();
            peer.write_all(expected).unwrap();
            let done = wait_for(&mut driver, 1);
            prop_assert_eq!((done[0].user_data, done[0].result), (recv_data, 4));
            prop_assert!(done[0].flags.has_more() && done[0].flags.buffer_id().is_some());
            prop_assert_eq!(&*driver.claim(&done[0]).expect("received bytes"), expected);

            let mut wanted: HashMap<u64, i32> = HashMap::new();
            for &number in &numbers {
                driver.push(Op::Cancel { target: Token::NONE }, number).unwrap();
                wanted.insert(number, -2); // ENOENT: there is nothing to cancel
            }
            for completion in wait_for(&mut driver, numbers.len()) {
                let result = wanted.remove(&completion.user_data);
                prop_assert_eq!(result, Some(completion.result), "{:?}", completion);
                prop_assert_eq!(completion.flags, CompletionFlags::NONE);
            }
            prop_assert!(wanted.is_empty());
        }
    }

    /// Property 6: a fixed number of workers is that number.
    #[test]
    fn prop_06_fixed_worker_count(count in 1usize..1000) {
        let reactor = DxReactor::build().workers(WorkerStrategy::Fixed(count)).build();
        prop_assert_eq!(reactor.num_cores(), count);
    }
}

/// Property 2, the other half: what a version promises is tried for real, and when it is refused
/// (a sandbox, a sysctl) the server runs on readiness and says why.
#[test]
fn prop_02_the_real_probe_decides() {
    let (driver, detection) = Driver::open(IoBackend::Auto, &ReactorConfig::default()).unwrap();
    let (alone, refused) = match Driver::open(IoBackend::IoUring, &ReactorConfig::default()) {
        Ok(_) => (IoBackend::IoUring, None),
        Err(error) => (IoBackend::Epoll, Some(error.to_string())),
    };
    if std::env::var_os("DX_IO_BACKEND").is_none() {
        assert_eq!(driver.backend(), alone);
    }
    if let Some(reason) = refused {
        assert!(detection.to_string().contains(&reason), "{detection}");
    }
    let release = host::kernel_release().expect("this kernel has a release");
    let version = KernelVersion::parse(&release).expect("and it can be read");
    assert!(
        alone != IoBackend::IoUring || version.allows(UringRung::Provided),
        "io_uring works on {version}, which should not have what we need"
    );
}

/// Property 5: one worker a core by default, where a core is a CPU this process may use.
#[test]
fn prop_05_thread_per_core_default() {
    let allowed = host::worker_cpus().len();
    assert!(allowed >= 1);
    assert_eq!(DxReactor::build().build().num_cores(), allowed);
    let explicit = DxReactor::build().workers(WorkerStrategy::ThreadPerCore).build();
    assert_eq!(explicit.num_cores(), allowed);
}

/// Property 6 on running threads: as many workers serve as were asked for.
#[test]
fn prop_06_as_many_workers_run() {
    for count in [1, 2, 3] {
        let running = DxReactor::build()
            .workers(WorkerStrategy::Fixed(count))
            .listen(([127, 0, 0, 1], 0))
            .app(|_| dx_reactor::App::new().get("/", || "hello"))
            .build()
            .start()
            .unwrap();
        assert_eq!((running.detections().len(), running.cpus().len()), (count, count));
        assert_eq!(running.stop().unwrap().len(), count);
    }
}
