//! Getting PostgreSQL's server programs where there are none.

use anyhow::{Context, Result, bail};

use super::{account::Account, programs::Programs};
use crate::{
    shell::{command, on_path, read, run, say},
    tools,
};

const EMBEDDED: &str = "18.4.0-beta.17";
const PGSERVER: &str = "0.1.4";

/// Tries the system's packages (as root), then the npm registry, then PyPI; the last two need no rights.
pub(crate) fn install(account: Account) -> Result<Programs> {
    say("no PostgreSQL server programs here: installing some");
    let mut obstacles = Vec::new();
    for (way, attempt) in [("apt-get", apt as fn(Account) -> Result<Programs>), ("npm", embedded), ("PyPI", pgserver)] {
        match attempt(account) {
            Ok(programs) => return Ok(programs),
            Err(error) => obstacles.push(format!("  {way}: {error:#}")),
        }
    }
    bail!(
        "the tests need PostgreSQL's server programs (initdb, pg_ctl, postgres; 14 or newer), and they cannot be had:\n{}\n\
         Install PostgreSQL (Debian: `apt-get install postgresql`, macOS: `brew install postgresql`), or set \
         CPOR_TEST_POSTGRES_BIN to the folder that holds them.",
        obstacles.join("\n")
    )
}

fn apt(account: Account) -> Result<Programs> {
    if matches!(account, Account::Own) {
        bail!("only root may install packages");
    }
    let apt = on_path("apt-get").context("not a Debian system")?;
    run(command(&apt).args(["update", "-qq"]))?;
    let quiet = ["install", "-y", "-qq", "--no-install-recommends", "postgresql"];
    run(command(&apt).args(quiet).env("DEBIAN_FRONTEND", "noninteractive"))?;
    Programs::find()?.context("the package brought no server programs")
}

fn embedded(_: Account) -> Result<Programs> {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let package = format!("@embedded-postgres/{system}-{machine}");
    let modules = tools::npm(&package, EMBEDDED)?;
    Programs::at(&modules.join(&package).join("native/bin")).context("the package's programs do not run here")
}

fn pgserver(_: Account) -> Result<Programs> {
    let environment = tools::python_environment("pgserver", PGSERVER)?;
    // Where the package lies, without importing it: its own start-up is none of our business.
    let ask = "import importlib.util as u; print(u.find_spec('pgserver').submodule_search_locations[0])";
    let package = read(command(environment.join("bin/python")).args(["-c", ask]))?;
    Programs::at(&std::path::Path::new(&package).join("pginstall/bin"))
        .context("the package's programs do not run here")
}
