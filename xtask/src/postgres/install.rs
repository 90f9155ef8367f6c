//! Installs the server programs of PostgreSQL on machines that do not have them.

use anyhow::{Context, Result, bail};

use super::{account::Account, programs::Programs};
use crate::{
    shell::{command, find_on_path, print_line, read_output, run},
    tools,
};

const EMBEDDED_POSTGRES_VERSION: &str = "18.4.0-beta.17";
const PGSERVER_VERSION: &str = "0.1.4";

/// Installs the programs from one source.
type Install = fn(Account) -> Result<Programs>;

/// Installs the programs from apt (which needs root), npm or PyPI: the first of these that
/// succeeds.
///
/// # Errors
/// Returns an error if all attempts failed. The message says why each failed and what the user can
/// install.
pub(crate) fn install(account: Account) -> Result<Programs> {
    print_line("no PostgreSQL server programs found: installing them");
    let mut errors = Vec::new();
    let installers: [(&str, Install); 3] =
        [("apt-get", install_from_apt), ("npm", install_from_npm), ("PyPI", install_from_pypi)];
    for (source, install_from_source) in installers {
        match install_from_source(account) {
            Ok(programs) => return Ok(programs),
            Err(error) => errors.push(format!("  {source}: {error:#}")),
        }
    }
    bail!(
        "the tests need PostgreSQL's server programs (initdb, pg_ctl, postgres; 14 or newer), \
         and they cannot be installed:\n{}\n\
         Install PostgreSQL (Debian: `apt-get install postgresql`, macOS: `brew install postgresql`), or set \
         CPOR_TEST_POSTGRES_BIN to the directory that contains them.",
        errors.join("\n")
    )
}

fn install_from_apt(account: Account) -> Result<Programs> {
    if matches!(account, Account::Own) {
        bail!("only root can install packages");
    }
    let apt = find_on_path("apt-get").context("apt-get is missing")?;
    run(command(&apt).args(["update", "-qq"]))?;
    let quiet = ["install", "-y", "-qq", "--no-install-recommends", "postgresql"];
    run(command(&apt).args(quiet).env("DEBIAN_FRONTEND", "noninteractive"))?;
    Programs::find()?.context("the package contains no server programs")
}

fn install_from_npm(_: Account) -> Result<Programs> {
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
    let modules = tools::install_npm_package(&package, EMBEDDED_POSTGRES_VERSION)?;
    Programs::in_directory(&modules.join(&package).join("native/bin"))
        .context("the programs of the package do not run on this machine")
}

fn install_from_pypi(_: Account) -> Result<Programs> {
    let environment = tools::install_python_package("pgserver", PGSERVER_VERSION)?;
    // Finds the package without importing it, because the import runs initialization code.
    let find_package = "import importlib.util as u; print(u.find_spec('pgserver').submodule_search_locations[0])";
    let package = read_output(command(environment.join("bin/python")).args(["-c", find_package]))?;
    Programs::in_directory(&std::path::Path::new(&package).join("pginstall/bin"))
        .context("the programs of the package do not run on this machine")
}
