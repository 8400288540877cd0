//! The vectors of `vectors/hbtp`, by this crate and by the independent decoder in Python.
//!
//! Owns how a vector is run: whole, and cut at every byte. May not know what is right. Its one
//! invariant: a cut changes neither events nor output.

#[path = "common/peer.rs"]
mod peer;

use std::path::{Path, PathBuf};
use std::process::Command;

use dx_hbtp::{Fault, Limits, Refusal};
use peer::Peer;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn vectors() -> Vec<Value> {
    let folder = root().join("vectors/hbtp");
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder of vectors") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).expect("a vector file");
            let file: Vec<Value> = serde_json::from_str(&text).expect("an array");
            rows.extend(file);
        }
    }
    rows
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().map(|digit| digit.to_digit(16).expect("a digit") as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn limits(row: &Value) -> Limits {
    let mut limits = Limits::server();
    if let Some(told) = row["limits"].as_object() {
        for (name, value) in told {
            assert_eq!(name, "inflight_max", "a limit the runner does not know");
            limits.inflight_max = value.as_u64().expect("a number") as u16;
        }
    }
    limits
}

/// Runs `row`; the input of step `cut.0` comes in two parts, cut at byte `cut.1`.
fn run(row: &Value, cut: Option<(usize, usize)>) -> (Vec<String>, Vec<u8>) {
    let mut peer = Peer::new(row["role"].as_str().expect("a role"), limits(row));
    for (index, step) in row["steps"].as_array().expect("steps").iter().enumerate() {
        let (name, value) = step.as_object().expect("a step").iter().next().expect("a name");
        let step_name = if step.get("call").is_some() { "call" } else { name.as_str() };
        let number = value.as_u64().unwrap_or_default();
        match step_name {
            "in" => {
                let input = bytes(value.as_str().expect("hex"));
                let at = cut.filter(|(step, _)| *step == index).map_or(0, |(_, at)| at);
                peer.receive(&input[..at]);
                peer.receive(&input[at..]);
            }
            "at" => peer.at(number),
            "tick" => peer.tick(number),
            "answer" => peer.answer(number as u16),
            "cancel" => peer.cancel(number as u16),
            "goaway" => peer.go_away(number as u16),
            "end" => peer.end(),
            "call" => {
                let deadline_ms = step["deadline"].as_u64().unwrap_or_default() as u32;
                peer.call(&bytes(step["call"].as_str().expect("hex")), deadline_ms);
            }
            other => panic!("no step {other}"),
        }
    }
    (peer.events, peer.out.as_bytes().to_vec())
}

#[test]
fn every_vector_whole_and_cut_at_every_byte() {
    let rows = vectors();
    assert!(rows.len() >= 150, "{} vectors", rows.len());
    for row in &rows {
        let id = row["id"].as_str().expect("an id");
        let expected: Vec<String> =
            serde_json::from_value(row["events"].clone()).expect("events are text");
        let out = bytes(row["out"].as_str().expect("hex"));
        assert_eq!(run(row, None), (expected.clone(), out.clone()), "{id}");
        for (index, step) in row["steps"].as_array().expect("steps").iter().enumerate() {
            let len = step["in"].as_str().unwrap_or_default().len() / 2;
            for at in 1..len {
                let found = run(row, Some((index, at)));
                assert_eq!(found, (expected.clone(), out.clone()), "{id} cut at {index}:{at}");
            }
        }
    }
}

/// Each rule that can be broken has a number in the specification and a vector.
#[test]
fn every_broken_rule_has_a_vector() {
    let specification = std::fs::read_to_string(root().join("docs/hbtp.md")).expect("docs");
    let rows = vectors();
    let cited = |rule: &str| {
        rows.iter()
            .any(|row| row["rules"].as_array().expect("rules").iter().any(|cited| cited == rule))
    };
    let faults = Fault::ALL.iter().map(|fault| fault.rule());
    for rule in faults.chain(Refusal::ALL.iter().map(|refusal| refusal.rule())) {
        assert!(specification.contains(&format!("- **{rule}** ")), "{rule} is not specified");
        assert!(cited(rule), "{rule} has no vector");
    }
    for row in &rows {
        for rule in row["rules"].as_array().expect("rules") {
            let rule = rule.as_str().expect("text");
            assert!(specification.contains(&format!("- **{rule}** ")), "{rule} is not specified");
        }
    }
}

#[test]
fn the_independent_decoder_agrees() {
    let found = Command::new("python3").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        let must = std::env::var_os("DX_TEST_REQUIRE_ALL").is_some_and(|value| value == "1");
        assert!(!must, "python3 is missing");
        eprintln!("skipped: python3 is missing");
        return;
    }
    let mut command = Command::new("python3");
    command.args(["-B", "-m", "unittest", "-q"]).current_dir(root().join("clients/python"));
    let output = command.output().expect("python3 runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Ran ") && !said.contains("Ran 0 tests"), "{said}");
}
