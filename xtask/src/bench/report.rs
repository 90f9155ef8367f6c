//! The report of `cargo xtask bench`: figures, ratios, targets and verdicts, as Markdown and JSON.

use std::{fmt::Write as _, fs};

use anyhow::{Context, Result};
use serde_json::json;

use super::{CLAIMS_IN_FLIGHT, ROUNDS, SECONDS, figures::Figures};
use crate::{paths, shell::print_line};

/// A comparison of two figures with a target.
struct Comparison {
    /// The measured kind of work, and the database.
    work: &'static str,
    /// What the work is compared with. If the value is a time: which of the durations it is.
    against: &'static str,
    /// The measured ratio, or the measured milliseconds.
    value: f64,
    target: Target,
}

/// The values that are good enough.
#[derive(Clone, Copy)]
enum Target {
    /// At least this ratio.
    AtLeast(f64),
    /// At most so many milliseconds.
    AtMostMs(f64),
}

impl Comparison {
    fn is_met(&self) -> bool {
        match self.target {
            Target::AtLeast(ratio) => self.value >= ratio,
            Target::AtMostMs(limit) => self.value <= limit,
        }
    }

    fn value_text(&self) -> String {
        match self.target {
            Target::AtLeast(_) => format!("{:.2} ×", self.value),
            Target::AtMostMs(_) => format!("{:.0} ms", self.value),
        }
    }

    fn target_text(&self) -> String {
        match self.target {
            Target::AtLeast(ratio) => format!("≥ {ratio:.2} ×"),
            Target::AtMostMs(limit) => format!("≤ {limit:.0} ms"),
        }
    }
}

/// Prints the report, and writes it to `target/bench/`. Returns whether all targets are reached.
pub(super) fn write(figures: &Figures, postgres_version: &str) -> Result<bool> {
    let comparisons = comparisons(figures);
    let markdown = markdown(figures, &comparisons, postgres_version)?;
    print_line(&markdown);
    let directory = paths::target()?.join("bench");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("report.md"), markdown)?;
    fs::write(directory.join("report.json"), json(figures, &comparisons).to_string()).context("writing the report")?;
    print_line(format_args!("written to {}", directory.display()));
    Ok(comparisons.iter().all(Comparison::is_met))
}

fn comparisons(figures: &Figures) -> Vec<Comparison> {
    let rate = |system, work| figures.median(system, work).per_second;
    let p50 = |system, work| figures.median(system, work).p50_ms.unwrap_or(f64::INFINITY);
    let ratio = |value: f64, against: f64| if against > 0.0 { value / against } else { 0.0 };
    // The rate if each call took the time of an empty call and of one statement, one after the
    // other.
    let bound = 1.0 / (1.0 / rate("PostgreSQL", "echo") + 1.0 / rate("pgbench", "GetClaim"));
    let (postgres, sqlite) = (rate("PostgreSQL", "whole claim"), rate("SQLite", "whole claim"));
    let comparison = |work, against, value, target| Comparison { work, against, value, target };
    vec![
        comparison(
            "GetClaim, PostgreSQL",
            "an empty call of tonic, then a read of the claim by pgbench",
            ratio(rate("PostgreSQL", "GetClaim"), bound),
            Target::AtLeast(0.8),
        ),
        comparison(
            "GetClaim, SQLite",
            "the health check through the same layers",
            ratio(rate("SQLite", "GetClaim"), rate("SQLite", "health check")),
            Target::AtLeast(0.5),
        ),
        comparison(
            "CreateClaim, PostgreSQL",
            "the same statements by pgbench, one transaction for each claim",
            ratio(rate("PostgreSQL", "CreateClaim"), rate("pgbench", "CreateClaim")),
            Target::AtLeast(1.5),
        ),
        comparison(
            "whole claims, PostgreSQL",
            "DBOS",
            ratio(postgres, rate("DBOS", "whole claim")),
            Target::AtLeast(5.0),
        ),
        comparison(
            "whole claims, PostgreSQL",
            "Restate",
            ratio(postgres, rate("Restate", "whole claim")),
            Target::AtLeast(1.5),
        ),
        comparison(
            "whole claims, SQLite",
            "Restate",
            ratio(sqlite, rate("Restate", "whole claim")),
            Target::AtLeast(1.5),
        ),
        comparison(
            "create, upload and submit, PostgreSQL",
            "p50 under that load",
            p50("PostgreSQL", "create, upload and submit"),
            Target::AtMostMs(60.0),
        ),
        comparison(
            "create, upload and submit, SQLite",
            "p50 under that load",
            p50("SQLite", "create, upload and submit"),
            Target::AtMostMs(60.0),
        ),
        comparison(
            "official to assessed, PostgreSQL",
            "p50 under that load",
            p50("PostgreSQL", "official to assessed"),
            Target::AtMostMs(50.0),
        ),
        comparison(
            "official to assessed, SQLite",
            "p50 under that load",
            p50("SQLite", "official to assessed"),
            Target::AtMostMs(50.0),
        ),
    ]
}

