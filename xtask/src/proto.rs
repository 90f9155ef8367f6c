//! `cargo xtask proto`: checks that the protos are formatted, pass the linter, are compatible with
//! the last release, and match the generated code that is committed.

use anyhow::{Result, bail};

use crate::{
    paths,
    shell::{cargo, command, print_line, print_step, run},
    tools,
};

/// The descriptor set of the last release, written by `cargo xtask proto --release`.
const RELEASED: &str = "proto/released.binpb";
const SOURCES: &str = "proto/cpor";

/// The options of the task, which change files in addition to the checks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Format the protos in place first.
    pub(crate) fix: bool,
    /// Generate the Rust code and the descriptor sets, instead of checking that they are current.
    pub(crate) generate: bool,
    /// If all checks pass, write the descriptor set that later changes must be compatible with.
    pub(crate) release: bool,
}

/// Checks the protos with `buf format`, `buf lint` and `buf breaking` and the rules of `buf.yaml`,
/// and then runs the code generator. `options` says what is changed instead of checked.
pub(crate) fn check(options: &Options) -> Result<()> {
    print_step("protos: format, lint, breaking changes");
    let buf = tools::install_buf()?;
    if options.fix {
        run(command(&buf).args(["format", "--write", "--path", SOURCES]))?;
    }
    let formatted = command(&buf).args(["format", "--diff", "--exit-code", "--path", SOURCES]).status()?;
    if !formatted.success() {
        bail!("the protos are not formatted: run `cargo xtask proto --fix`");
    }
    run(command(&buf).args(["lint", "--path", SOURCES]))?;
    if paths::root().join(RELEASED).exists() {
        run(command(&buf).args(["breaking", "--exclude-imports", "--against", RELEASED]))?;
        print_line(format_args!("compatible with the last release ({RELEASED})"));
    } else {
        print_line(format_args!("{RELEASED} does not exist: there is no release to be compatible with"));
    }
    generate_code(options.generate)?;
    if options.release {
        run(command(&buf).args(["build", "--path", SOURCES, "--exclude-source-info", "--output", RELEASED]))?;
        print_line(format_args!("wrote {RELEASED}"));
    }
    Ok(())
}

/// Generates the code, or checks that it is current. The generator is a separate program, so that
/// no other build needs a protobuf compiler.
fn generate_code(generate: bool) -> Result<()> {
    let check: &[&str] = if generate { &[] } else { &["--", "--check"] };
    run(cargo().args(["run", "--quiet", "--package", "cpor-proto-codegen"]).args(check))
}
