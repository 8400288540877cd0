//! The command line of the comparison.
//!
//! Owns defaults and bounds. Knows nothing of the measurement. Invariant: what it returns can be
//! run: at least one server, batch, connection count and round, and two different CPUs.

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Display;
use std::str::FromStr;

use dx_load::limits::{BATCH_MAX, CONNECTIONS_MAX};

use crate::servers::Server;

const USAGE: &str = "bench [compare] [--quick] [--only SERVER,..] [--batches 1,16,32,64,256]
     [--connections 64,1,512] [--rounds 5] [--seconds 0.8] [--open-rounds 10] [--open-seconds 1]
     [--open-load 0.5] [--server-cpu 0] [--load-cpu 1] [--load-backend epoll] [--no-write]
  servers: actix, axum, hyper, may_minihttp, floor-epoll, ours-epoll, floor-io_uring, ours-io_uring
  --quick         two minutes: fewer rounds and cells, actix, floors and ours; writes nothing
  --connections   all servers are measured with the first number, the core ones with each
  --open-rounds   rounds of the open loop; 0 leaves it out
  --open-load     share of the slower floor's capacity that is offered to every server
  --no-write      prints the document's tables instead of writing docs/benchmarks.{md,json}";

/// What to measure.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// In the order in which they alternate.
    pub(crate) servers: Vec<Server>,
    pub(crate) batches: Vec<usize>,
    pub(crate) connections: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) open_rounds: usize,
    pub(crate) open_seconds: f64,
    pub(crate) open_load: f64,
    pub(crate) server_cpu: usize,
    pub(crate) load_cpu: usize,
    /// The generator's kernel interface: the same for every server.
    pub(crate) load_backend: String,
    pub(crate) writes: bool,
    /// What was asked for, as typed.
    pub(crate) command: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            servers: Server::ALL.to_vec(),
            batches: vec![1, 16, 32, 64, 256],
            connections: vec![64, 1, 512],
            rounds: 5,
            seconds: 0.8,
            open_rounds: 10,
            open_seconds: 1.0,
            open_load: 0.5,
            server_cpu: 0,
            load_cpu: 1,
            load_backend: String::from("epoll"),
            writes: true,
            command: String::new(),
        }
    }
}

impl Options {
    pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Self, Box<dyn Error>> {
        use lexopt::ValueExt;

        let words: Vec<OsString> = words.collect();
        let mut options = Self::default();
        if words.iter().any(|word| word == "--quick") {
            options.quicken();
        }
        options.command = String::from("cargo run --release -p bench-driver");
        for word in [OsString::from("--")].iter().chain(&words).take_while(|_| !words.is_empty()) {
            options.command.push(' ');
            options.command.push_str(&word.to_string_lossy());
        }
        let mut parser = lexopt::Parser::from_args(words);
        while let Some(argument) = parser.next()? {
            let lexopt::Arg::Long(name) = argument else {
                return Err(format!("{}\n{USAGE}", argument.unexpected()).into());
            };
            match name {
                "help" => return Err(USAGE.into()),
                "quick" => {}
                "no-write" => options.writes = false,
                "only" => options.servers = servers(&parser.value()?.string()?)?,
                "batches" => options.batches = list(&parser.value()?.string()?)?,
                "connections" => options.connections = list(&parser.value()?.string()?)?,
                "rounds" => options.rounds = parser.value()?.parse()?,
                "seconds" => options.seconds = parser.value()?.parse()?,
                "open-rounds" => options.open_rounds = parser.value()?.parse()?,
                "open-seconds" => options.open_seconds = parser.value()?.parse()?,
                "open-load" => options.open_load = parser.value()?.parse()?,
                "server-cpu" => options.server_cpu = parser.value()?.parse()?,
                "load-cpu" => options.load_cpu = parser.value()?.parse()?,
                "load-backend" => options.load_backend = parser.value()?.string()?,
                _ => return Err(format!("{}\n{USAGE}", argument.unexpected()).into()),
            }
        }
        if options.is_usable() { Ok(options) } else { Err(format!("out of range\n{USAGE}").into()) }
    }