fn markdown(figures: &Figures, comparisons: &[Comparison], postgres_version: &str) -> Result<String> {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let mut text = format!(
        "Median of {ROUNDS} rounds of {SECONDS} s (peers: {} s), {processors} processors shared by clients, servers and \
         databases, {postgres_version}, 64 concurrent calls, {CLAIMS_IN_FLIGHT} concurrent claims.\n\n\
         | work | against | measured | target | |\n|---|---|---|---|---|\n",
        2 * SECONDS
    );
    for comparison in comparisons {
        let verdict = if comparison.is_met() { "met" } else { "**not met**" };
        let (value, target) = (comparison.value_text(), comparison.target_text());
        writeln!(text, "| {} | {} | {value} | {target} | {verdict} |", comparison.work, comparison.against)?;
    }
    text.push_str("\n| system | work | per second | p50 ms | p99 ms | CPU ms |\n|---|---|---|---|---|---|\n");
    for (system, work, figure) in figures.medians() {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        let (p50, p99, cpu) = (number(figure.p50_ms), number(figure.p99_ms), number(figure.cpu_ms));
        writeln!(text, "| {system} | {work} | {:.1} | {p50} | {p99} | {cpu} |", figure.per_second)?;
    }
    Ok(text)
}

fn json(figures: &Figures, comparisons: &[Comparison]) -> serde_json::Value {
    let figures = figures.medians().map(|(system, work, figure)| {
        json!({
            "system": system, "work": work, "per_second": figure.per_second, "p50_ms": figure.p50_ms,
            "p99_ms": figure.p99_ms, "cpu_ms": figure.cpu_ms,
        })
    });
    let comparisons = comparisons.iter().map(|comparison| {
        json!({
            "work": comparison.work, "against": comparison.against, "value": comparison.value_text(),
            "target": comparison.target_text(), "met": comparison.is_met(),
        })
    });
    json!({ "figures": figures.collect::<Vec<_>>(), "comparisons": comparisons.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::super::figures::Figure;
    use super::*;

    #[test]
    fn a_ratio_is_compared_with_its_target() {
        let mut figures = Figures::default();
        let mut add = |system, work, per_second| figures.add(system, work, Figure { per_second, ..Figure::default() });
        add("PostgreSQL", "echo", 100.0);
        add("pgbench", "GetClaim", 100.0);
        add("PostgreSQL", "GetClaim", 45.0);
        add("PostgreSQL", "whole claim", 10.0);
        add("DBOS", "whole claim", 4.0);
        let comparisons = comparisons(&figures);
        let verdict = |work, against| {
            let found = comparisons.iter().find(|found| found.work == work && found.against.contains(against)).unwrap();
            (found.value_text(), found.is_met())
        };
        assert_eq!(verdict("GetClaim, PostgreSQL", "pgbench"), ("0.90 ×".into(), true));
        assert_eq!(verdict("whole claims, PostgreSQL", "DBOS"), ("2.50 ×".into(), false));
        assert!(!verdict("whole claims, PostgreSQL", "Restate").1, "what was not measured is not met");
    }
}
