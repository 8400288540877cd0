//! `axum-hello --listen ADDR`: the peer, as axum is documented, on one thread.
//!
//! Owns one route and nothing else. Invariant: `GET /` answers the same headers and body as every
//! other measured server.

#![forbid(unsafe_code)]

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

async fn hello() -> &'static str {
    "Hello, World!"
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("axum-hello: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let listen = listen_address()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async move {
        // As all other servers have it; it fails only on a connection that is gone already.
        let listener = TcpListener::bind(listen).await?.tap_io(|stream| {
            let _set = stream.set_nodelay(true);
        });
        Ok(axum::serve(listener, Router::new().route("/", get(hello))).await?)
    })
}

fn listen_address() -> Result<SocketAddr, Box<dyn Error>> {
    use lexopt::ValueExt;

    let mut parser = lexopt::Parser::from_env();
    let mut listen = None;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("listen") => listen = Some(parser.value()?.parse()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(listen.ok_or("--listen ADDR is missing")?)
}
