//! Files: read, written, sent to streams; and streams that send without a copy.
//!
//! The other end is the standard library's blocking socket, on a thread of its own.
#![cfg(not(loom))]

mod common;

use std::cell::Cell;
use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream as Peer};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

use common::{backends, core, driver, run};
use dx_io::FileBuf;
use dx_io::limits::SEND_FILE_MAX;
use dx_rt::fs::{self, File};
use dx_rt::net::{TcpListener, TcpStream};
use dx_rt::time::yield_now;
use dx_rt::{Core, CoreConfig, Wait};

/// Three steps, the last of them short.
const LONG: usize = 2 * SEND_FILE_MAX as usize + 4321;

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}

/// A file that is gone when its row ends.
struct TestFile(PathBuf);

impl TestFile {
    fn new(content: &[u8]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("dx-rt-files-{}-{number}", std::process::id()));
        std::fs::write(&path, content).expect("a writable directory for temporary files");
        Self(path)
    }

    fn open(&self) -> File {
        std::fs::File::options().read(true).write(true).open(&self.0).expect("it is there").into()
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        // A leftover in the directory for temporary files does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A connection of `core` and its other end.
fn connected(core: &Core) -> (TcpStream, Peer) {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut listener = core.enter(|| TcpListener::bind(anywhere)).expect("a free port");
    let peer = Peer::connect(listener.local_addr()).expect("somebody listens");
    let stream = run(core, async move { listener.accept().await }).expect("a connection");
    (stream, peer)
}

fn collect(mut peer: Peer) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).map(|_| received).expect("read")
    })
}

/// Turns `core` until nothing is held any more.
fn settle(core: &Core) {
    while !core.held().is_nothing() {
        core.turn(Wait::AtMost(std::time::Duration::from_millis(10))).expect("the reactor works");
    }
}

#[test]
fn a_file_arrives_whole_between_other_bytes() {
    for backend in backends() {
        let core = core(backend);
        let test = TestFile::new(&bytes(LONG));
        let (mut stream, peer) = connected(&core);
        let reader = collect(peer);
        let file = test.open();
        run(&core, async move {
            stream.send(b"head".to_vec()).await.0.expect("sent");
            assert_eq!(stream.send_file(&file, 0, LONG as u64).await.expect("sent"), LONG as u64);
            stream.send(b"middle".to_vec()).await.0.expect("sent");
            // Only what is there.
            let rest = stream.send_file(&file, LONG as u64 - 10, 99).await.expect("sent");
            assert_eq!(rest, 10);
            assert_eq!(stream.send_file(&file, 0, 0).await.expect("sent"), 0);
            let beyond = stream.send_file(&file, u64::MAX, 9).await.expect_err("no such offset");
            assert_eq!(beyond.kind(), ErrorKind::InvalidInput);
        });
        let all = bytes(LONG);
        let expected = [b"head", &all[..], b"middle", &all[LONG - 10..]].concat();
        assert!(reader.join().expect("thread") == expected, "{backend}: other bytes");
        settle(&core);
    }
}

#[test]
fn others_run_between_the_steps_of_a_file() {
    for backend in backends() {
        let core = core(backend);
        let test = TestFile::new(&bytes(8 * SEND_FILE_MAX as usize));
        let (mut stream, peer) = connected(&core);
        let reader = collect(peer);
        let (file, done) = (test.open(), Rc::new(Cell::new(false)));
        let turns = core.spawn({
            let done = done.clone();
            async move {
                let mut turns = 0;
                while !done.get() {
                    turns += 1;
                    yield_now().await;
                }
                turns
            }
        });
        let len = 8 * u64::from(SEND_FILE_MAX);
        run(&core, async move {
            assert_eq!(stream.send_file(&file, 0, len).await.expect("sent"), len);
            done.set(true);
        });
        let turns: u32 = run(&core, async move { turns.await.expect("it ends") });
        assert!(turns >= 8, "{backend}: {turns} turns for eight steps");
        assert_eq!(reader.join().expect("thread").len() as u64, len);
        settle(&core);
    }
}

