//! State by reference, or without `State`.
use dx_reactor::App;

struct Db;

fn by_reference(_: &Db) {}

fn bare(_: Db) {}

fn main() {
    let _ = App::new().state(Db).get("/", by_reference);
    let _ = App::new().state(Db).get("/", bare);
}
