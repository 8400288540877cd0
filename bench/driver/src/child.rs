//! Child processes: pinned, ready before they are used, gone when the driver is gone.
//!
//! Owns spawning, readiness and killing. Knows nothing of results. Invariant: no child outlives
//! the driver, however the driver ends: a guard kills on return and panic, and the kernel kills
//! when the driver itself is killed.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::{CpuSet, sched_setaffinity};

/// How long a server may take to accept its first connection, or to end. Under valgrind all is
/// some fifty times slower.
const READY: Duration = Duration::from_secs(30);

/// How often a free port may turn out to have been taken meanwhile.
const PORT_ATTEMPTS: usize = 3;

/// A child that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process has ended by itself, in order.
    pub(crate) fn ended(mut self) -> Result<(), Box<dyn Error>> {
        let deadline = Instant::now() + READY;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                let ended = status.success();
                return if ended { Ok(()) } else { Err(format!("it ended with {status}").into()) };
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err("it does not end".into())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when the child has ended already, which is what they are for.
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Starts a server on a free port of 127.0.0.1 and waits until it accepts. `command` makes the
/// process that shall listen there.
pub(crate) fn start_server(
    name: &str,
    cpu: Option<usize>,
    command: impl Fn(SocketAddr) -> Command,
) -> Result<(Running, SocketAddr), Box<dyn Error>> {
    for _ in 0..PORT_ATTEMPTS {
        let address = free_address()?;
        let mut command = command(address);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut running = Running { child: tie(&mut command, cpu)?.spawn()? };
        if becomes_ready(&mut running.child, address)? {
            return Ok((running, address));
        }
    }
    Err(format!("{name} does not start").into())
}

/// Runs `load` pinned to `cpu` and returns its one line.
pub(crate) fn run_load(mut load: Command, cpu: usize) -> Result<String, Box<dyn Error>> {
    let output =
        tie(&mut load, Some(cpu))?.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let line = String::from_utf8(output.stdout)?;
    // With errors counted it fails, but says how many: the caller reports that.
    if line.is_empty() { Err("the load generator printed no report".into()) } else { Ok(line) }
}

/// An address that nobody listens on at the moment.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Whether `address` accepts; false when `child` ended instead.
fn becomes_ready(child: &mut Child, address: SocketAddr) -> Result<bool, Box<dyn Error>> {
    let deadline = Instant::now() + READY;
    while Instant::now() < deadline {
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        if TcpStream::connect(address).is_ok() {
            return Ok(true);
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err(format!("nothing accepts on {address}").into())
}

/// Makes `command` die with the driver, and run on `cpu` only.
fn tie(command: &mut Command, cpu: Option<usize>) -> Result<&mut Command, Box<dyn Error>> {
    let cpus = match cpu {
        Some(cpu) if cpu >= CpuSet::MAX_CPU => return Err(format!("there is no CPU {cpu}").into()),
        Some(cpu) => {
            let mut cpus = CpuSet::new();
            cpus.set(cpu);
            Some(cpus)
        }
        None => None,
    };
    let prepare = move || {
        if let Some(cpus) = &cpus {
            sched_setaffinity(None, cpus)?;
        }
        // Sent when the thread that spawns ends: the main thread, hence the driver.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe work is allowed. Both calls are bare
    // system calls on values owned by the closure; nothing allocates, locks or touches other
    // threads' state, and an Errno becomes an io::Error without allocation.
    Ok(unsafe { command.pre_exec(prepare) })
}
