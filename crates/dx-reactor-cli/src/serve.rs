//! `dx-reactor serve`.
//!
//! Owns the step from flags to a running server. Invariant: it returns only when the server has
//! ended.

use dx_reactor::io::SqPoll;
use dx_reactor::{DxReactor, ServerError};

use crate::args::Serve;
use crate::{banner, demo};

/// Serves until a signal ends it.
pub(crate) fn run(serve: &Serve) -> Result<(), ServerError> {
    let mut builder = DxReactor::build()
        .workers(serve.strategy())
        .io_backend(serve.backend)
        .app(|_worker| demo::app());
    if let Some(idle_ms) = serve.sqpoll {
        let mut poller = SqPoll::default();
        poller.idle_ms = idle_ms;
        builder = builder.sqpoll(poller);
    }
    let server = serve.listen.iter().fold(builder, |builder, addr| builder.listen(*addr)).build();
    server.ignite_with(|running| print!("{}", banner::text(running)))
}
