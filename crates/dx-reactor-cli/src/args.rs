//! What the command line says.
//!
//! Owns flags and subcommands. Invariant: without any argument, it means `serve` with defaults.

use std::net::SocketAddr;

use clap::{Parser, Subcommand};
use dx_reactor::{IoBackend, WorkerStrategy};

use crate::bench::Bench;

/// A server on one pinned thread per core.
#[derive(Debug, Parser)]
#[command(name = "dx-reactor", version, about, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Without a subcommand, these are `serve`'s.
    #[command(flatten)]
    serve: Serve,
}

impl Args {
    /// The subcommand, `serve` by default.
    pub(crate) fn command(self) -> Command {
        self.command.unwrap_or(Command::Serve(self.serve))
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the demo until SIGTERM or Ctrl-C (the default).
    Serve(Serve),
    /// Say what this machine can do and what stands in the way, each with its cure.
    ///
    /// Ends with 0 when a server can run here, and with 1 when it cannot.
    Doctor(Doctor),
    /// Load a server over http and print rate, latency and failures.
    Bench(Bench),
}

/// Flags of `serve`.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Serve {
    /// Where to listen; may be given several times. Port 0 lets the system choose.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: Vec<SocketAddr>,
    /// Worker threads; one for each CPU this process may use when not given.
    #[arg(long, value_name = "N", value_parser = parse_workers)]
    pub(crate) workers: Option<usize>,
    /// The kernel interface: auto, io_uring or epoll.
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub(crate) backend: IoBackend,
    /// Have the kernel poll for submissions, and sleep after this many idle milliseconds (100 when
    /// not given). Needs a CPU more than there are workers.
    #[arg(long, value_name = "IDLE_MS", num_args = 0..=1, default_missing_value = "100")]
    pub(crate) sqpoll: Option<u32>,
}

impl Serve {
    /// The worker strategy that the flags name.
    pub(crate) fn strategy(&self) -> WorkerStrategy {
        self.workers.map_or(WorkerStrategy::ThreadPerCore, WorkerStrategy::Fixed)
    }
}

/// Flags of `doctor`.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Doctor {
    /// Print JSON, for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// Workers of the server to come; as many as `serve` would start when not given.
    #[arg(long, value_name = "N", value_parser = parse_workers)]
    pub(crate) workers: Option<usize>,
}

fn parse_workers(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err(String::from("at least one worker is needed")),
        Ok(workers) => Ok(workers),
        Err(_) => Err(String::from("not a number of workers")),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};
    use dx_reactor::{IoBackend, WorkerStrategy};

    use super::{Args, Command};

    fn serve(words: &[&str]) -> super::Serve {
        let words = ["dx-reactor"].into_iter().chain(words.iter().copied());
        match Args::try_parse_from(words).expect("valid").command() {
            Command::Serve(serve) => serve,
            other => panic!("not `serve`: {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        <Args as CommandFactory>::command().debug_assert();
    }

    #[test]
    fn nothing_means_serve_on_defaults() {
        for words in [&[][..], &["serve"]] {
            let serve = serve(words);
            assert_eq!(serve.listen, ["127.0.0.1:8080".parse().unwrap()]);
            assert_eq!(serve.strategy(), WorkerStrategy::ThreadPerCore);
            assert_eq!(serve.backend, IoBackend::Auto);
            assert_eq!(serve.sqpoll, None);
        }
    }

    #[test]
    fn flags_work_with_and_without_the_subcommand() {
        let flags = ["--listen", "[::1]:0", "--workers", "3", "--backend", "epoll"];
        for words in [flags.to_vec(), [&["serve"], &flags[..]].concat()] {
            let serve = serve(&words);
            assert_eq!(serve.listen, ["[::1]:0".parse().unwrap()]);
            assert_eq!(serve.strategy(), WorkerStrategy::Fixed(3));
            assert_eq!(serve.backend, IoBackend::Epoll);
        }
    }

    #[test]
    fn the_doctor_has_flags_of_its_own() {
        let rows: [(&[&str], bool, Option<usize>); 2] =
            [(&["doctor"], false, None), (&["doctor", "--json", "--workers", "3"], true, Some(3))];
        for (words, json, workers) in rows {
            let words = ["dx-reactor"].into_iter().chain(words.iter().copied());
            let Command::Doctor(doctor) = Args::try_parse_from(words).expect("valid").command()
            else {
                panic!("not `doctor`");
            };
            assert_eq!((doctor.json, doctor.workers), (json, workers));
        }
        assert!(Args::try_parse_from(["dx-reactor", "doctor", "--workers", "0"]).is_err());
    }

    #[test]
    fn the_poller_s_idle_time_may_be_left_out() {
        assert_eq!(serve(&["--sqpoll"]).sqpoll, Some(100));
        assert_eq!(serve(&["--sqpoll", "7", "--workers", "1"]).sqpoll, Some(7));
    }

    #[test]
    fn nonsense_is_refused() {
        for words in [
            ["--workers", "0"],
            ["--workers", "many"],
            ["--backend", "select"],
            ["--listen", "nowhere"],
            ["--sqpoll", "often"],
        ] {
            let words = ["dx-reactor"].into_iter().chain(words);
            assert!(Args::try_parse_from(words).is_err());
        }
    }
}
