//! What is called is no function, or takes too much.
use dx_reactor::{App, Method};

#[rustfmt::skip]
fn nine(
    _: Method, _: Method, _: Method, _: Method, _: Method, _: Method, _: Method, _: Method,
    _: Method,
) {}

fn main() {
    let _ = App::new().get("/", "text");
    let _ = App::new().get("/", nine);
}