    /// A look, not a result.
    fn quicken(&mut self) {
        self.servers.retain(|server| server.is_core());
        self.batches = vec![1, 16, 64];
        self.connections = vec![64];
        (self.rounds, self.seconds) = (3, 0.5);
        (self.open_rounds, self.open_seconds) = (5, 0.5);
        self.writes = false;
    }

    fn is_usable(&self) -> bool {
        let is_span = |seconds: f64| seconds > 0.0 && seconds <= 3600.0;
        self.rounds > 0
            && is_span(self.seconds)
            && is_span(self.open_seconds)
            && self.open_load > 0.0
            && self.open_load < 1.0
            && self.server_cpu != self.load_cpu
            && ["auto", "epoll", "io_uring"].contains(&self.load_backend.as_str())
            && self.connections.iter().all(|count| (1..=CONNECTIONS_MAX).contains(count))
            && self.batches.iter().all(|batch| (1..=BATCH_MAX).contains(batch))
    }

    /// The servers, and the floors that the open loop takes its rate from.
    pub(crate) fn servers_and_floors(&self) -> Vec<Server> {
        let floors = self.servers.iter().filter_map(|server| server.floor());
        let floors = floors.filter(|_| self.open_rounds > 0);
        let mut all: Vec<Server> = self.servers.iter().copied().chain(floors).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The servers that are measured with so many connections.
    pub(crate) fn servers_at(&self, connections: usize) -> impl Iterator<Item = Server> {
        let is_first = self.connections.first() == Some(&connections);
        self.servers.iter().copied().filter(move |server| is_first || server.is_core())
    }
}

/// Servers by name, put into the order in which they alternate.
fn servers(names: &str) -> Result<Vec<Server>, Box<dyn Error>> {
    let mut servers = Vec::new();
    for name in names.split(',') {
        servers.push(Server::from_name(name).ok_or_else(|| format!("no server {name}\n{USAGE}"))?);
    }
    servers.sort_unstable();
    servers.dedup();
    Ok(servers)
}

fn list<T: FromStr<Err: Display>>(values: &str) -> Result<Vec<T>, String> {
    values
        .split(',')
        .map(|value| value.parse().map_err(|error| format!("{value}: {error}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options, Box<dyn Error>> {
        Options::parse(words.iter().map(OsString::from))
    }

    #[test]
    fn defaults_measure_everything_and_quick_less() {
        let options = parse(&[]).unwrap();
        assert_eq!(options.servers_at(64).count(), 8);
        assert_eq!(options.servers_at(1).count(), 5);
        assert_eq!(options.command, "cargo run --release -p bench-driver");
        assert!(options.writes);
        let quick = parse(&["--quick", "--rounds", "9"]).unwrap();
        assert_eq!((quick.servers.len(), quick.rounds, quick.writes), (5, 9, false));
        assert!(quick.command.ends_with("-- --quick --rounds 9"), "{}", quick.command);
    }

    #[test]
    fn servers_alternate_in_one_order_whatever_was_typed() {
        let options = parse(&["--only", "ours-epoll,actix,actix"]).unwrap();
        assert_eq!(options.servers, [Server::Actix, Server::OursEpoll]);
    }

    #[test]
    fn nonsense_is_refused() {
        for words in [
            ["--only", "nginx"],
            ["--batches", "0"],
            ["--batches", "1,x"],
            ["--connections", "16001"],
            ["--rounds", "0"],
            ["--seconds", "-1"],
            ["--seconds", "NaN"],
            ["--open-load", "1"],
            ["--load-cpu", "0"],
            ["--load-backend", "kqueue"],
            ["--bathces", "1"],
        ] {
            assert!(parse(&words).is_err(), "{words:?}");
        }
    }
}
