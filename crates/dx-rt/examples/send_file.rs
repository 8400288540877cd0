//! What sending costs: a file against a bare loop of sendfile(2), and buffers with a copy against
//! buffers without one.
//!
//! ```text
//! cargo run --release -p dx-rt --example send_file -- file [MIB] [ROUNDS]
//! cargo run --release -p dx-rt --example send_file -- buffers [MIB] [ROUNDS]
//! ```
//!
//! Owns one measurement: processor time of the sending thread (proc(5), `schedstat`), in rounds
//! that alternate between the ways, by their medians. The sender is pinned to the first CPU, and a
//! client that discards what it receives (`MSG_TRUNC`, tcp(7)) to the last.

use std::fs::File as StdFile;
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use dx_io::{Driver, IoBackend, ReactorConfig, host};
use dx_rt::fs::File;
use dx_rt::net::TcpListener;
use dx_rt::{Core, CoreConfig, Wait};
use socket2::Socket;

/// `MSG_TRUNC` of `linux/socket.h`: received bytes are dropped and not copied.
const MSG_TRUNC: i32 = 0x20;
/// Buffer sizes that are compared.
const SIZES: [usize; 5] = [16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20];

/// One way of sending.
#[derive(Clone, Copy)]
enum Way {
    /// A loop of sendfile(2) on a blocking socket, of at most so many bytes a call.
    Bare(usize),
    File(IoBackend),
    /// Buffers of one size; the threshold from which on they are not copied.
    Buffers(IoBackend, usize, usize),
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default| {
        arguments.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(default)
    };
    let (bytes, rounds) = (number(1, 1024) << 20, number(2, 5));
    match arguments.first().map(String::as_str) {
        Some("file") => files(bytes, rounds),
        Some("buffers") => {
            for size in SIZES {
                buffers(bytes, rounds, size)?;
            }
            Ok(())
        }
        _ => {
            println!("usage: send_file file|buffers [MIB] [ROUNDS]");
            Ok(())
        }
    }
}

fn files(bytes: u64, rounds: u64) -> io::Result<()> {
    let path = std::env::temp_dir().join(format!("dx-send-file-{}", std::process::id()));
    let written = fill(&path, bytes);
    let ways = [
        ("bare loop", Way::Bare(1 << 30)),
        ("bare loop, 1 MiB steps", Way::Bare(1 << 20)),
        ("io_uring", Way::File(IoBackend::IoUring)),
        ("epoll", Way::File(IoBackend::Epoll)),
    ];
    let result = written.and_then(|()| compare(&ways, &path, bytes, rounds));
    std::fs::remove_file(&path)?;
    result
}

fn buffers(bytes: u64, rounds: u64, size: usize) -> io::Result<()> {
    println!("buffers of {} KiB", size >> 10);
    let ways = [
        ("io_uring, copied", Way::Buffers(IoBackend::IoUring, size, usize::MAX)),
        ("io_uring, not copied", Way::Buffers(IoBackend::IoUring, size, 0)),
    ];
    compare(&ways, Path::new(""), bytes, rounds)
}

/// A file of `bytes` bytes, in the cache afterwards.
fn fill(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = StdFile::create(path)?;
    let block: Vec<u8> = (0..1 << 20).map(|at| (at ^ (at >> 8)) as u8).collect();
    for _ in 0..bytes >> 20 {
        file.write_all(&block)?;
    }
    Ok(())
}

/// Measures every way in turn, `rounds` times, and prints the medians.
fn compare(ways: &[(&str, Way)], path: &Path, bytes: u64, rounds: u64) -> io::Result<()> {
    let mut costs: Vec<Vec<f64>> = vec![Vec::new(); ways.len()];
    for round in 0..=rounds {
        for ((_, way), costs) in ways.iter().zip(&mut costs) {
            let cost = measure(*way, path, bytes)?;
            // The first round warms caches up.
            if round > 0 {
                costs.push(cost / (bytes >> 20) as f64);
            }
        }
    }
    let mut first = None;
    for ((name, _), costs) in ways.iter().zip(&mut costs) {
        costs.sort_by(f64::total_cmp);
        let median = costs[costs.len() / 2];
        let base = *first.get_or_insert(median);
        println!(
            "{name:>22}: {median:7.1} us of CPU a MiB ({:.1} to {:.1}), {:.2} of the first",
            costs[0],
            costs[costs.len() - 1],
            median / base
        );
    }
    Ok(())
}

