//! The command line of `first-measure`.
//!
//! Owns defaults and bounds. Knows nothing of the measurement. Invariant: what it returns can be
//! run: at least one server, depth and round, and two different CPUs.

use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;

use bench_load::limits::{BATCH_MAX, CONNECTIONS_MAX};

use crate::servers::Server;

const USAGE: &str = "first-measure [--only SERVER,..] [--depths 1,16,32,64,256] [--rounds 5]
     [--seconds 3] [--connections 64] [--server-cpu 0] [--load-cpu 1]
  servers: actix, floor-epoll, ours-epoll, floor-io_uring, ours-io_uring";

/// What to measure.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// In the order in which they alternate.
    pub(crate) servers: Vec<Server>,
    pub(crate) depths: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) connections: usize,
    pub(crate) server_cpu: usize,
    pub(crate) load_cpu: usize,
}

impl Options {
    /// Reads the process's arguments.
    pub(crate) fn from_env() -> Result<Self, Box<dyn Error>> {
        Self::parse(lexopt::Parser::from_env())
    }

    fn parse(mut parser: lexopt::Parser) -> Result<Self, Box<dyn Error>> {
        use lexopt::ValueExt;

        let mut options = Self {
            servers: Server::ALL.to_vec(),
            depths: vec![1, 16, 32, 64, 256],
            rounds: 5,
            seconds: 3.0,
            connections: 64,
            server_cpu: 0,
            load_cpu: 1,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Long("only") => {
                    options.servers = servers(&parser.value()?.string()?)?;
                }
                lexopt::Arg::Long("depths") => options.depths = list(&parser.value()?.string()?)?,
                lexopt::Arg::Long("rounds") => options.rounds = parser.value()?.parse()?,
                lexopt::Arg::Long("seconds") => options.seconds = parser.value()?.parse()?,
                lexopt::Arg::Long("connections") => {
                    options.connections = parser.value()?.parse()?
                }
                lexopt::Arg::Long("server-cpu") => options.server_cpu = parser.value()?.parse()?,
                lexopt::Arg::Long("load-cpu") => options.load_cpu = parser.value()?.parse()?,
                other => return Err(format!("{}\n{USAGE}", other.unexpected()).into()),
            }
        }
        let usable = options.rounds > 0
            && options.seconds > 0.0
            && options.server_cpu != options.load_cpu
            && (1..=CONNECTIONS_MAX).contains(&options.connections)
            && options.depths.iter().all(|depth| (1..=BATCH_MAX).contains(depth));
        if usable { Ok(options) } else { Err(format!("a value is out of range\n{USAGE}").into()) }
    }
}

/// Servers by name, put into the order in which they alternate.
fn servers(names: &str) -> Result<Vec<Server>, Box<dyn Error>> {
    let mut servers = Vec::new();
    for name in names.split(',') {
        let server = Server::from_name(name);
        servers.push(server.ok_or_else(|| format!("no server is called {name}\n{USAGE}"))?);
    }
    servers.sort_unstable();
    servers.dedup();
    Ok(servers)
}

fn list<T: FromStr<Err: Display>>(values: &str) -> Result<Vec<T>, Box<dyn Error>> {
    let parse = |value: &str| value.parse().map_err(|error| format!("{value}: {error}").into());
    values.split(',').map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str) -> Result<Options, Box<dyn Error>> {
        let words = std::iter::once("first-measure").chain(arguments.split_whitespace());
        Options::parse(lexopt::Parser::from_iter(words))
    }

    #[test]
    fn a_selection_is_sorted_and_bounded() {
        let options = parse("--only floor-epoll,actix,actix --depths 1,2 --rounds 3").unwrap();
        assert_eq!(options.servers, [Server::Actix, Server::FloorEpoll]);
        assert_eq!((options.depths, options.rounds), (vec![1, 2], 3));
        assert_eq!(parse("").unwrap().servers, Server::ALL);
        let refused = ["--only nginx", "--depths 0", "--depths", "--rounds 0", "--load-cpu 0", "x"];
        for arguments in refused {
            assert!(parse(arguments).is_err(), "{arguments}");
        }
    }
}
