//! What files under /proc say of this process and of its network.
//!
//! Owns the reading of /proc/self/status (proc_pid_status(5)) and of the TCP sysctls (tcp(7), the
//! kernel's ip-sysctl.rst). Opens no file: a closure does. Invariant: a file that is not there, or
//! says what these pages do not describe, gives `None`.

use crate::sys::host::{SystemCallFilter, TcpSettings};

/// The filter that the line `Seccomp:` of a process's `status` tells of: 0, 1 or 2, prctl(2).
pub(super) fn filter(status: &str) -> Option<SystemCallFilter> {
    match value(status, "Seccomp")? {
        "0" => Some(SystemCallFilter::Open),
        "1" => Some(SystemCallFilter::Strict),
        "2" => Some(SystemCallFilter::Filtered),
        _ => None,
    }
}

/// The settings of the network that this process sees. `read` gives the text of a file below
/// /proc/sys/net/ipv4; the files are those of both families.
pub(super) fn tcp(mut read: impl FnMut(&str) -> Option<String>) -> TcpSettings {
    TcpSettings {
        handshakes_max: read("tcp_max_syn_backlog").and_then(|text| text.trim().parse().ok()),
        // 1: once the queue overflows, 2: always. 0: the queue's length is the end.
        syn_cookies: read("tcp_syncookies")
            .and_then(|text| text.trim().parse::<u32>().ok())
            .map(|mode| mode != 0),
        ports: read("ip_local_port_range").and_then(|text| ports(&text)),
        congestion_control: read("tcp_congestion_control")
            .map(|text| text.trim().to_owned())
            .filter(|name| !name.is_empty()),
    }
}

/// First and last of a range of ports: two numbers, the second not below the first.
fn ports(text: &str) -> Option<(u16, u16)> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    let (first, last) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (numbers.next().is_none() && first <= last).then_some((first, last))
}

/// What stands behind `key` in lines of `key:\tvalue`.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn filter_rows() {
        let rows = [
            ("Name:\tx\nSeccomp:\t0\nSeccomp_filters:\t0\n", Some(SystemCallFilter::Open)),
            ("Seccomp:\t1\n", Some(SystemCallFilter::Strict)),
            ("NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n", {
                Some(SystemCallFilter::Filtered)
            }),
            // A kernel without filters has no such line.
            ("Name:\tx\nNoNewPrivs:\t0\n", None),
            ("Seccomp_filters:\t2\n", None),
            ("Name:\tSeccomp:\t2\n", None),
            ("Seccomp:\t3\n", None),
            ("Seccomp:\t\n", None),
            ("", None),
        ];
        for (status, expected) in rows {
            assert_eq!(filter(status), expected, "{status:?}");
        }
    }

    #[test]
    fn port_rows() {
        let rows = [
            ("32768\t60999\n", Some((32_768, 60_999))),
            ("1024 65535", Some((1024, 65_535))),
            ("5 5", Some((5, 5))),
            ("6 5", None),
            ("1 65536", None),
            ("1 2 3", None),
            ("-1 2", None),
            ("1", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(ports(text), expected, "{text:?}");
        }
    }

    #[test]
    fn settings_are_read_from_their_files() {
        let files = [
            ("tcp_max_syn_backlog", "2048\n"),
            ("tcp_syncookies", "2\n"),
            ("ip_local_port_range", "32768\t60999\n"),
            ("tcp_congestion_control", "bbr\n"),
        ];
        let all = tcp(|name| {
            files.iter().find(|(file, _)| *file == name).map(|(_, text)| (*text).to_owned())
        });
        assert_eq!(
            all,
            TcpSettings {
                handshakes_max: Some(2048),
                syn_cookies: Some(true),
                ports: Some((32_768, 60_999)),
                congestion_control: Some(String::from("bbr")),
            }
        );
        let none = TcpSettings::default();
        assert_eq!(tcp(|_| None), none);
        assert_eq!(tcp(|_| Some(String::from("\n"))), none);
        assert_eq!(tcp(|_| Some(String::from("0\n"))).syn_cookies, Some(false));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(Seccomp:)?.*") {
            let _ = filter(&text);
            let settings = tcp(|_| Some(text.clone()));
            prop_assert!(settings.ports.is_none_or(|(first, last)| first <= last));
        }
    }
}
