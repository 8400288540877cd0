//! A path that is no `Deserialize`.
use dx_reactor::{App, Path};

struct Wrong;

fn main() {
    let _ = App::new().get("/{id}", |_: Path<Wrong>| ());
}
