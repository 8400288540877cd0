//! What the doctor says.
//!
//! Owns the forms of a [`Report`]: lines for people, JSON for machines. Knows no check. Invariant:
//! both forms hold the same checks in the same order.

use core::fmt;

use serde::Serialize;

/// How one check went. The order is that of concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing is lost for ordinary use.
    Note,
    /// The server runs, and worse than this machine could.
    Warning,
    /// The server cannot run.
    Problem,
}

impl State {
    const ALL: [Self; 4] = [Self::Ok, Self::Note, Self::Warning, Self::Problem];

    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) state: State,
    /// What was measured.
    pub(super) value: String,
    /// What to do, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cure: Option<String>,
}

impl Check {
    pub(super) fn new(name: impl Into<String>, state: State, value: impl Into<String>) -> Self {
        Self { name: name.into(), state, value: value.into(), cure: None }
    }

    pub(super) fn ok(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(name, State::Ok, value)
    }

    pub(super) fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }
}

/// Every check, in the order in which they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) workers: usize,
    pub(super) checks: Vec<Check>,
}

/// The JSON form.
#[derive(Serialize)]
struct Json<'a> {
    can_serve: bool,
    workers: usize,
    checks: &'a [Check],
}

impl Report {
    /// Whether a server can run: no check found a problem.
    pub(super) fn can_serve(&self) -> bool {
        self.checks.iter().all(|check| check.state < State::Problem)
    }

    /// One JSON object and a line end.
    pub(super) fn to_json(&self) -> String {
        let Self { workers, checks } = self;
        let json = Json { can_serve: self.can_serve(), workers: *workers, checks };
        let text = serde_json::to_string_pretty(&json).expect("strings and numbers can be written");
        text + "\n"
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name_width = self.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
        let state_width = State::ALL.map(|state| state.name().len()).into_iter().max().unwrap_or(0);
        for Check { name, state, value, cure } in &self.checks {
            writeln!(f, "{:state_width$}  {name:name_width$}  {value}", state.name())?;
            if let Some(cure) = cure {
                writeln!(f, "{:state_width$}  {:name_width$}  cure: {cure}", "", "")?;
            }
        }
        let counts = State::ALL.map(|state| {
            let count = self.checks.iter().filter(|check| check.state == state).count();
            let plural = if state == State::Ok || count == 1 { "" } else { "s" };
            format!("{count} {}{plural}", state.name())
        });
        let verdict = if self.can_serve() { "a server can run here" } else { "no server can run" };
        writeln!(f, "{}: {verdict}", counts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, Report, State};

    fn report(states: &[State]) -> Report {
        let checks = states.iter().map(|state| match state {
            State::Ok => Check::ok("fine", "1"),
            other => Check::new("longer name", *other, "2").cure("`do \"this\"`"),
        });
        Report { workers: 3, checks: checks.collect() }
    }

    #[test]
    fn only_a_problem_forbids_serving() {
        assert!(report(&[]).can_serve());
        assert!(report(&[State::Ok, State::Note, State::Warning]).can_serve());
        assert!(!report(&[State::Problem, State::Ok]).can_serve());
    }

    #[test]
    fn people_read_lines() {
        let expected = "\
ok       fine         1
warning  longer name  2
                      cure: `do \"this\"`
1 ok, 0 notes, 1 warning, 0 problems: a server can run here
";
        assert_eq!(report(&[State::Ok, State::Warning]).to_string(), expected);
        assert!(report(&[State::Problem]).to_string().ends_with("1 problem: no server can run\n"));
    }

    #[test]
    fn machines_read_json() {
        let json = report(&[State::Ok, State::Problem]).to_json();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let expected = serde_json::json!({
            "can_serve": false,
            "workers": 3,
            "checks": [
                { "name": "fine", "state": "ok", "value": "1" },
                {
                    "name": "longer name",
                    "state": "problem",
                    "value": "2",
                    "cure": "`do \"this\"`",
                },
            ],
        });
        assert_eq!(value, expected);
    }
}
