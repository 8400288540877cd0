//! Routes, groups, and what handlers take: paths, queries, headers, state, layers.
//!
//! Try it: `cargo run --example routing`, then
//!
//! ```text
//! curl -i 'http://127.0.0.1:8080/'
//! curl -i 'http://127.0.0.1:8080/greet/world?times=3'
//! curl -i 'http://127.0.0.1:8080/old'
//! curl -i 'http://127.0.0.1:8080/api/items/7'
//! curl -i 'http://127.0.0.1:8080/api/items/seven'
//! curl -i -H 'x-key: open' 'http://127.0.0.1:8080/api/admin/visits'
//! curl -i 'http://127.0.0.1:8080/api/nothing/here'
//! curl -i -X POST -d 'a small body' 'http://127.0.0.1:8080/api/upload'
//! ```

use std::cell::Cell;

use dx_reactor::{
    App, Bytes, DxReactor, Header, HeaderField, HeaderName, HeaderValue, Html, Json, Path, Problem,
    Query, Redirect, Response, State, Status,
};
use serde::{Deserialize, Serialize};

/// How often this worker was asked. It stays on its thread, so a `Cell` will do.
#[derive(Default)]
struct Visits(Cell<u64>);

/// Runs after every handler of the API.
fn sign(response: &mut Response) {
    const SERVED_BY: HeaderName = HeaderName::from_static("x-served-by");
    response.set_header(SERVED_BY, HeaderValue::from_static("routing"));
}

#[derive(Deserialize)]
struct Greeting {
    #[serde(default = "once")]
    times: u8,
}

const fn once() -> u8 {
    1
}

fn greet(Path(name): Path<String>, Query(greeting): Query<Greeting>) -> String {
    format!("Hello, {name}!\n").repeat(greeting.times.into())
}

#[derive(Serialize)]
struct Item {
    id: u32,
    name: String,
}

fn item(visits: State<Visits>, Path(id): Path<u32>) -> Result<Json<Item>, Problem> {
    visits.0.0.set(visits.0.0.get() + 1);
    if id > 100 {
        return Err(Problem::new(Status::NOT_FOUND).with_detail("there are 100 items"));
    }
    Ok(Json(Item { id, name: format!("item {id}") }))
}

/// What opens the door.
struct Key;

impl HeaderField for Key {
    const NAME: &'static str = "x-key";

    fn from_value(value: &[u8]) -> Option<Self> {
        (value == b"open").then_some(Self)
    }
}

fn visits(_: Header<Key>, visits: State<Visits>) -> String {
    visits.0.0.get().to_string()
}

fn api() -> App {
    let admin = App::new().get("/visits", visits);
    let uploads =
        App::new().body_max(64).post("/upload", |body: Bytes| format!("{} bytes", body.len()));
    App::new()
        .state(Visits::default())
        .after(sign)
        .get("/items/{id}", item)
        .nest("/admin", admin)
        .merge(uploads)
        .fallback(|| Problem::new(Status::NOT_FOUND).with_detail("no such API"))
}

pub(crate) fn app() -> App {
    App::new()
        .get("/", || Html("<!doctype html><title>Routing</title><a href=/greet/you>Greet</a>"))
        .get("/old", || Redirect::permanent("/"))
        .get("/greet/{name}", greet)
        .nest("/api", api())
}

pub(crate) fn main() -> Result<(), dx_reactor::ServerError> {
    DxReactor::build()
        .app(|_| app())
        .build()
        .ignite_with(|running| println!("http://{}/", running.addr()))
}
