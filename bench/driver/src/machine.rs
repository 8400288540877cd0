//! Where and with what it was measured.
//!
//! Owns what is asked of the machine and the toolchain. Invariant: what cannot be found out says
//! "unknown", and never fails a measurement.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use crate::servers::Server;

#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cpus: usize,
    pub(crate) is_virtual: bool,
    pub(crate) memory_gib: u64,
    pub(crate) kernel: String,
    /// Runnable tasks on average over the minute before.
    pub(crate) load_average: String,
    pub(crate) rustc: String,
    pub(crate) commit: String,
    pub(crate) date: String,
    /// Name and version of each peer.
    pub(crate) peers: Vec<(String, String)>,
}

impl Machine {
    pub(crate) fn look(servers: &[Server]) -> Self {
        let cpuinfo = read("/proc/cpuinfo");
        let field = |name: &str| {
            let line = cpuinfo.lines().find(|line| line.starts_with(name));
            line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()))
        };
        let memory_kib = read("/proc/meminfo")
            .lines()
            .find_map(|line| {
                line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok()
            })
            .unwrap_or(0_u64);
        let lock = read(bench_folder().join("Cargo.lock"));
        let version = |library: &str| (library.to_owned(), locked(&lock, library));
        Self {
            cpu: field("model name").unwrap_or_else(unknown),
            cpus: cpuinfo.lines().filter(|line| line.starts_with("processor")).count(),
            is_virtual: field("flags").is_some_and(|flags| flags.contains("hypervisor")),
            memory_gib: memory_kib.div_ceil(1 << 20),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_average: read("/proc/loadavg").split(' ').next().unwrap_or("?").to_owned(),
            rustc: rustc_version(),
            commit: commit(),
            date: said("date", &["-u", "+%Y-%m-%d"]).unwrap_or_else(unknown),
            peers: servers.iter().filter_map(|server| server.library()).map(version).collect(),
        }
    }
}

impl Machine {
    /// Whether something else ran when the measurement began. Building just before it may count:
    /// build first, wait a minute, measure then.
    pub(crate) fn is_busy(&self) -> bool {
        self.load_average.parse::<f64>().is_ok_and(|average| average > self.cpus as f64 / 2.0)
    }
}

/// The folder of this workspace.
pub(crate) fn bench_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The compiler that cargo uses, as it names itself.
pub(crate) fn rustc_version() -> String {
    said("rustc", &["--version"]).unwrap_or_else(unknown)
}

/// The first line that a program prints, if it succeeds.
pub(crate) fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(bench_folder()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

fn commit() -> String {
    let Some(commit) = said("git", &["rev-parse", "--short=12", "HEAD"]) else { return unknown() };
    // The documents that a measurement writes are not what it measures.
    let changed = ["status", "--porcelain", "--", "..", ":(exclude)../docs"];
    match said("git", &changed).as_deref() {
        Some("") => commit,
        _ => format!("{commit} with changes"),
    }
}

/// The version of `name` in a lock file.
fn locked(lock: &str, name: &str) -> String {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let version = lock.split(&entry).nth(1).and_then(|rest| rest.split('"').next());
    version.map_or_else(unknown, str::to_owned)
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn unknown() -> String {
    String::from("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_its_lock_file_are_known() {
        let machine = Machine::look(&Server::ALL);
        assert!(machine.cpus > 0 && machine.memory_gib > 0, "{machine:?}");
        let names: Vec<_> = machine.peers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["actix-web", "axum", "hyper", "may_minihttp"]);
        for (name, version) in &machine.peers {
            assert!(version.split('.').count() == 3, "{name} {version}");
        }
        assert_eq!(locked("name = \"a-b\"\nversion = \"1.0.0\"\n", "a"), "unknown");
    }
}
