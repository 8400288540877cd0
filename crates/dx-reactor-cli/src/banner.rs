//! What a started server says of itself.
//!
//! Owns the banner's text. Invariant: every line is read off the running server or the host.

use core::fmt::Write;

use dx_io::host;
use dx_reactor::Running;

/// A few lines: backend and why, kernel, workers and their CPUs, addresses, limits.
pub(crate) fn text(running: &Running) -> String {
    let mut text = String::from("dx-reactor is serving\n");
    // Writing to a String cannot fail.
    let _ = write(&mut text, running);
    text
}

fn write(text: &mut String, running: &Running) -> core::fmt::Result {
    if let Some(detection) = running.detections().first() {
        writeln!(text, "  backend   {detection}")?;
        writeln!(text, "  kernel    {}", detection.features())?;
    }
    let cpus: Vec<String> = running
        .cpus()
        .iter()
        .map(|cpu| cpu.map_or_else(|| String::from("any"), |cpu| cpu.to_string()))
        .collect();
    writeln!(text, "  workers   {} on CPU {}", cpus.len(), cpus.join(", "))?;
    for addr in running.addrs() {
        writeln!(text, "  listening http://{addr}/")?;
    }
    let limits = running.limits();
    writeln!(
        text,
        "  limits    head {} KiB in {} s, {} fields, body {} KiB, idle {} s, write {} s",
        limits.http.head_max.div_ceil(1024),
        limits.head_timeout.as_secs(),
        limits.http.headers_max,
        limits.body_max / 1024,
        limits.idle_timeout.as_secs(),
        limits.write_timeout.as_secs(),
    )?;
    let host = host::limits();
    writeln!(
        text,
        "  host      {} connections a worker, {} descriptors, accept queue {}",
        running.connections_max(),
        host.descriptors_soft,
        host.accept_queue_max.map_or_else(|| String::from("unknown"), |max| max.to_string()),
    )?;
    writeln!(text, "  stop      Ctrl-C or SIGTERM: drains for at most {} s", {
        limits.drain_timeout.as_secs()
    })
}
