//! An argument that no request has.
use dx_reactor::{App, Path};

struct Wrong;

fn first(_: Wrong, _: Path<u8>) {}

fn last(_: Path<u8>, _: Wrong) {}

fn main() {
    let _ = App::new().get("/{id}", first);
    let _ = App::new().get("/{id}", last);
}
