//! `idle`: opens many connections, holds them, and prints what they cost the server in memory.
//!
//! Owns the command line, the holder processes (this program again, since one process may not
//! have enough descriptors) and the arithmetic. Invariant: it exits with zero only when every
//! connection was opened, is still open, and every one asked has answered.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use bench_load::holder::{Alive, Holder};
use bench_load::limits::HELD_PER_PROCESS;
use bench_load::process::resident_bytes;
use dx_load::http::Http;
use rustix::process::{Resource, getrlimit, setrlimit};

const USAGE: &str = "idle --addr 127.x.x.x:PORT --pid PID [--connections 100000] [--base 1000]
     [--request] [--hold SECONDS]
  --base      connections that the slope is counted from
  --request   send one request on each connection and read the answer before it idles
  --hold      seconds to wait before memory is read (default 1)";

struct Options {
    address: SocketAddr,
    pid: u32,
    connections: usize,
    base: usize,
    request: bool,
    hold: Duration,
    /// Set in a holder process: the source address of its connections.
    hold_from: Option<Ipv4Addr>,
}

fn main() -> ExitCode {
    let result = options().and_then(|options| match options.hold_from {
        Some(source) => hold(&options, source).map(|()| true),
        None => measure(&options),
    });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("idle: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, Box<dyn Error>> {
    use lexopt::ValueExt;

    let mut parser = lexopt::Parser::from_env();
    let (mut address, mut pid) = (None::<SocketAddr>, None);
    let (mut connections, mut base, mut hold) = (100_000_usize, 1000_usize, 1.0_f64);
    let (mut request, mut hold_from) = (false, None);
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("addr") => address = Some(parser.value()?.parse()?),
            lexopt::Arg::Long("pid") => pid = Some(parser.value()?.parse()?),
            lexopt::Arg::Long("connections") => connections = parser.value()?.parse()?,
            lexopt::Arg::Long("base") => base = parser.value()?.parse()?,
            lexopt::Arg::Long("request") => request = true,
            lexopt::Arg::Long("hold") => hold = parser.value()?.parse()?,
            lexopt::Arg::Long("hold-from") => hold_from = Some(parser.value()?.parse()?),
            other => return Err(format!("{}\n{USAGE}", other.unexpected()).into()),
        }
    }
    let address = address.filter(|address| address.ip().is_loopback() && address.is_ipv4());
    if base == 0 || connections <= base || base > HELD_PER_PROCESS {
        return Err(format!("1 <= base <= {HELD_PER_PROCESS}, base < connections").into());
    }
    Ok(Options {
        address: address.ok_or_else(|| format!("--addr needs 127.0.0.0/8\n{USAGE}"))?,
        pid: pid.ok_or_else(|| format!("--pid is missing\n{USAGE}"))?,
        connections,
        base,
        request,
        hold: Duration::try_from_secs_f64(hold)?,
        hold_from,
    })
}

/// The holder process: obeys its parent until the pipe closes.
fn hold(options: &Options, source: Ipv4Addr) -> Result<(), Box<dyn Error>> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    let request = Http::plaintext("GET", "/").ok_or("the request is too long")?;
    let mut holder = Holder::new(options.address, source, request, options.request);
    Ok(holder.serve(std::io::stdin().lock(), std::io::stdout().lock())?)
}

/// The parent: opens the base, reads memory, opens the rest, reads it again, checks, reports.
fn measure(options: &Options) -> Result<bool, Box<dyn Error>> {
    let before = resident_bytes(options.pid)?;
    let mut shares = Vec::new();
    let mut left = options.connections;
    while left > 0 {
        let share = left.min(HELD_PER_PROCESS);
        left -= share;
        shares.push((Worker::start(options, shares.len())?, share));
    }

    let mut opened = shares[0].0.open(options.base)?;
    thread::sleep(options.hold);
    let at_base = resident_bytes(options.pid)?;

    shares[0].1 -= options.base;
    for (worker, share) in &mut shares {
        worker.send(&format!("open {share}"))?;
    }
    for (worker, _) in &mut shares {
        opened += worker.opened()?;
    }
    thread::sleep(options.hold);
    let held = resident_bytes(options.pid)?;

    let mut alive = Alive::default();
    for (worker, _) in &mut shares {
        let part = worker.check()?;
        alive.open += part.open;
        alive.asked += part.asked;
        alive.answered += part.answered;
    }
    let slope = (held as f64 - at_base as f64) / (options.connections - options.base) as f64;
    println!(
        "{{\"connections\":{},\"opened\":{opened},\"open\":{},\"asked\":{},\"answered\":{},\
         \"rss_before\":{before},\"rss_base\":{at_base},\"rss_held\":{held},\
         \"bytes_per_connection\":{slope:.1}}}",
        options.connections, alive.open, alive.asked, alive.answered
    );
    Ok(opened == options.connections && alive.open == opened && alive.answered == alive.asked)
}

/// A holder process and its two pipes. Dropping it closes the pipe, which ends the process.
struct Worker {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts holder number `index`, with a source address of its own: 127.0.0.2 and on.
    fn start(options: &Options, index: usize) -> Result<Self, Box<dyn Error>> {
        let source = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 0, 2)) + u32::try_from(index)?);
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["--addr", &options.address.to_string(), "--pid", &options.pid.to_string()])
            .args(["--hold-from", &source.to_string()])
            .args(options.request.then_some("--request"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let commands = child.stdin.take();
        let answers = child.stdout.take().ok_or("the holder has no output")?;
        Ok(Self { child, commands, answers: BufReader::new(answers) })
    }

    fn send(&mut self, command: &str) -> Result<(), Box<dyn Error>> {
        let commands = self.commands.as_mut().ok_or("the holder has no input")?;
        Ok(writeln!(commands, "{command}")?)
    }

    fn open(&mut self, count: usize) -> Result<usize, Box<dyn Error>> {
        self.send(&format!("open {count}"))?;
        self.opened()
    }

    fn opened(&mut self) -> Result<usize, Box<dyn Error>> {
        match self.answer()?[..] {
            [opened] => Ok(opened),
            _ => Err("the holder gave another answer than `opened N`".into()),
        }
    }

    fn check(&mut self) -> Result<Alive, Box<dyn Error>> {
        self.send("check")?;
        match self.answer()?[..] {
            [open, asked, answered] => Ok(Alive { open, asked, answered }),
            _ => Err("the holder gave another answer than `checked A B C`".into()),
        }
    }

    /// The numbers in the next line of the holder; none when it has ended.
    fn answer(&mut self) -> Result<Vec<usize>, Box<dyn Error>> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let numbers = line.split_whitespace().skip(1).map(str::parse);
        Ok(numbers.collect::<Result<_, _>>()?)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.commands = None;
        // It ends by itself at the end of its input; without waiting it would stay a zombie.
        let _ended = self.child.wait();
    }
}
