//! The reference server: four routes, and no special path that a user's code would not have.
//!
//! Try it: `cargo run --release --example hello -- --listen 127.0.0.1:8080 --workers 1
//! --backend epoll`, then `curl -i http://127.0.0.1:8080/user/42`.

use dx_reactor::{App, Bytes, DxReactor, IoBackend, Json, Request, WorkerStrategy};
use serde::Serialize;
use std::net::SocketAddr;

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

fn app() -> App {
    App::new()
        .get("/", || "Hello, World!")
        .get("/json", || Json(Message { message: "Hello, World!" }))
        .get("/user/{id}", |request: Request| request.param_text("id").unwrap_or_default())
        .post("/echo", echo)
}

async fn echo(request: Request) -> Bytes {
    request.into_body()
}

fn main() {
    let (mut listen, mut workers, mut backend) =
        (String::from("127.0.0.1:8080"), WorkerStrategy::ThreadPerCore, IoBackend::Auto);
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let value = args.next().unwrap_or_else(|| usage(&flag));
        match flag.as_str() {
            "--listen" => listen = value,
            "--workers" => {
                workers = WorkerStrategy::Fixed(value.parse().unwrap_or_else(|_| usage(&value)));
            }
            "--backend" => backend = value.parse().unwrap_or_else(|_| usage(&value)),
            _ => usage(&flag),
        }
    }
    let addr: SocketAddr = listen.parse().unwrap_or_else(|_| usage(&listen));
    let server =
        DxReactor::build().workers(workers).io_backend(backend).listen(addr).app(|_| app()).build();
    let ended = server.ignite_with(|running| println!("http://{}/", running.addr()));
    if let Err(error) = ended {
        eprintln!("hello: {error}");
        std::process::exit(1);
    }
}

fn usage<T>(word: &str) -> T {
    eprintln!("hello: {word}: use --listen ADDR --workers N --backend auto|io_uring|epoll");
    std::process::exit(2);
}
