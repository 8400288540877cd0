//! Rows about files: read, written, and sent without passing through the process.
//!
//! Owns [`TestFile`], a file that is gone when its row ends, and rows. Invariant: every row ends
//! with empty tables.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use dx_io::limits::SEND_FILE_MAX;
use dx_io::{File, FileBuf, Op, Payload, Sock, errno};

use crate::Backend;
use crate::bench::{Bench, pattern};
use crate::net::{read_meanwhile, reset};

/// More than one call sends, and no multiple of anything.
const LONG: usize = 2 * SEND_FILE_MAX as usize + 12_345;

/// A file of its own for one row.
struct TestFile {
    path: PathBuf,
    file: File,
}

impl TestFile {
    fn new(content: &[u8]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("dx-io-conformance-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).expect("a writable directory for temporary files");
        let file = OpenOptions::new().read(true).write(true).open(&path).expect("open");
        Self { path, file: file.into() }
    }

    fn content(&self) -> Vec<u8> {
        std::fs::read(&self.path).expect("read")
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        // A leftover in the directory for temporary files does no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Sends all of `len` bytes from `offset` on, step by step, and how many steps that took.
fn send_all(bench: &mut Bench, sock: Sock, file: &File, offset: u64, len: usize) -> usize {
    let (mut sent, mut steps) = (0, 0);
    while sent < len {
        let (file, offset) = (file.clone(), offset + sent as u64);
        let left = u32::try_from(len - sent).expect("short");
        let (result, payload) = bench.run(Op::SendFile { sock, file, offset, len: left });
        assert!(matches!(payload, Payload::None), "{payload:?}");
        assert!(result > 0 && result as u32 <= left.min(SEND_FILE_MAX), "{result} of {left}");
        sent += result as usize;
        steps += 1;
    }
    steps
}

/// The bytes of a read or write that has ended.
fn returned(payload: Payload) -> FileBuf {
    let Payload::File(buf) = payload else { panic!("{payload:?}") };
    buf
}

pub fn files_are_written_and_read(backend: Backend) {
    let mut bench = Bench::open(backend);
    let test = TestFile::new(b"");
    let file = || test.file.clone();
    let written = pattern(3, 70_000);
    for (offset, start) in [(0, 0), (100, 5), (69_000, 69_999), (9, 70_000), (9, usize::MAX)] {
        let place = written.clone();
        let address = place.as_ptr();
        let buf = FileBuf::Owned(place);
        let (result, payload) = bench.run(Op::Write { file: file(), buf, start, offset });
        let expected = &written[start.min(written.len())..];
        assert_eq!(result as usize, expected.len(), "from {start}");
        let buf = returned(payload);
        assert_eq!((buf.as_ptr(), buf.len()), (address, written.len()), "the same memory");
        let content = test.content();
        assert_eq!(&content[offset as usize..][..expected.len()], expected);
    }
    let content = test.content();
    let end = content.len() as u64;
    for (offset, len) in [(0, 1), (7, 4096), (0, 70_100), (end - 3, 9), (end, 9), (end + 9, 9)] {
        let buf = FileBuf::Owned(vec![0xA5; len]);
        let (result, payload) = bench.run(Op::Read { file: file(), buf, offset });
        let expected = content.get(offset as usize..).unwrap_or_default();
        let expected = &expected[..expected.len().min(len)];
        assert_eq!(result as usize, expected.len(), "{len} bytes at {offset}: all of them");
        let buf = returned(payload);
        assert_eq!(&buf[..expected.len()], expected);
        assert!(buf[expected.len()..].iter().all(|&byte| byte == 0xA5), "untouched behind");
    }
    bench.assert_clean();
}

pub fn file_errors_bring_the_memory_back(backend: Backend) {
    let mut bench = Bench::open(backend);
    let test = TestFile::new(b"content");
    let only = |read| {
        File::from(OpenOptions::new().read(read).write(!read).open(&test.path).expect("open"))
    };
    let bad_descriptor = -9; // EBADF
    let buf = || FileBuf::Owned(b"memory".to_vec());
    let file = only(false);
    let (result, payload) = bench.run(Op::Read { file, buf: buf(), offset: 0 });
    assert_eq!((result, &*returned(payload)), (bad_descriptor, &b"memory"[..]));
    let file = only(true);
    let (result, payload) = bench.run(Op::Write { file, buf: buf(), start: 0, offset: 0 });
    assert_eq!((result, &*returned(payload)), (bad_descriptor, &b"memory"[..]));
    for offset in [u64::MAX, 1 << 63] {
        let file = test.file.clone();
        let (result, payload) = bench.run(Op::Read { file, buf: buf(), offset });
        assert_eq!((result, &*returned(payload)), (errno::INVALID, &b"memory"[..]), "{offset}");
    }
    assert_eq!(test.content(), b"content");
    bench.assert_clean();
}

pub fn fixed_buffers_carry_files(backend: Backend) {
    let mut bench = Bench::open_with(backend, |config| {
        config.fixed_buffers = 2;
        config.fixed_buffer_len = 5000;
    });
    let test = TestFile::new(b"");
    let file = || test.file.clone();
    let mut first = bench.reactor.fixed_buffer().expect("two are free");
    let second = bench.reactor.fixed_buffer().expect("one is free");
    assert!(bench.reactor.fixed_buffer().is_none());
    let (index, address) = (first.index(), first.as_ptr());
    first.set_len(4000);
    first.copy_from_slice(&pattern(1, 4000));
    let write = Op::Write { file: file(), buf: FileBuf::Fixed(first), start: 10, offset: 3 };
    let (result, payload) = bench.run(write);
    assert_eq!(result, 3990);
    assert_eq!(&test.content()[3..], &pattern(1, 4000)[10..]);
    let FileBuf::Fixed(first) = returned(payload) else { panic!("another kind") };
    assert_eq!((first.index(), first.as_ptr(), first.len()), (index, address, 4000));

    let read = Op::Read { file: file(), buf: FileBuf::Fixed(second), offset: 3 };
    let (result, payload) = bench.run(read);
    assert_eq!(result, 3990);
    let second = returned(payload);
    assert_eq!(&second[..3990], &pattern(1, 4000)[10..]);
    drop((first, second));
    let back = [bench.reactor.fixed_buffer(), bench.reactor.fixed_buffer()];
    assert!(back.iter().all(|buf| buf.as_ref().is_some_and(|buf| buf.len() == 5000)));

    // Another reactor's buffer is memory like any other.
    let mut other = Bench::open(backend);
    let [Some(mut buf), _] = back else { unreachable!("just seen") };
    buf.set_len(7);
    let read = Op::Read { file: file(), buf: FileBuf::Fixed(buf), offset: 3 };
    let (result, payload) = other.run(read);
    assert_eq!((result, &*returned(payload)), (7, &pattern(1, 4000)[10..17]));
    other.assert_clean();
    bench.assert_clean();
}

pub fn many_files_at_once(backend: Backend) {
    let mut bench = Bench::open(backend);
    let test = TestFile::new(&pattern(0, 100_000));
    let reads: Vec<_> = (0..100u64)
        .map(|number| {
            let buf = FileBuf::Owned(vec![0; 1000]);
            bench.push(Op::Read { file: test.file.clone(), buf, offset: number * 999 })
        })
        .collect();
    for (number, read) in reads.into_iter().enumerate() {
        let (result, payload) = bench.finish(read);
        assert_eq!(result, 1000);
        assert_eq!(*returned(payload), pattern(number * 999, 1000));
    }
    bench.assert_clean();
}

pub fn given_up_files(backend: Backend) {
    let mut bench = Bench::open_with(backend, |config| config.fixed_buffers = 1);
    let test = TestFile::new(&pattern(0, 9000));
    for round in 0..60 {
        let fixed = bench.reactor.fixed_buffer();
        let buf = match (round % 2, fixed) {
            (0, Some(fixed)) => FileBuf::Fixed(fixed),
            (0, None) => panic!("round {round}: the buffer has not come back"),
            _ => FileBuf::Owned(vec![0; 9000]),
        };
        let file = test.file.clone();
        let op = match round % 4 {
            0 | 1 => Op::Read { file, buf, offset: 0 },
            _ => Op::Write { file, buf, start: usize::MAX, offset: 0 },
        };
        let pushed = bench.push(op);
        // Before it is handed over, just after, and when it may have ended.
        for _ in 0..round % 3 {
            bench.turn();
        }
        if round % 5 == 4 {
            let cancel = bench.push(Op::Cancel { target: pushed.token });
            let (result, _) = bench.finish(pushed);
            assert!(result >= 0 || result == errno::CANCELLED, "{result}");
            bench.last(cancel);
        } else {
            bench.reactor.orphan(pushed.token);
        }
        bench.assert_clean();
    }
    assert_eq!(test.content(), pattern(0, 9000));
}

pub fn drop_with_files_in_flight(backend: Backend) {
    for turns in 0..3 {
        let mut bench = Bench::open_with(backend, |config| config.fixed_buffers = 4);
        let test = TestFile::new(&pattern(0, 60_000));
        for _ in 0..20 {
            let buf = match bench.reactor.fixed_buffer() {
                Some(fixed) => FileBuf::Fixed(fixed),
                None => FileBuf::Owned(vec![0; 60_000]),
            };
            bench.push(Op::Read { file: test.file.clone(), buf, offset: 0 });
        }
        let (sock, client) = bench.pair();
        bench.clog(sock);
        let file = test.file.clone();
        let (other, _client) = bench.pair();
        bench.push(Op::SendFile { sock: other, file, offset: 0, len: 5 });
        for _ in 0..turns {
            bench.turn();
        }
        drop(bench);
        // The connection was really closed, whatever descriptors there were for it.
        drop(read_meanwhile(client).join());
    }
}

pub fn a_file_is_sent(backend: Backend) {
    let mut bench = Bench::open(backend);
    let content = pattern(0, LONG);
    let test = TestFile::new(&content);
    let (sock, client) = bench.pair();
    let reading = read_meanwhile(client);
    let steps = send_all(&mut bench, sock, &test.file, 0, LONG);
    assert!(steps >= 3, "one call sends no more than its bound");
    send_all(&mut bench, sock, &test.file, 1000, 77);
    let end = LONG as u64;
    for (offset, len, expected) in [(end, 9, 0), (end + 5, 9, 0), (0, 0, 0), (end - 4, 9, 4)] {
        let (result, payload) =
            bench.run(Op::SendFile { sock, file: test.file.clone(), offset, len });
        assert_eq!(result, expected, "{len} bytes at {offset}");
        assert!(matches!(payload, Payload::None));
    }
    let (file, offset) = (test.file.clone(), u64::MAX);
    assert_eq!(bench.run(Op::SendFile { sock, file, offset, len: 1 }).0, errno::INVALID);
    bench.close(sock);
    let received = reading.join();
    let expected = [&content[..], &content[1000..1077], &content[LONG - 4..]].concat();
    assert!(received == expected, "{} of {} bytes, or others", received.len(), expected.len());
    bench.assert_clean();
}

pub fn files_and_bytes_take_turns(backend: Backend) {
    let mut bench = Bench::open(backend);
    let test = TestFile::new(b"from the file");
    let (sock, mut client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    for round in 0..20u8 {
        client.write_all(&[round; 3]).expect("write");
        assert_eq!(bench.read(recv, 3), [round; 3], "a receive stays in flight");
        let buf = vec![round; 2];
        assert_eq!(bench.run(Op::Send { sock, buf, start: 0 }).0, 2);
        send_all(&mut bench, sock, &test.file, 5, 8);
        let mut answer = [0; 10];
        client.read_exact(&mut answer).expect("read");
        assert_eq!((&answer[..2], &answer[2..]), (&[round; 2][..], &b"the file"[..]));
    }
    bench.rest(); // nothing spins on a socket whose mode was changed
    // Sends still wait.
    let (send, _) = bench.clog(sock);
    bench.rest();
    let reading = read_meanwhile(client);
    assert!(bench.finish(send).0 > 0);
    bench.close(sock);
    bench.last(recv);
    reading.join();
    bench.assert_clean();
}

pub fn a_file_waits_for_its_peer(backend: Backend) {
    let mut bench = Bench::open(backend);
    let content = pattern(0, LONG);
    let test = TestFile::new(&content);
    let (sock, client) = bench.pair();
    let (file, len) = (|| test.file.clone(), SEND_FILE_MAX);
    let mut sent = 0;
    let waiting = loop {
        let offset = (sent % LONG) as u64;
        let send = bench.push(Op::SendFile { sock, file: file(), offset, len });
        for _ in 0..5 {
            bench.pause(std::time::Duration::from_millis(10));
            bench.turn();
        }
        if !bench.has(send) {
            break send;
        }
        let (result, _) = bench.finish(send);
        assert!(result > 0, "{result}");
        sent += result as usize;
    };
    bench.rest(); // it waits, and burns nothing
    let cancel = bench.push(Op::Cancel { target: waiting.token });
    assert_eq!(bench.finish(waiting).0, errno::CANCELLED);
    bench.last(cancel);
    // Cancelled in the same submission, unless a little room was left and it was faster.
    let offset = (sent % LONG) as u64;
    let again = bench.push(Op::SendFile { sock, file: file(), offset, len });
    let cancel = bench.push(Op::Cancel { target: again.token });
    let (result, _) = bench.finish(again);
    assert!(result == errno::CANCELLED || result > 0, "{result}");
    sent += result.max(0) as usize;
    bench.last(cancel);

    let offset = (sent % LONG) as u64;
    let last = bench.push(Op::SendFile { sock, file: file(), offset, len });
    bench.turn();
    let reading = read_meanwhile(client);
    let (result, _) = bench.finish(last);
    assert!(result > 0, "{result}");
    sent += result as usize;
    bench.close(sock);
    let received = reading.join();
    assert_eq!(received.len(), sent, "a cancelled send sends nothing");
    let expected = content.iter().cycle().take(sent);
    assert!(received.iter().eq(expected), "other bytes");
    bench.assert_clean();
}

pub fn a_file_on_a_socket_that_closes(backend: Backend) {
    // Whether its owner gives up first, and how far the send has come.
    for (orphaned, turns) in [(false, 0), (true, 0), (false, 1), (true, 1), (false, 3), (true, 3)] {
        let mut bench = Bench::open(backend);
        let test = TestFile::new(&pattern(0, LONG));
        let (sock, client) = bench.pair();
        let (clog, _) = bench.clog(sock);
        let cancel = bench.push(Op::Cancel { target: clog.token });
        bench.finish(clog);
        bench.last(cancel);
        let (file, len) = (test.file.clone(), SEND_FILE_MAX);
        let send = bench.push(Op::SendFile { sock, file, offset: 0, len });
        for _ in 0..turns {
            bench.turn();
        }
        if orphaned {
            bench.reactor.orphan(send.token);
        }
        bench.close(sock);
        if !orphaned {
            let (result, payload) = bench.finish(send);
            // A little room may have been left.
            assert!(result == errno::CANCELLED || result > 0, "{result}");
            assert!(matches!(payload, Payload::None));
        }
        bench.assert_clean();
        // The end arrives, so no descriptor was forgotten.
        read_meanwhile(client).join();
    }
}

pub fn a_file_to_a_dead_peer(backend: Backend) {
    let mut bench = Bench::open(backend);
    let test = TestFile::new(&pattern(0, 5000));
    let (sock, client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    bench.turn();
    reset(client);
    assert_eq!(bench.last(recv).result, errno::CONNECTION_RESET);
    for _ in 0..2 {
        let file = test.file.clone();
        let send = bench.push(Op::SendFile { sock, file, offset: 0, len: 5000 });
        assert_eq!(bench.last(send).result, errno::BROKEN_PIPE);
        bench.assert_left((0, 0, 1)); // nothing is to be taken
    }
    bench.close(sock);
    let refused = bench.refused(Op::SendFile { sock, file: test.file.clone(), offset: 0, len: 1 });
    assert!(matches!(refused, (dx_io::PushErrorKind::StaleSock, Op::SendFile { len: 1, .. })));
    bench.assert_clean();
}
