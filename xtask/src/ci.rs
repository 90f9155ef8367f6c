//! Everything that must hold before a change lands.

use anyhow::Result;

use crate::{
    deny, deploy, proto, rules,
    shell::{cargo, run, step},
    test,
};

/// Seconds first, minutes last. The tests come at the end, so that their summary closes the log.
pub(crate) fn ci() -> Result<bool> {
    step("format");
    run(cargo().args(["fmt", "--all", "--check"]))?;
    deny::deny()?;
    proto::proto(&proto::Options::default())?;
    deploy::deploy()?;
    rules::rules()?;
    step("clippy");
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    test::test(&[])
}
