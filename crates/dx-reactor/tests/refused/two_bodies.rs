//! Two arguments that take the body.
use dx_reactor::{App, Bytes, Json};

fn handler(_: Bytes, _: Json<u8>) {}

fn main() {
    let _ = App::new().post("/", handler);
}
