//! `actix-hello --listen ADDR [--workers N] [--nodelay]`: the peer, as actix-web is documented.
//!
//! Owns four routes and nothing else: no logger, no middleware, actix's default keep-alive and
//! limits. `--nodelay` sets TCP_NODELAY, which actix leaves alone otherwise. Invariant: `GET /`
//! answers the same headers and body as every other measured server.

#![forbid(unsafe_code)]

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use actix_web::web::{Bytes, Json, Path};
use actix_web::{App, HttpServer, web};

/// The body of `GET /json`.
#[derive(serde::Serialize)]
struct Message {
    message: &'static str,
}

async fn hello() -> &'static str {
    "Hello, World!"
}

async fn json() -> Json<Message> {
    Json(Message { message: "Hello, World!" })
}

async fn user(id: Path<String>) -> String {
    id.into_inner()
}

async fn echo(body: Bytes) -> Bytes {
    body
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("actix-hello: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    use lexopt::ValueExt;

    let mut parser = lexopt::Parser::from_env();
    let mut listen: Option<SocketAddr> = None;
    let (mut workers, mut nodelay) = (1_usize, false);
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("nodelay") => nodelay = true,
            lexopt::Arg::Long("listen") => listen = Some(parser.value()?.parse()?),
            lexopt::Arg::Long("workers") => workers = parser.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let listen = listen.ok_or("--listen ADDR is missing")?;
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(|| {
            App::new()
                .route("/", web::get().to(hello))
                .route("/json", web::get().to(json))
                .route("/user/{id}", web::get().to(user))
                .route("/echo", web::post().to(echo))
        })
        .workers(workers);
        let server = if nodelay { server.tcp_nodelay(true) } else { server };
        server.bind(listen)?.run().await
    })?;
    Ok(())
}
