//! The result of one closed loop: a flat JSON object on one line.
//!
//! Owns the field names that `load` prints and the driver reads. Invariant: what one writes the
//! other reads.

use serde::{Deserialize, Serialize};

/// What was counted in the measured window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Connections at the start.
    pub connections: usize,
    /// Requests per batch.
    pub batch: usize,
    /// Length of the measured window.
    pub seconds: f64,
    /// Requests answered in the window.
    pub requests: u64,
    /// Requests per second.
    pub rate: f64,
    /// Median time from a batch's first byte written to its last byte read, in microseconds.
    pub p50_us: f64,
    /// The same, which 99 % of the batches do not exceed.
    pub p99_us: f64,
    /// Connections lost, batches that never came back, responses of wrong length or content.
    pub errors: u64,
    /// Responses that were compared byte for byte, warm-up included.
    pub checked: u64,
    /// Bytes of one response.
    pub response_bytes: usize,
    /// CPU time of the generator itself per request, in nanoseconds.
    pub load_cpu_ns: Option<f64>,
    /// CPU time of the server per request, in nanoseconds; only with `--pid`, and only when no
    /// thread of it ended in the window.
    pub server_cpu_ns: Option<f64>,
}

impl Report {
    /// One line of JSON without its newline.
    ///
    /// # Panics
    ///
    /// Never: the fields are numbers, which always serialise.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers serialise")
    }

    /// Reads what [`Report::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// serde_json's error for anything else.
    pub fn from_json(line: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_reads_what_load_prints() {
        let report = Report {
            connections: 64,
            batch: 16,
            seconds: 3.0,
            requests: 1,
            rate: 0.25,
            p50_us: 1.5,
            p99_us: 2.5,
            errors: 0,
            checked: 7,
            response_bytes: 130,
            load_cpu_ns: Some(10.0),
            server_cpu_ns: None,
        };
        assert_eq!(Report::from_json(&report.to_json()).unwrap(), report);
        assert!(!report.to_json().contains('\n'));
    }
}
