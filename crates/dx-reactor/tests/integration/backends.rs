//! Which backends tests run on.
//!
//! Owns the choice, for every test binary. May not know what is tested. Invariant: a backend that
//! does not open is skipped with the reason, never in silence.

use dx_reactor::IoBackend;
use dx_reactor::io::{BACKEND_VARIABLE, Driver, ReactorConfig};

/// The backends to run on: all, or the one that the environment names. One that does not open is
/// skipped with the reason, unless everything is required to run.
pub fn backends() -> Vec<IoBackend> {
    let named = std::env::var(BACKEND_VARIABLE).ok();
    let named = named.map(|name| name.parse::<IoBackend>().expect("a backend's name"));
    [IoBackend::Epoll, IoBackend::IoUring]
        .into_iter()
        .filter(|backend| named.is_none_or(|name| name == IoBackend::Auto || name == *backend))
        .filter(|backend| match Driver::open(*backend, &ReactorConfig::default()) {
            Ok(_) => true,
            Err(why) if std::env::var_os("DX_TEST_REQUIRE_ALL").is_none() => {
                println!("skipped on {backend}: {why}");
                false
            }
            Err(why) => panic!("{backend}: {why}"),
        })
        .collect()
}
