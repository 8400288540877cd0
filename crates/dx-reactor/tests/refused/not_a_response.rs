//! Handlers that return what cannot be answered.
use dx_reactor::App;

struct Wrong;

fn now() -> Wrong {
    Wrong
}

async fn later() -> Result<&'static str, Wrong> {
    Err(Wrong)
}

fn main() {
    let _ = App::new().get("/", now);
    let _ = App::new().get("/", later);
}
