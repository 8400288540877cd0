//! `counted-hello --listen ADDR --backend NAME`: our hello server, for counting instructions.
//!
//! Owns two routes: `GET /`, which is counted, and `GET /end`, which ends the process from inside
//! the handler. So it ends at the same instruction every time, and needs no signal: a thread that
//! waits in io_uring_enter under valgrind 3.19 lets no other thread see one. Invariant: `GET /`
//! does what the example `hello` of `dx-reactor` does.

#![forbid(unsafe_code)]

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use dx_reactor::{App, DxReactor, IoBackend, WorkerStrategy};

fn app() -> App {
    App::new().get("/", || "Hello, World!").get("/end", || -> &'static str {
        std::process::exit(0);
    })
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("counted-hello: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    use lexopt::ValueExt;

    let mut parser = lexopt::Parser::from_env();
    let (mut listen, mut backend) = (None::<SocketAddr>, IoBackend::Auto);
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("listen") => listen = Some(parser.value()?.parse()?),
            lexopt::Arg::Long("backend") => backend = parser.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let listen = listen.ok_or("--listen ADDR is missing")?;
    let server = DxReactor::build()
        .workers(WorkerStrategy::Fixed(1))
        .io_backend(backend)
        .listen(listen)
        .app(|_| app())
        .build();
    Ok(server.ignite()?)
}