#[test]
fn a_dropped_file_send_leaves_nothing_behind() {
    for backend in backends() {
        let core = core(backend);
        let test = TestFile::new(&bytes(LONG));
        for turns in 0..6 {
            let (mut stream, peer) = connected(&core);
            let file = test.open();
            // The peer does not read, so it never ends.
            let task = core.spawn(async move {
                loop {
                    stream.send_file(&file, 0, LONG as u64).await.expect("sent");
                }
            });
            for _ in 0..turns {
                core.turn(Wait::AtMost(std::time::Duration::from_millis(5))).expect("a turn");
            }
            drop(task);
            assert!(core.quiesce(200).expect("the reactor works").is_nothing(), "{backend}");
            drop(collect(peer).join()); // it sees an end
        }
    }
}

#[test]
fn files_are_read_and_written() {
    for backend in backends() {
        let core = core(backend);
        let test = TestFile::new(b"");
        let (path, file) = (test.0.clone(), test.open());
        run(&core, async move {
            let (written, buf) = file.write_at(FileBuf::Owned(bytes(9000)), 10).await;
            assert_eq!((written.expect("written"), &*buf), (9000, &*bytes(9000)));
            let again = File::open(path).await.expect("it is there");
            let (read, buf) = again.read_at(FileBuf::Owned(vec![0; 9000]), 11).await;
            assert_eq!(read.expect("read"), 8999);
            assert_eq!(buf[..8999], bytes(9000)[1..]);
            let (refused, buf) = again.write_at(FileBuf::Owned(vec![1]), 0).await;
            assert!(refused.is_err() && *buf == [1], "opened for reading");
            assert!(fs::fixed_buffer().is_none(), "none was asked for");
            let missing = File::open("/no/such/file").await.expect_err("not there");
            assert_eq!(missing.kind(), ErrorKind::NotFound);
        });
        // Many at once, some given up.
        let tasks: Vec<_> = (0..50u64)
            .map(|number| {
                let file = test.open();
                core.spawn(async move {
                    let buf = FileBuf::Owned(vec![0; 100]);
                    let (read, buf) = file.read_at(buf, 10 + number).await;
                    assert_eq!(read.expect("read"), 100);
                    assert_eq!(*buf, bytes(9000)[number as usize..][..100]);
                })
            })
            .collect();
        let sum = run(&core, async move {
            let mut ended = 0;
            for task in tasks {
                ended += u32::from(task.await.is_ok());
            }
            ended
        });
        assert_eq!(sum, 50);
        let file = test.open();
        let task = core.spawn(async move { file.read_at(FileBuf::Owned(vec![0; 100]), 0).await });
        core.turn(Wait::Poll).expect("a turn");
        drop(task);
        assert!(core.quiesce(200).expect("the reactor works").is_nothing(), "{backend}");
    }
}

#[test]
fn streams_send_without_a_copy_from_a_size_on() {
    for backend in backends() {
        let mut config = CoreConfig::default();
        config.zero_copy_min = 100_000;
        let core = Core::new(driver(backend), &config);
        let (mut stream, peer) = connected(&core);
        let reader = collect(peer);
        let mut expected = Vec::new();
        for len in [1, 99_999, 100_000, 3_000_000] {
            expected.extend_from_slice(&bytes(len));
        }
        run(&core, async move {
            for len in [1, 99_999, 100_000, 3_000_000] {
                let (sent, mut buf) = stream.send(bytes(len)).await;
                sent.expect("sent");
                assert_eq!(buf.len(), len);
                buf.fill(0); // ours again, so nobody else reads it
            }
        });
        assert!(reader.join().expect("thread") == expected, "{backend}: other bytes");
        settle(&core);
    }
}

#[test]
fn a_peer_that_does_not_read_cannot_keep_what_is_not_copied() {
    for backend in backends() {
        let mut config = CoreConfig::default();
        config.zero_copy_min = 1;
        let core = Core::new(driver(backend), &config);
        for turns in [0, 1, 5] {
            let (mut stream, _peer) = connected(&core);
            let task = core.spawn(async move {
                loop {
                    stream.send(bytes(LONG)).await.0.expect("sent");
                }
            });
            for _ in 0..turns {
                core.turn(Wait::AtMost(std::time::Duration::from_millis(5))).expect("a turn");
            }
            drop(task);
            assert!(core.quiesce(200).expect("the reactor works").is_nothing(), "{backend}");
        }
    }
}
