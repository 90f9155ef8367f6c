//! Measures cpor itself by its command `cpor bench`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    CLAIMS_IN_FLIGHT, SECONDS,
    figures::{Figure, Figures},
};
use crate::shell::{command, print_line, read_output};

/// The release build of cpor.
pub(super) struct Product {
    program: PathBuf,
}

impl Product {
    pub(super) fn new(program: &Path) -> Self {
        Self { program: program.to_owned() }
    }

    /// Measures all kinds of work once, on SQLite or on an empty PostgreSQL database.
    pub(super) fn measure(&self, figures: &mut Figures, system: &str, postgres: Option<&str>) -> Result<()> {
        print_line(system);
        let mut bench = command(&self.program);
        bench.args(["bench", "--json", "--rounds", "1", "--seconds", &SECONDS.to_string()]);
        bench.args(["--claims-in-flight", &CLAIMS_IN_FLIGHT.to_string()]);
        if let Some(url) = postgres {
            bench.args(["--postgres", url]);
        }
        for (work, figure) in parse(&read_output(&mut bench)?)? {
            figures.add(system, &work, figure);
        }
        Ok(())
    }

    /// Makes calls one after the other for a second, so that the log of the database shows their
    /// statements.
    pub(super) fn make_single_calls(&self, postgres: &str) -> Result<()> {
        let single = ["--rounds", "1", "--seconds", "1", "--in-flight", "1", "--claims-in-flight", "1"];
        read_output(command(&self.program).arg("bench").args(single).args(["--postgres", postgres])).map(drop)
    }
}

/// Parses the output of `cpor bench --json`.
fn parse(json: &str) -> Result<Vec<(String, Figure)>> {
    let rows: Vec<Value> = serde_json::from_str(json).context("reading the output of `cpor bench --json`")?;
    let row = |row: &Value| {
        let number = |field| row.get(field).and_then(Value::as_f64);
        let work = row.get("work").and_then(Value::as_str).context("a row without `work`")?;
        let per_second = number("per_second").context("a row without `per_second`")?;
        let (p50_ms, p99_ms, cpu_ms) = (number("p50_ms"), number("p99_ms"), number("cpu_ms"));
        Ok((work.to_owned(), Figure { per_second, p50_ms, p99_ms, cpu_ms }))
    };
    rows.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read() {
        let json = r#"[{"work":"GetClaim","per_second":10.5,"p50_ms":1.0,"p99_ms":2.0,"cpu_ms":null}]"#;
        let figure = Figure { per_second: 10.5, p50_ms: Some(1.0), p99_ms: Some(2.0), cpu_ms: None };
        assert_eq!(parse(json).unwrap(), [("GetClaim".to_owned(), figure)]);
        assert!(parse("[{}]").is_err());
    }
}
