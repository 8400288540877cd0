//! What the network's settings hold back.
//!
//! Owns the checks of queues, ports and congestion control. Knows no backend. Invariant: settings
//! are held against what the server asks the kernel for.

use dx_io::limits::LISTEN_BACKLOG;

use super::counted;
use crate::doctor::facts::Facts;
use crate::doctor::report::{Check, State};

/// Connections that a load test from one address should be able to open to one port.
const PORTS_WANTED: u64 = 10_000;

pub(super) fn judge(facts: &Facts, checks: &mut Vec<Check>) {
    checks.push(accept_queue(facts));
    checks.push(handshakes(facts));
    checks.push(ports(facts));
    checks.push(shared_port(facts));
    checks.push(congestion(facts));
}

/// The kernel cuts the backlog of a listener to `net.core.somaxconn`, listen(2).
fn accept_queue(facts: &Facts) -> Check {
    let name = "accept queue";
    let Some(max) = facts.accept_queue_max else { return unknown(name) };
    if max >= LISTEN_BACKLOG {
        return Check::ok(name, format!("{max}, we ask for {LISTEN_BACKLOG}"));
    }
    let value = format!("{max}, we ask for {LISTEN_BACKLOG}: bursts of connections are dropped");
    Check::new(name, State::Warning, value).cure(format!(
        "`sysctl -w net.core.somaxconn={LISTEN_BACKLOG}`, `docker run --sysctl \
         net.core.somaxconn={LISTEN_BACKLOG}`"
    ))
}

/// With cookies the length of the queue is no bound: what does not fit is answered without a place
/// in it, tcp(7).
fn handshakes(facts: &Facts) -> Check {
    let name = "handshakes";
    let Some(max) = facts.tcp.handshakes_max else { return unknown(name) };
    match facts.tcp.syn_cookies {
        Some(true) => Check::ok(name, format!("{max} under way, SYN cookies beyond")),
        _ if max >= LISTEN_BACKLOG => Check::ok(name, format!("{max} under way")),
        _ => {
            let value =
                format!("{max} under way, and no SYN cookies: a flood of them shuts us off");
            Check::new(name, State::Warning, value).cure(format!(
                "`sysctl -w net.ipv4.tcp_syncookies=1`, or `sysctl -w \
                 net.ipv4.tcp_max_syn_backlog={LISTEN_BACKLOG}`"
            ))
        }
    }
}

