//! What `dx-reactor serve` serves.
//!
//! Owns the demo's routes. Invariant: nothing in it needs a file, a database or a network.

use dx_reactor::{App, Bytes, IntoResponse, Json, Request, Response, Text};
use serde::Serialize;

const PAGE: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>dx-reactor</title>
<style>body{font:16px/1.5 system-ui;margin:3rem auto;max-width:40rem}code{background:#eee}</style>
<h1>dx-reactor is serving</h1>
<p>Try these:</p>
<ul>
<li><a href=\"/plaintext\"><code>GET /plaintext</code></a></li>
<li><a href=\"/json\"><code>GET /json</code></a></li>
<li><a href=\"/user/42\"><code>GET /user/{id}</code></a></li>
<li><code>curl -d hello http://127.0.0.1:8080/echo</code></li>
</ul>
</html>
";

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

async fn user(request: Request) -> Text {
    request.param_text("id").unwrap_or_default()
}

fn echo(request: Request) -> Bytes {
    request.into_body()
}

fn page() -> Response {
    Response::html(PAGE)
}

/// The demo's app.
pub(crate) fn app() -> App {
    App::new()
        .get("/", page)
        .get("/plaintext", || "Hello, World!")
        .get("/json", || Json(Message { message: "Hello, World!" }).into_response())
        .get("/user/{id}", user)
        .post("/echo", echo)
}
