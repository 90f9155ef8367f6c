//! The protos are a public contract: formatted, linted, compatible with what was last released, and the
//! source of the code that is committed beside them.

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    paths,
    shell::{cargo, command, run, say, step},
    tools,
};

/// The descriptor set of the last release, written by `cargo xtask proto --release`.
const RELEASED: &str = "proto/released.binpb";
const SOURCES: &str = "proto/cpor";

/// What to do beyond checking.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Format the protos in place first.
    #[arg(long)]
    fix: bool,
    /// Generate the Rust code and descriptor sets anew, instead of checking that they are current.
    #[arg(long)]
    generate: bool,
    /// When all checks hold, write the descriptor set that later changes must stay compatible with.
    #[arg(long)]
    release: bool,
}

/// `buf format`, `buf lint`, `buf breaking`, by the rules of `buf.yaml`; then the generated code.
pub(crate) fn proto(options: &Options) -> Result<()> {
    step("protos: format, lint, breaking changes");
    let buf = tools::buf()?;
    if options.fix {
        run(command(&buf).args(["format", "--write", "--path", SOURCES]))?;
    }
    let formatted = command(&buf).args(["format", "--diff", "--exit-code", "--path", SOURCES]).status()?;
    if !formatted.success() {
        bail!("the protos are not formatted; `cargo xtask proto --fix` does it");
    }
    run(command(&buf).args(["lint", "--path", SOURCES]))?;
    if paths::root().join(RELEASED).exists() {
        run(command(&buf).args(["breaking", "--exclude-imports", "--against", RELEASED]))?;
        say(format_args!("compatible with the last release ({RELEASED})"));
    } else {
        say(format_args!("no release yet ({RELEASED} does not exist): nothing to be compatible with"));
    }
    codegen(options.generate)?;
    if options.release {
        run(command(&buf).args(["build", "--path", SOURCES, "--exclude-source-info", "--output", RELEASED]))?;
        say(format_args!("wrote {RELEASED}"));
    }
    Ok(())
}

/// Runs the code generator. It is a program of its own, so that nothing else compiles a protobuf compiler.
fn codegen(generate: bool) -> Result<()> {
    let check: &[&str] = if generate { &[] } else { &["--", "--check"] };
    run(cargo().args(["run", "--quiet", "--package", "cpor-proto-codegen"]).args(check))
}
