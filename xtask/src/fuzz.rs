//! `cargo xtask fuzz`: runs one fuzz target for a given time.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::shell::{cargo, print_step, run};

/// The fuzz targets. Each is a file `fuzz_….rs` of a crate.
const TARGETS: [&str; 7] = ["document_kind", "filter", "mail", "receipt", "request", "sheet", "token"];

/// The time for which a target runs if none is given.
const DEFAULT_MINUTES: u64 = 60;

/// Runs the fuzz target with this name for this number of minutes, or for [`DEFAULT_MINUTES`].
pub(crate) fn run_target(target: &str, minutes: Option<u64>) -> Result<()> {
    ensure!(TARGETS.contains(&target), "there is no fuzz target `{target}`, only: {}", TARGETS.join(", "));
    let budget = Duration::from_mins(minutes.unwrap_or(DEFAULT_MINUTES));
    print_step(format_args!("fuzz target {target}, for {} minutes", budget.as_secs() / 60));
    // A target is a unit test named `fuzz_…` beside the code that it tries. Its failure prints the
    // smallest input that it found.
    run(cargo()
        .args(["test", "--workspace", "--exclude", "cpor-proto-codegen", "--lib", "--", "--nocapture"])
        .arg(format!("fuzz_{target}"))
        .env("CPOR_FUZZ_SECONDS", budget.as_secs().to_string()))
}