/// Processor time, in microseconds, of the thread that sends `bytes`, from its accept on.
fn measure(way: Way, path: &Path, bytes: u64) -> io::Result<f64> {
    let cpus = host::worker_cpus();
    let (first, last) = (cpus[0], cpus[cpus.len() - 1]);
    let (tell, told) = channel();
    let path = path.to_path_buf();
    let server = thread::spawn(move || {
        let _ = host::pin_current_thread(first);
        match way {
            Way::Bare(step) => send_bare(step, &tell, &path, bytes),
            Way::File(backend) => send(backend, usize::MAX, &tell, Source::File(path), bytes),
            Way::Buffers(backend, size, zero_copy_min) => {
                send(backend, zero_copy_min, &tell, Source::Buffers(size), bytes)
            }
        }
    });
    let address = told.recv().map_err(io::Error::other)?;
    let client = thread::spawn(move || {
        let _ = host::pin_current_thread(last);
        discard(StdStream::connect(address)?)
    });
    let cost = server.join().expect("the server thread")?;
    let received = client.join().expect("the client thread")?;
    assert_eq!(received, bytes, "every byte arrives");
    Ok(cost / 1000.0)
}

fn send_bare(step: usize, tell: &Sender<SocketAddr>, path: &Path, bytes: u64) -> io::Result<f64> {
    let listener = StdListener::bind(anywhere())?;
    tell.send(listener.local_addr()?).map_err(io::Error::other)?;
    let (stream, _) = listener.accept()?;
    let before = processor_time()?;
    let (file, mut offset) = (StdFile::open(path)?, 0);
    while offset < bytes {
        rustix::fs::sendfile(&stream, &file, Some(&mut offset), step)?;
    }
    drop(stream);
    Ok(processor_time()? - before)
}

/// What the runtime sends from.
enum Source {
    File(PathBuf),
    Buffers(usize),
}

fn send(
    backend: IoBackend,
    zero_copy_min: usize,
    tell: &Sender<SocketAddr>,
    source: Source,
    bytes: u64,
) -> io::Result<f64> {
    let (driver, _) = Driver::open(backend, &ReactorConfig::default()).map_err(io::Error::other)?;
    let mut config = CoreConfig::default();
    config.zero_copy_min = zero_copy_min;
    let core = Core::new(driver, &config);
    let mut listener = core.enter(|| TcpListener::bind(anywhere()))?;
    tell.send(listener.local_addr()).map_err(io::Error::other)?;
    let accept = core.spawn(async move { listener.accept().await });
    while !accept.is_finished() {
        core.turn(Wait::Forever)?;
    }
    let mut stream = accept.try_take().expect("no panic")?;
    let before = processor_time()?;
    let task = core.spawn(async move {
        let size = match source {
            Source::File(path) => {
                let file = File::from(StdFile::open(path)?);
                return stream.send_file(&file, 0, bytes).await;
            }
            Source::Buffers(size) => size,
        };
        let (mut buf, mut sent) = (vec![7; size], 0);
        while sent < bytes {
            let (result, back) = stream.send(buf).await;
            result?;
            (buf, sent) = (back, sent + size as u64);
        }
        Ok(sent)
    });
    while !task.is_finished() || !core.held().is_nothing() {
        core.turn(Wait::AtMost(Duration::from_millis(1)))?;
    }
    assert_eq!(task.try_take().expect("no panic")?, bytes);
    Ok(processor_time()? - before)
}

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Receives until the end; how many bytes.
fn discard(stream: StdStream) -> io::Result<u64> {
    let socket = Socket::from(stream);
    let mut nowhere = vec![MaybeUninit::uninit(); 1 << 20];
    let mut received = 0;
    loop {
        match socket.recv_with_flags(&mut nowhere, MSG_TRUNC)? {
            0 => return Ok(received),
            count => received += count as u64,
        }
    }
}

/// Of this thread, in nanoseconds.
fn processor_time() -> io::Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let field = text.split_whitespace().next().and_then(|field| field.parse().ok());
    field.ok_or_else(|| io::ErrorKind::InvalidData.into())
}
