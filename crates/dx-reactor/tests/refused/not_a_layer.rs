//! A layer that is none.
use dx_reactor::App;

fn main() {
    let _ = App::new().layer(|| ());
}
