//! dx-load: a load generator that cannot flatter.
//!
//! Owns the generator and its statistics: plans (`plan`), the seam to protocols (`wire`) and HTTP
//! behind it (`http`), the run (`run`), its connections, and the report. May not know any
//! server's insides, nor the runtime. Invariant: nothing counts as answered whose length was not
//! exactly the expected one, and every run ends by itself.
//!
//! It uses one thread. In a *closed loop* every connection sends its next batch when the last one
//! is answered; this measures what a server can do. In an *open loop* batches are due at fixed
//! times, whatever the server does, and latency counts from the time a batch was due, so that a
//! server's pause is seen by every batch it delays (no "coordinated omission").
//!
//! ```no_run
//! use dx_load::{Plan, http};
//!
//! let url: http::Url = "http://localhost:8080/".parse()?;
//! let mut plan = Plan::new(url.resolve()?);
//! plan.connections = 64;
//! let report = dx_load::run(&plan, &mut http::Http::get(&url), &mut ())?;
//! println!("{:.0} requests/s, p99 {:.0} us", report.rate, report.p99_us);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod conns;
mod error;
pub mod http;
pub mod limits;
mod observer;
mod pace;
mod plan;
mod probe;
mod report;
mod run;
mod tally;
mod wire;

pub use dx_io::IoBackend;
pub use error::{Fault, LoadError};
pub use observer::{Observer, Progress};
pub use plan::{Pace, Plan, PlanError};
pub use report::Report;
pub use run::run;
pub use tally::{Failure, Failures};
pub use wire::{AnswerError, Wire};