/// A server needs none of these; who loads it, or who it asks, does.
fn ports(facts: &Facts) -> Check {
    let name = "outgoing ports";
    let Some((first, last)) = facts.tcp.ports else { return unknown(name) };
    let count = u64::from(last.saturating_sub(first)) + 1;
    let connections = counted(count, "connection");
    let value = format!("{first}-{last}: {connections} from one address to one port");
    if count >= PORTS_WANTED {
        return Check::ok(name, value);
    }
    Check::new(name, State::Note, value).cure(
        "for load tests `sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"`, or several \
         addresses of 127.0.0.0/8",
    )
}

/// One listener a worker.
fn shared_port(facts: &Facts) -> Check {
    let name = "SO_REUSEPORT";
    match &facts.shared_port {
        Ok(()) => Check::ok(name, "listeners can share an address"),
        Err(error) => {
            let value = format!("listeners cannot share an address: {error}");
            Check::new(name, State::Problem, value).cure(
                "run Linux 3.9 or later; in a sandbox, allow socket, setsockopt, bind and listen, \
                 and have the loopback up: `ip link set lo up`",
            )
        }
    }
}

/// BBR spreads what is sent over time by a timer for each connection; where there is no distance
/// and no loss that only costs.
fn congestion(facts: &Facts) -> Check {
    let name = "congestion control";
    match facts.tcp.congestion_control.as_deref() {
        None => unknown(name),
        Some(control) if control.starts_with("bbr") => {
            let value =
                format!("{control}, which paces: good over distance, extra CPU time nearby");
            Check::new(name, State::Note, value).cure(
                "for measurements over the loopback `sysctl -w \
                 net.ipv4.tcp_congestion_control=cubic`",
            )
        }
        Some(control) => Check::ok(name, control),
    }
}

fn unknown(name: &str) -> Check {
    Check::new(name, State::Note, "unknown: the system does not tell")
}

#[cfg(test)]
mod tests {
    use crate::doctor::judge::rows::{Row, run};
    use crate::doctor::report::State;

    #[test]
    fn queues() {
        let (queue, shakes) = ("accept queue", "handshakes");
        let rows: [Row; 10] = [
            (|f| f.accept_queue_max = Some(4096), queue, State::Ok, &["4096, we ask for"], &[]),
            (|f| f.accept_queue_max = Some(65_535), queue, State::Ok, &["65535"], &[]),
            (
                |f| f.accept_queue_max = Some(4095),
                queue,
                State::Warning,
                &["4095, we ask for"],
                &["sysctl -w net.core.somaxconn=4096", "docker run --sysctl"],
            ),
            (|f| f.accept_queue_max = Some(128), queue, State::Warning, &["128"], &["somaxconn"]),
            (|f| f.accept_queue_max = None, queue, State::Note, &["unknown"], &[]),
            (|f| f.tcp.handshakes_max = Some(16), shakes, State::Ok, &["16", "cookies"], &[]),
            (|f| f.tcp.syn_cookies = Some(false), shakes, State::Ok, &["4096 under way"], &[]),
            (
                |f| {
                    f.tcp.handshakes_max = Some(1024);
                    f.tcp.syn_cookies = Some(false);
                },
                shakes,
                State::Warning,
                &["1024", "no SYN cookies"],
                &["tcp_syncookies=1", "tcp_max_syn_backlog=4096"],
            ),
            (
                |f| {
                    f.tcp.handshakes_max = Some(1024);
                    f.tcp.syn_cookies = None;
                },
                shakes,
                State::Warning,
                &["1024"],
                &["tcp_syncookies=1"],
            ),
            (|f| f.tcp.handshakes_max = None, shakes, State::Note, &["unknown"], &[]),
        ];
        run(&rows);
    }

    #[test]
    fn ports_and_pacing() {
        let (ports, control) = ("outgoing ports", "congestion control");
        fn named(name: &str) -> Option<String> {
            Some(name.to_owned())
        }
        let rows: [Row; 11] = [
            (|_| {}, ports, State::Ok, &["32768-60999: 28232 connections"], &[]),
            (|f| f.tcp.ports = Some((1, 10_000)), ports, State::Ok, &["10000 connections"], &[]),
            (
                |f| f.tcp.ports = Some((2, 10_000)),
                ports,
                State::Note,
                &["9999 connections"],
                &["ip_local_port_range"],
            ),
            (
                |f| f.tcp.ports = Some((7, 7)),
                ports,
                State::Note,
                &["1 connection from"],
                &["127.0.0.0/8"],
            ),
            (|f| f.tcp.ports = None, ports, State::Note, &["unknown"], &[]),
            (|f| f.tcp.congestion_control = named("reno"), control, State::Ok, &["reno"], &[]),
            (
                |f| f.tcp.congestion_control = named("bbr"),
                control,
                State::Note,
                &["bbr,"],
                &["tcp_congestion_control=cubic"],
            ),
            (
                |f| f.tcp.congestion_control = named("bbr3"),
                control,
                State::Note,
                &["bbr3"],
                &["cubic"],
            ),
            (|f| f.tcp.congestion_control = None, control, State::Note, &["unknown"], &[]),
            (|_| {}, "SO_REUSEPORT", State::Ok, &["can share"], &[]),
            (
                |f| f.shared_port = Err(String::from("not here")),
                "SO_REUSEPORT",
                State::Problem,
                &["cannot share an address: not here"],
                &["3.9", "ip link set lo up"],
            ),
        ];
        run(&rows);
    }
}
