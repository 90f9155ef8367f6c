//! Counts test results from the output of `cargo test`.

use std::fmt;

/// The results of one `cargo test` command.
#[derive(Default)]
pub(crate) struct Tally {
    programs: Vec<Program>,
    failures: Vec<String>,
}

/// A test program that cargo ran, or the doc tests of a crate.
struct Program {
    name: String,
    /// `None` until the program prints its result. It stays `None` if the program crashes.
    result: Option<Counts>,
}

/// The numbers of tests by their results, and the duration of the tests.
#[derive(Clone, Copy, Default)]
struct Counts {
    passed: u32,
    failed: u32,
    ignored: u32,
    seconds: f64,
}

impl Tally {
    /// Processes one line of the merged output of cargo and the test programs.
    pub(crate) fn process_line(&mut self, line: &str) {
        let line = line.trim();
        if let Some(name) = parse_program(line) {
            self.programs.push(Program { name, result: None });
        } else if let Some(counts) = parse_counts(line) {
            if let Some(program) = self.programs.last_mut() {
                // Doc tests of one crate can print several results.
                let previous = program.result.unwrap_or_default();
                program.result = Some(previous.add(counts));
            }
        } else if let Some(test) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            let program = self.programs.last().map_or("", |program| program.name.as_str());
            self.failures.push(format!("{program}: {test}"));
        }
    }

    /// Returns the number of tests that passed.
    pub(crate) fn passed(&self) -> u32 {
        self.totals().passed
    }

    /// Returns the number of tests that failed, plus one for each program that crashed.
    pub(crate) fn failed(&self) -> u32 {
        let crashed = self.programs.iter().filter(|program| program.result.is_none()).count();
        self.totals().failed + u32::try_from(crashed).unwrap_or(u32::MAX)
    }

    fn totals(&self) -> Counts {
        self.programs.iter().filter_map(|program| program.result).fold(Counts::default(), Counts::add)
    }

    /// Returns the last line of the output: `N passed, N failed`, followed by `, N skipped` if
    /// tests were skipped.
    pub(crate) fn summary(&self) -> String {
        let skipped = match self.totals().ignored {
            0 => String::new(),
            ignored => format!(", {ignored} skipped"),
        };
        format!("{} passed, {} failed{skipped}", self.passed(), self.failed())
    }
}

/// Writes a table of the programs that ran tests, and the names of the tests that failed.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let programs = self.programs.iter().filter(|program| program.result.is_none_or(|counts| counts.total() > 0));
        writeln!(f, "{:>7} {:>7} {:>8}  tests of", "passed", "failed", "seconds")?;
        for program in programs {
            match program.result {
                Some(counts) => {
                    writeln!(f, "{:>7} {:>7} {:>8.1}  {}", counts.passed, counts.failed, counts.seconds, program.name)?
                }
                None => writeln!(f, "{:>7} {:>7} {:>8}  {}", "-", "crashed", "-", program.name)?,
            }
        }
        for failure in &self.failures {
            writeln!(f, "FAILED {failure}")?;
        }
        Ok(())
    }
}

impl Counts {
    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
            seconds: self.seconds + other.seconds,
        }
    }

    fn total(self) -> u32 {
        self.passed + self.failed + self.ignored
    }
}

/// Returns the name of the program whose tests follow this line, for example from
/// `Running unittests src/lib.rs (target/debug/deps/cpor_types-0f3a)` or `Doc-tests cpor_types`.
fn parse_program(line: &str) -> Option<String> {
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name} (doc-tests)"));
    }
    let (source, file) = line.strip_prefix("Running ")?.strip_suffix(')')?.split_once(" (")?;
    let stem = file.rsplit(['/', '\\']).next()?;
    let name = stem.rsplit_once('-').map_or(stem, |(name, _)| name);
    Some(format!("{name} ({})", source.trim_start_matches("unittests ")))
}

/// Parses a line like
/// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.31s`.
fn parse_counts(line: &str) -> Option<Counts> {
    let (_, parts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut counts = Counts::default();
    for part in parts.split("; ") {
        if let Some(seconds) = part.strip_prefix("finished in ") {
            counts.seconds = seconds.strip_suffix('s')?.parse().ok()?;
        } else if let Some((count, outcome)) = part.split_once(' ') {
            let count = count.parse().ok()?;
            match outcome {
                "passed" => counts.passed = count,
                "failed" => counts.failed = count,
                "ignored" => counts.ignored = count,
                _ => {}
            }
        }
    }
    Some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally_lines(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.process_line(line));
        tally
    }

    const LIBRARY_TESTS: &str = "     Running unittests src/lib.rs (target/debug/deps/cpor_types-0f3a91)";
    const WALK_TESTS: &str = "     Running tests/walk.rs (target/debug/deps/walk-77aa)";

    #[test]
    fn results_of_all_programs_are_added_up() {
        let tally = tally_lines(&[
            LIBRARY_TESTS,
            "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.31s",
            WALK_TESTS,
            "test sqlite::walk ... ok",
            "test postgres::walk ... FAILED",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2.50s",
            "   Doc-tests cpor_types",
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ]);
        assert_eq!(tally.summary(), "8 passed, 1 failed");
        let table = tally.to_string();
        assert!(table.contains("      5       0      0.3  cpor_types (src/lib.rs)\n"), "{table}");
        assert!(table.contains("      2       0      0.1  cpor_types (doc-tests)\n"), "{table}");
        assert!(table.contains("FAILED walk (tests/walk.rs): postgres::walk\n"), "{table}");
    }

    #[test]
    fn a_crashed_program_is_a_failure() {
        let tally = tally_lines(&[
            WALK_TESTS,
            "test sqlite::walk ... ok",
            LIBRARY_TESTS,
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ]);
        assert_eq!(tally.summary(), "1 passed, 1 failed");
        assert!(tally.to_string().contains("crashed"));
    }

    #[test]
    fn ignored_tests_are_shown_and_empty_programs_are_not() {
        let tally = tally_lines(&[
            LIBRARY_TESTS,
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.00s",
            WALK_TESTS,
            "test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ]);
        assert_eq!(tally.summary(), "1 passed, 0 failed, 2 skipped");
        assert!(!tally.to_string().contains("cpor_types"));
    }

    #[test]
    fn other_lines_are_ignored() {
        let tally = tally_lines(&[
            "running 3 tests",
            "Running late (again",
            "test result: nonsense",
            "   Compiling cpor v0.1.0 (/tmp/x)",
        ]);
        assert_eq!(tally.summary(), "0 passed, 0 failed");
    }
}
