//! `cargo xtask ci`: all checks that a change must pass.

use anyhow::Result;

use crate::{
    deny, deploy, instructions, proto, rules,
    shell::{cargo, print_step, run},
    test,
};

/// Runs the checks, the fastest first. The tests come last, so that the log ends with their
/// summary. Returns whether all tests passed.
///
/// # Errors
/// Returns an error at the first other check that fails.
pub(crate) fn run_all_checks() -> Result<bool> {
    print_step("format");
    run(cargo().args(["fmt", "--all", "--check"]))?;
    deny::check_dependencies()?;
    proto::check(&proto::Options::default())?;
    deploy::check_deployment_files()?;
    rules::check_rules_page()?;
    print_step("clippy");
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    instructions::check_counts(false)?;
    test::test_workspace(&[])
}
