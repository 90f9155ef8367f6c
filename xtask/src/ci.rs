//! `cargo xtask ci`: all checks that a change must pass.

use anyhow::Result;

use crate::{
    deny, deploy, proto, rules,
    shell::{cargo, print_step, run},
    test,
};

/// Runs the checks, the fastest first. The tests come last, so that the log ends with their
/// summary. Returns whether all tests passed.
pub(crate) fn ci() -> Result<bool> {
    print_step("format");
    run(cargo().args(["fmt", "--all", "--check"]))?;
    deny::deny()?;
    proto::proto(&proto::Options::default())?;
    deploy::deploy()?;
    rules::rules()?;
    print_step("clippy");
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    test::test(&[])
}
