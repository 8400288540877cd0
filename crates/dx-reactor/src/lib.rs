//! The I/O engine under a web framework.
//!
//! Owns the server: its description ([`DxReactor`]), its life ([`Running`]), and what handlers see:
//! where they are registered ([`App`]), what they take ([`FromRequest`]), what they return
//! ([`IntoResponse`]). May not know kernels or databases. Invariant: one pinned thread per core,
//! and nothing shared between them on the path of a request.
//!
//! ```no_run
//! use dx_reactor::{App, DxReactor, Json, Path, Request};
//!
//! async fn add(Path((a, b)): Path<(i64, i64)>) -> Json<i64> {
//!     Json(a + b)
//! }
//!
//! fn main() -> Result<(), dx_reactor::ServerError> {
//!     DxReactor::build()
//!         .listen(([127, 0, 0, 1], 8080))
//!         .app(|_worker| {
//!             App::new()
//!                 .get("/", || "Hello, World!")
//!                 .get("/add/{a}/{b}", add)
//!                 .get("/user/{id}", |request: Request| {
//!                     request.param_text("id").unwrap_or_default()
//!                 })
//!                 .post("/echo", async |request: Request| -> dx_reactor::Bytes {
//!                     request.into_body()
//!                 })
//!         })
//!         .build()
//!         .ignite()
//! }
//! ```

#![forbid(unsafe_code)]

mod accept;
mod access_log;
mod addresses;
mod app;
mod arguments;
mod body;
mod body_pool;
mod body_source;
mod body_stream;
mod builder;
mod bytes;
mod conn;
mod error;
mod exact_paths;
mod extract;
mod fallbacks;
mod group;
mod handler;
mod into_response;
mod json;
mod layer;
mod limits;
mod own_answers;
mod params;
mod pattern;
mod problem;
mod redirect;
mod request;
mod response;
mod route_error;
mod router;
mod scope;
mod server;
mod stepped;
mod stock;
mod text;
mod time_limit;
mod worker;

pub mod io;
#[cfg(feature = "testing")]
pub mod testing;

pub use app::App;
pub use body::Body;
pub use body_pool::PooledVec;
pub use body_source::{BodyError, BodyWriter, ClientGone};
pub use body_stream::{BodyStream, BodyStreamError};
pub use builder::{Builder, DxReactor, WorkerInfo, WorkerStrategy};
pub use bytes::Bytes;
pub use dx_http::{HeaderError, HeaderName, HeaderValue, Method, Status, Version};
pub use dx_io::IoBackend;
pub use error::ServerError;
pub use extract::{
    Form, FormRejection, FromHead, FromRequest, Header, HeaderField, HeaderRejection, Headers,
    Path, PathRejection, Query, QueryRejection, Rejection, State, StateRejection, TextRejection,
    ValueError,
};
pub use handler::Handler;
pub use into_response::{Html, IntoResponse};
pub use json::{Json, JsonRejection};
pub use layer::Layer;
pub use limits::Limits;
pub use problem::Problem;
pub use redirect::Redirect;
pub use request::Request;
pub use response::Response;
pub use route_error::{PatternFault, RouteError};
pub use scope::{Needs, Scope};
pub use server::{Running, ShutdownHandle};
pub use stepped::{Seat, Stepped};
pub use text::{Text, TextError};
