//! Workers against the CPUs they are given.
//!
//! Owns the checks of affinity, of the quota, and of the spare core that a polling kernel thread
//! takes. Invariant: a worker is one busy core; where there are fewer, that is said.

use crate::doctor::facts::Facts;
use crate::doctor::report::{Check, State};

pub(super) fn judge(facts: &Facts, checks: &mut Vec<Check>) {
    checks.push(workers(facts));
    checks.push(quota(facts));
    checks.push(spare(facts));
}

fn workers(facts: &Facts) -> Check {
    let name = "workers";
    let (workers, cpus) = (facts.workers, facts.cpus.len());
    if cpus == 0 {
        return Check::new(name, State::Note, format!("{workers}; which CPUs is not told"));
    }
    let value = format!("{workers}; allowed are CPUs {}", list(&facts.cpus));
    if workers <= cpus {
        return Check::ok(name, value);
    }
    let value = format!("{value}, so some workers share one");
    Check::new(name, State::Warning, value).cure(format!(
        "`dx-reactor serve --workers {cpus}`, or more CPUs: `taskset -c`, `docker run \
         --cpuset-cpus`, systemd `AllowedCPUs=`"
    ))
}

/// The kernel stops every thread of a group that has used up its quota until the next period,
/// 100 ms by default.
fn quota(facts: &Facts) -> Check {
    let name = "CPU quota";
    let Some(quota) = facts.quota else { return Check::ok(name, "none") };
    let workers = facts.workers;
    // No machine has so many workers that a double cannot count them.
    if workers as f64 <= quota {
        return Check::ok(name, format!("{} cores", number(quota)));
    }
    let value = format!(
        "{} cores for {workers} busy: when it is used up, all stand still until the next period",
        number(quota)
    );
    let fed = quota.floor() as usize;
    let fewer = match fed {
        0 => String::new(),
        _ => format!(", or `dx-reactor serve --workers {fed}`"),
    };
    Check::new(name, State::Warning, value).cure(format!(
        "`docker run --cpus {workers}`, Kubernetes `resources.limits.cpu: {workers}`, systemd \
         `CPUQuota={}%`{fewer}",
        workers.saturating_mul(100)
    ))
}

/// With SQPOLL a kernel thread polls for each ring: without a core of its own it takes the
/// worker's.
fn spare(facts: &Facts) -> Check {
    let name = "spare core";
    let fed = facts.quota.map_or(usize::MAX, |quota| quota.floor() as usize);
    let cores = facts.cpus.len().min(fed);
    match cores.saturating_sub(facts.workers) {
        0 => {
            let check = Check::new(name, State::Note, "none, so SQPOLL would only cost");
            match cores {
                0 | 1 => check.cure("SQPOLL needs a second CPU; nothing else does"),
                _ => check.cure(format!(
                    "only if SQPOLL is wanted: `dx-reactor serve --workers {}`",
                    cores - 1
                )),
            }
        }
        spare => Check::ok(name, format!("{spare}, for SQPOLL or a load generator")),
    }
}

/// At most two decimals.
fn number(cores: f64) -> String {
    let text = format!("{cores:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `0-3, 8, 10-11`.
fn list(cpus: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &cpu in cpus {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == cpu => *last = cpu,
            _ => runs.push((cpu, cpu)),
        }
    }
    let runs = runs.into_iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    runs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{list, number};
    use crate::doctor::judge::rows::{Row, run};
    use crate::doctor::report::State;

    #[test]
    fn workers_and_cpus() {
        let name = "workers";
        let rows: [Row; 4] = [
            (|_| {}, name, State::Ok, &["2; allowed are CPUs 0-3"], &[]),
            (|f| f.cpus = vec![3, 7], name, State::Ok, &["CPUs 3, 7"], &[]),
            (
                |f| f.cpus = vec![5],
                name,
                State::Warning,
                &["CPUs 5, so"],
                &["--workers 1`", "--cpuset-cpus"],
            ),
            (|f| f.cpus = vec![], name, State::Note, &["not told"], &[]),
        ];
        run(&rows);
    }

    #[test]
    fn quotas() {
        let name = "CPU quota";
        let rows: [Row; 5] = [
            (|_| {}, name, State::Ok, &["none"], &[]),
            (|f| f.quota = Some(2.0), name, State::Ok, &["2 cores"], &[]),
            (|f| f.quota = Some(2.5), name, State::Ok, &["2.5 cores"], &[]),
            (
                |f| f.quota = Some(1.5),
                name,
                State::Warning,
                &["1.5 cores for 2 busy"],
                &["--cpus 2", "CPUQuota=200%", "--workers 1"],
            ),
            (|f| f.quota = Some(0.5), name, State::Warning, &["0.5 cores"], &["CPUQuota=200%`"]),
        ];
        run(&rows);
    }

    #[test]
    fn spare_cores() {
        let name = "spare core";
        let rows: [Row; 7] = [
            (|_| {}, name, State::Ok, &["2, for SQPOLL"], &[]),
            (|f| f.workers = 4, name, State::Note, &["none"], &["--workers 3"]),
            (|f| f.workers = 9, name, State::Note, &["none"], &["--workers 3"]),
            (|f| f.cpus = vec![0], name, State::Note, &["none"], &["second CPU"]),
            (|f| f.cpus = vec![], name, State::Note, &["none"], &["second CPU"]),
            (|f| f.quota = Some(2.9), name, State::Note, &["none"], &["--workers 1"]),
            (|f| f.quota = Some(3.0), name, State::Ok, &["1, for SQPOLL"], &[]),
        ];
        run(&rows);
    }

    #[test]
    fn numbers_and_lists() {
        for (cores, text) in [(2.0, "2"), (1.5, "1.5"), (0.333, "0.33"), (10.0, "10")] {
            assert_eq!(number(cores), text);
        }
        let rows: [(&[usize], &str); 4] = [
            (&[], ""),
            (&[4], "4"),
            (&[0, 1, 2, 3, 8, 10, 11], "0-3, 8, 10-11"),
            (&[1, 3], "1, 3"),
        ];
        for (cpus, text) in rows {
            assert_eq!(list(cpus), text);
        }
    }
}
