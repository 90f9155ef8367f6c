//! Measures PostgreSQL with pgbench and the statements of cpor, without cpor.

use std::fs;

use anyhow::{Context, Result};

use super::{
    SECONDS, captured, claims_sql,
    figures::{Figure, Figures},
    product::Product,
};
use crate::{
    postgres::Cluster,
    shell::{print_line, read_output},
};

/// The numbers of concurrent connections that are tried. The best rate counts.
const CONNECTIONS: [usize; 4] = [4, 8, 16, 32];
/// The database from which the statements are taken, and on which pgbench runs.
const DATABASE: &str = "captured";

/// The statements of cpor as scripts of pgbench.
pub(super) struct Pgbench<'a> {
    cluster: &'a Cluster,
}

impl<'a> Pgbench<'a> {
    /// Lets cpor make calls on a database whose statements are logged, and writes the scripts.
    ///
    /// # Errors
    /// Returns an error if pgbench or psql is missing, or if the log does not have the statements.
    pub(super) fn capture(cluster: &'a Cluster, product: &Product) -> Result<Self> {
        let url = cluster.create_database(DATABASE)?;
        let set = |setting: &str| cluster.execute(&format!("ALTER DATABASE {DATABASE} SET {setting}"));
        set("log_min_duration_statement = 0")?;
        product.make_single_calls(&url)?;
        set("log_min_duration_statement = -1")?;
        set("search_path = claim_intake")?;
        let transactions = captured::parse_transactions(&fs::read_to_string(cluster.log()).context("reading the log")?);
        fs::write(cluster.directory().join("GetClaim.sql"), claims_sql::read_script(&transactions)?)?;
        fs::write(cluster.directory().join("CreateClaim.sql"), claims_sql::create_script(&transactions)?)?;
        Ok(Self { cluster })
    }

    /// Runs each script with each number of connections, and adds the best rate.
    pub(super) fn measure(&self, figures: &mut Figures) -> Result<()> {
        print_line("pgbench");
        for work in ["GetClaim", "CreateClaim"] {
            let mut best = Figure::default();
            for connections in CONNECTIONS {
                let figure = self.run(work, connections)?;
                if figure.per_second > best.per_second {
                    best = figure;
                }
            }
            figures.add("pgbench", work, best);
        }
        Ok(())
    }

    /// Runs a script with this number of connections.
    fn run(&self, work: &str, connections: usize) -> Result<Figure> {
        let mut pgbench = self.cluster.command("pgbench")?;
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--client", &connections.to_string()]);
        pgbench
            .args(["--time", &SECONDS.to_string(), "--file"])
            .arg(self.cluster.directory().join(format!("{work}.sql")));
        let output = read_output(pgbench.arg(DATABASE))?;
        Ok(Figure {
            per_second: number(&output, "tps = ").context("pgbench printed no rate")?,
            p50_ms: number(&output, "latency average = "),
            ..Figure::default()
        })
    }
}

/// Returns the number after a prefix in the output of pgbench.
fn number(output: &str, prefix: &str) -> Option<f64> {
    let (_, rest) = output.split_once(prefix)?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_the_output() {
        let output = "latency average = 0.532 ms\ntps = 1879.52 (without initial connection time)\n";
        assert_eq!(number(output, "tps = "), Some(1879.52));
        assert_eq!(number(output, "latency average = "), Some(0.532));
        assert_eq!(number("", "tps = "), None);
    }
}
