//! Measures the same claims as workflows of DBOS, on the same PostgreSQL.

use std::path::PathBuf;

use anyhow::Result;

use super::{CLAIMS_IN_FLIGHT, SECONDS, figures::Figure, restate::parse};
use crate::{
    paths,
    shell::{command, print_line, read_output},
    tools,
};

const VERSION: &str = "3.4.0";

/// An installation of DBOS.
pub(super) struct Dbos {
    python: PathBuf,
}

impl Dbos {
    pub(super) fn install() -> Result<Self> {
        Ok(Self { python: tools::install_python_package("dbos", VERSION)?.join("bin/python") })
    }

    /// Runs `benches/peers/dbos_claims.py` on an empty database.
    pub(super) fn measure(&self, database_url: &str) -> Result<Figure> {
        print_line("DBOS");
        let mut claims = command(&self.python);
        claims.arg(paths::root().join("benches/peers/dbos_claims.py")).arg(database_url);
        parse(&read_output(claims.args([CLAIMS_IN_FLIGHT, 2 * SECONDS].map(|number| number.to_string())))?)
    }
}
