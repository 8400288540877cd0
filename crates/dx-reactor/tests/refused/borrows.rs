//! Handlers that borrow from outside.
use dx_reactor::App;

fn main() {
    let local = String::from("local");
    let _ = App::new().get("/", || local.len().to_string());
    let text: &str = &local;
    let _ = App::new().get("/", move || text.len().to_string());
}
