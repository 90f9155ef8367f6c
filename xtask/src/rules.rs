//! `docs/rules.md` maps every rule of the domain to where it is decided and to its tests; this holds the page against the code.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{
    paths,
    shell::{say, step},
};

/// The page.
const PAGE: &str = "docs/rules.md";

/// Where tests through the API lie.
const TESTS: &str = "crates/acceptance/tests/it";

/// The last rule; rules are numbered from 1 without gaps, and two have an `a` beside them.
const LAST: u32 = 62;
const BESIDE: [&str; 2] = ["R26a", "R27a"];

/// Every rule has a row, every row names files that are there and at least one acceptance test that is named after the rule.
pub(crate) fn rules() -> Result<()> {
    step("rules");
    let root = paths::root();
    let page = fs::read_to_string(root.join(PAGE)).with_context(|| format!("reading {PAGE}"))?;
    let tests = test_names(&root.join(TESTS))?;
    let rows: Vec<Row> = page.lines().filter_map(Row::read).collect();
    let mut faults: Vec<String> = rows.iter().flat_map(|row| row.faults(&root, &tests)).collect();
    faults.extend(missing(&rows).map(|rule| format!("{rule} has no row")));
    faults.extend(untold(&rows, &tests).map(|test| format!("the test {test} is in no row")));
    if !faults.is_empty() {
        bail!("{PAGE}: {} faults\n  {}", faults.len(), faults.join("\n  "));
    }
    say(format_args!("{} rules, each decided somewhere and tested through the API", rows.len()));
    Ok(())
}

/// `| R22 | what it says | where it is decided | its tests |`, paths and tests in back-ticks.
struct Row {
    rule: String,
    decided: Vec<String>,
    tests: Vec<String>,
}

impl Row {
    fn read(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
        let [rule, _, decided, tests, ..] = cells[..] else { return None };
        let number = rule.strip_prefix('R')?.trim_end_matches('a');
        number.parse::<u32>().ok()?;
        Some(Self { rule: rule.to_owned(), decided: quoted(decided), tests: quoted(tests) })
    }

    fn faults(&self, root: &Path, known: &BTreeSet<String>) -> Vec<String> {
        let rule = &self.rule;
        let mut faults = Vec::new();
        if self.decided.is_empty() {
            faults.push(format!("{rule} does not say where it is decided"));
        }
        let absent = self.decided.iter().filter(|path| !root.join(path).exists());
        faults.extend(absent.map(|path| format!("{rule} is decided in {path}, which is not there")));
        let unknown = self.tests.iter().filter(|test| !known.contains(*test));
        faults.extend(unknown.map(|test| format!("{rule} is tested by {test}, which is not in {TESTS}")));
        let prefix = format!("{}_", rule.to_lowercase());
        if !self.tests.iter().any(|test| test.starts_with(&prefix)) {
            faults.push(format!("{rule} has no test that is named {prefix}…"));
        }
        faults
    }
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn missing(rows: &[Row]) -> impl Iterator<Item = String> {
    let all = (1..=LAST).map(|number| format!("R{number}")).chain(BESIDE.map(str::to_owned));
    all.filter(|rule| !rows.iter().any(|row| row.rule == *rule))
}

fn untold<'a>(rows: &'a [Row], tests: &'a BTreeSet<String>) -> impl Iterator<Item = &'a String> {
    tests.iter().filter(|test| !rows.iter().any(|row| row.tests.contains(test)))
}

/// The functions `r22_…` below a folder.
fn test_names(folder: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            names.extend(test_names(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(fs::read_to_string(&path)?.lines().filter_map(test_name));
        }
    }
    Ok(names)
}

fn test_name(line: &str) -> Option<String> {
    let name = line.trim_start().strip_prefix("async fn r")?.split('(').next()?;
    let digits = name.split('_').next()?.trim_end_matches('a');
    digits.parse::<u32>().ok()?;
    Some(format!("r{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_and_held_against_the_tests() {
        let known = BTreeSet::from(["r22_no_response_rejects".to_owned()]);
        let row = |line| Row::read(line).map(|row| row.faults(&paths::root(), &known).len());
        assert_eq!(row("| R22 | silence rejects | `xtask` | `r22_no_response_rejects` |"), Some(0));
        assert_eq!(row("| R22 | silence rejects | `nowhere` | `r22_no_response_rejects` |"), Some(1));
        assert_eq!(row("| R23 | approving | | `r22_no_response_rejects` |"), Some(2));
        assert_eq!(row("| rule | says | decided | tests |"), None);
    }

    #[test]
    fn tests_are_told_by_their_names() {
        assert_eq!(test_name("async fn r26a_once(system: &TestSystem) {").as_deref(), Some("r26a_once"));
        assert_eq!(test_name("async fn rivals(system: &TestSystem) {"), None);
    }
}
