//! `cargo xtask instructions`: counts the processor instructions that hot pure functions execute,
//! and compares them with the committed counts. Unlike times, the counts hardly depend on the
//! machine. They are those of a build without optimisation, which the tests need anyway: a function
//! that does a tenth more work shows it there too.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    paths,
    shell::{cargo, command, find_on_path, print_line, print_step, read_output, run},
    test::CODE_GENERATOR,
};

/// The committed counts, relative to the root of the workspace.
const COUNTS: &str = "crates/microbench/instructions.json";
/// The benchmarks that are counted. The others hash, for which a library chooses its code by the
/// processor, or do not always do the same work.
const COUNTED: [&str; 5] = ["encode_claim", "parse_claim_name", "parse_filter", "submit", "validate_create_claim"];
/// The numbers of calls in the two runs of each benchmark. The difference of their counts is that
/// of the calls, without the start of the program.
const CALLS: [u64; 2] = [20, 120];
/// The growth that fails the check, in percent.
const MAX_GROWTH: u64 = 10;

/// Counts the instructions of each function. With `update`, writes the counts to the committed file.
///
/// # Errors
/// Without `update`, returns an error if a function needs more than the committed count and a tenth.
pub(crate) fn check_counts(update: bool) -> Result<()> {
    print_step("instructions");
    if !cfg!(target_arch = "x86_64") {
        print_line("skipped: the committed counts are those of x86_64");
        return Ok(());
    }
    let valgrind = valgrind()?;
    let benchmarks = build()?;
    let counts = COUNTED.iter().map(|name| Ok(((*name).to_owned(), count(&valgrind, &benchmarks, name)?)));
    let counts = counts.collect::<Result<BTreeMap<String, u64>>>()?;
    let file = paths::root().join(COUNTS);
    if update {
        fs::write(&file, serde_json::to_string_pretty(&counts)? + "\n")?;
        print_line(format_args!("wrote {COUNTS}"));
        return Ok(());
    }
    let committed: BTreeMap<String, u64> = serde_json::from_str(&fs::read_to_string(file)?)?;
    let report = compare(&committed, &counts);
    print_line(&report.table);
    ensure!(
        report.slower.is_empty(),
        "more than {MAX_GROWTH} % more instructions than committed: {}; if that is justified, run \
         `cargo xtask instructions --update`",
        report.slower.join(", ")
    );
    Ok(())
}

/// The comparison of counts with the committed ones.
struct Report {
    table: String,
    /// The functions that need too many instructions, or have no committed count.
    slower: Vec<String>,
}

fn compare(committed: &BTreeMap<String, u64>, counts: &BTreeMap<String, u64>) -> Report {
    let mut report =
        Report { table: format!("{:<24}{:>12}{:>12}", "function", "committed", "now"), slower: Vec::new() };
    for (name, count) in counts {
        let before = committed.get(name).copied().unwrap_or_default();
        report.table.push_str(&format!("\n{name:<24}{before:>12}{count:>12}"));
        if count * 100 > before * (100 + MAX_GROWTH) {
            report.slower.push(name.clone());
        }
    }
    report
}

/// Returns `valgrind`. If root runs this, it is installed with apt.
fn valgrind() -> Result<PathBuf> {
    if let Some(program) = find_on_path("valgrind") {
        return Ok(program);
    }
    let missing = "valgrind is missing: install it (Debian: `apt-get install valgrind`)";
    let apt = find_on_path("apt-get").context(missing)?;
    let quiet = ["install", "-y", "-qq", "--no-install-recommends", "valgrind"];
    run(command(&apt).args(["update", "-qq"])).context(missing)?;
    run(command(&apt).args(quiet).env("DEBIAN_FRONTEND", "noninteractive")).context(missing)?;
    find_on_path("valgrind").context(missing)
}

/// Builds the benchmarks with the features of the tests. Returns the program.
fn build() -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--workspace", "--exclude", CODE_GENERATOR, "--bench", "pure_functions"]);
    let messages = read_output(build.args(["--message-format", "json-render-diagnostics"]))?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut executables = messages.filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)));
    executables.next_back().context("cargo built no benchmark")
}

/// Returns the number of instructions of one call of a benchmark.
fn count(valgrind: &Path, benchmarks: &Path, name: &str) -> Result<u64> {
    let [few, many] = CALLS.map(|calls| -> Result<u64> {
        let mut run = command(valgrind);
        run.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]).arg(benchmarks);
        run.args([
            "--bench",
            "--exact",
            &format!("pure_functions::{name}"),
            "--sample-count",
            "1",
            "--sample-size",
            &calls.to_string(),
        ]);
        let output = run.output().context("starting valgrind")?;
        let text = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "valgrind failed: {text}");
        parse_count(&text).with_context(|| format!("valgrind printed no number of instructions: {text}"))
    });
    let (few, many) = (few?, many?);
    match many.saturating_sub(few) / (CALLS[1] - CALLS[0]) {
        0 => bail!("the benchmark {name} did not run"),
        instructions => Ok(instructions),
    }
}

/// Reads the line `==1== I   refs:      1,234` (or `I refs:` in newer versions).
fn parse_count(output: &str) -> Option<u64> {
    let line = output.lines().find(|line| line.contains("refs:"))?;
    let (_, count) = line.split_once("refs:")?;
    count.trim().replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_the_output() {
        let output = "==7== Cachegrind\n==7== \n==7== I   refs:      1,234,567\n";
        assert_eq!(parse_count(output), Some(1_234_567));
        assert_eq!(parse_count("==7== I refs:        890\n"), Some(890));
        assert_eq!(parse_count(""), None);
    }

    #[test]
    fn a_tenth_more_is_allowed() {
        let counts = |count: u64| BTreeMap::from([("submit".to_owned(), count)]);
        assert!(compare(&counts(1000), &counts(1100)).slower.is_empty());
        assert_eq!(compare(&counts(1000), &counts(1101)).slower, ["submit"]);
        assert_eq!(compare(&BTreeMap::new(), &counts(1)).slower, ["submit"], "the count was never committed");
    }
}
