//! `cargo xtask rules`: checks `docs/rules.md`, which maps each rule of the domain (R1, R2, …) to
//! the files that implement it and to its tests.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{
    paths,
    shell::{print_line, print_step},
};

const PAGE: &str = "docs/rules.md";

/// The directory of the acceptance tests, which use the public API.
const TESTS: &str = "crates/acceptance/tests/it";

/// The number of the last rule. Rules are numbered from 1 without gaps.
const LAST_RULE: u32 = 62;

/// The rules with a letter.
const LETTERED_RULES: [&str; 14] =
    ["R2a", "R12a", "R14a", "R26a", "R27a", "R29a", "R37a", "R41a", "R41b", "R43a", "R54a", "R54b", "R58a", "R59a"];

/// Checks that each rule has one row, that the files and tests of each row exist, that one of the
/// tests is named after the rule, and that each test named after a rule is in a row.
pub(crate) fn check_rules_page() -> Result<()> {
    print_step("rules");
    let root = paths::root();
    let page = fs::read_to_string(root.join(PAGE)).with_context(|| format!("reading {PAGE}"))?;
    let tests = test_names(&root.join(TESTS))?;
    let rows: Vec<Row> = page.lines().filter_map(Row::parse).collect();
    let mut errors: Vec<String> = rows.iter().flat_map(|row| row.errors(&root, &tests)).collect();
    errors.extend(missing_rules(&rows).map(|rule| format!("{rule} has no row")));
    errors.extend(repeated_rules(&rows).map(|rule| format!("{rule} has several rows")));
    errors.extend(unlisted_tests(&rows, &tests).map(|test| format!("the test {test} is in no row")));
    if !errors.is_empty() {
        bail!("{PAGE}: {} errors\n  {}", errors.len(), errors.join("\n  "));
    }
    print_line(format_args!("{} rules, each with its code and an acceptance test", rows.len()));
    Ok(())
}

/// A row of the table: `| R22 | the rule | its files | its tests |`. Files and tests are in
/// backticks.
struct Row {
    rule: String,
    /// The paths of the files that implement the rule.
    files: Vec<String>,
    tests: Vec<String>,
}

impl Row {
    /// Returns `None` if the line is not the row of a rule.
    fn parse(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
        let [rule, _, files, tests, ..] = cells[..] else { return None };
        let number = rule.strip_prefix('R')?.trim_end_matches(['a', 'b']);
        number.parse::<u32>().ok()?;
        Some(Self { rule: rule.to_owned(), files: texts_in_backticks(files), tests: texts_in_backticks(tests) })
    }

    /// Returns the errors in the row. `known_tests` are all tests that are named after rules.
    fn errors(&self, root: &Path, known_tests: &BTreeSet<String>) -> Vec<String> {
        let rule = &self.rule;
        let mut errors = Vec::new();
        if self.files.is_empty() {
            errors.push(format!("{rule} names no file"));
        }
        let missing = self.files.iter().filter(|path| !root.join(path).exists());
        errors.extend(missing.map(|path| format!("{rule} names the file {path}, which does not exist")));
        let unknown = self.tests.iter().filter(|test| !known_tests.contains(*test));
        errors.extend(unknown.map(|test| format!("{rule} names the test {test}, which is not in {TESTS}")));
        let prefix = format!("{}_", rule.to_lowercase());
        if !self.tests.iter().any(|test| test.starts_with(&prefix)) {
            errors.push(format!("{rule} has no test whose name begins with {prefix}"));
        }
        errors
    }
}

fn texts_in_backticks(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Returns the rules that have no row.
fn missing_rules(rows: &[Row]) -> impl Iterator<Item = String> {
    let all = (1..=LAST_RULE).map(|number| format!("R{number}")).chain(LETTERED_RULES.map(str::to_owned));
    all.filter(|rule| !rows.iter().any(|row| row.rule == *rule))
}

/// Returns each rule that has more than one row.
fn repeated_rules(rows: &[Row]) -> impl Iterator<Item = &str> {
    let mut seen = BTreeSet::new();
    rows.iter().map(|row| row.rule.as_str()).filter(move |rule| !seen.insert(*rule))
}

/// Returns the tests that are in no row.
fn unlisted_tests<'a>(rows: &'a [Row], tests: &'a BTreeSet<String>) -> impl Iterator<Item = &'a String> {
    tests.iter().filter(|test| !rows.iter().any(|row| row.tests.contains(test)))
}

/// Returns the names of all functions like `r22_…` in the Rust files below a directory.
fn test_names(directory: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            names.extend(test_names(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(fs::read_to_string(&path)?.lines().filter_map(parse_test_name));
        }
    }
    Ok(names)
}

/// Returns the name of the function that begins in this line, if it is named after a rule.
fn parse_test_name(line: &str) -> Option<String> {
    let name = line.trim_start().strip_prefix("async fn r")?.split('(').next()?;
    let digits = name.split('_').next()?.trim_end_matches(['a', 'b']);
    digits.parse::<u32>().ok()?;
    Some(format!("r{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_compared_with_files_and_tests() {
        let known = BTreeSet::from(["r22_no_response_rejects".to_owned()]);
        let count_errors = |line| Row::parse(line).map(|row| row.errors(&paths::root(), &known).len());
        assert_eq!(count_errors("| R22 | silence rejects | `xtask` | `r22_no_response_rejects` |"), Some(0));
        assert_eq!(count_errors("| R22 | silence rejects | `nowhere` | `r22_no_response_rejects` |"), Some(1));
        assert_eq!(count_errors("| R23 | approving | | `r22_no_response_rejects` |"), Some(2));
        assert_eq!(count_errors("| rule | says | decided | tests |"), None);
    }

    #[test]
    fn tests_are_recognized_by_their_names() {
        assert_eq!(parse_test_name("async fn r26a_once(system: &TestSystem) {").as_deref(), Some("r26a_once"));
        assert_eq!(parse_test_name("async fn rivals(system: &TestSystem) {"), None);
    }
}
