//! Reads the statements that cpor sends to PostgreSQL from the log of the server.
//!
//! The log has `log_line_prefix = '%p '`, so each entry starts with the process id of the
//! connection. The parameters of a statement are in the next entry of the same connection.

use std::collections::HashMap;

/// One statement with the literals of its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// The SQL, with `$1`, `$2` … for the parameters.
    pub(super) sql: String,
    /// The literals of the parameters, for example `'{contoso}'` or `NULL`.
    pub(super) parameters: Vec<String>,
}

/// The statements of one connection from `BEGIN` to `COMMIT` (without these), or one statement
/// outside of a transaction.
pub(super) type Transaction = Vec<Statement>;

/// A connection while its part of the log is read.
#[derive(Default)]
struct Connection {
    /// The statements of the open transaction.
    open: Option<Transaction>,
    /// The last executed statement.
    last: Option<Statement>,
    /// Whether the last entry was the execution of that statement, so that its parameters follow.
    is_executed: bool,
}

impl Connection {
    /// Ends the last statement. Returns it if it is not part of a transaction.
    fn end_statement(&mut self) -> Option<Transaction> {
        let statement = self.last.take()?;
        match &mut self.open {
            Some(open) => {
                open.push(statement);
                None
            }
            None => Some(vec![statement]),
        }
    }
}

/// Returns the transactions of the log in the order of their ends.
pub(super) fn parse_transactions(log: &str) -> Vec<Transaction> {
    let mut connections: HashMap<&str, Connection> = HashMap::new();
    let mut transactions = Vec::new();
    for line in log.lines() {
        let Some((process, entry)) = line.split_once(' ') else { continue };
        let connection = connections.entry(process).or_default();
        // Some versions of PostgreSQL write `parameters:`, others `Parameters:`.
        if let Some((_, parameters)) =
            entry.split_once("DETAIL:  ").and_then(|(_, detail)| detail.split_once("arameters: "))
        {
            if let Some(last) = connection.last.as_mut().filter(|_| connection.is_executed) {
                last.parameters = parse_parameters(parameters);
            }
            continue;
        }
        let Some((_, text)) = entry.split_once(" ms  ") else { continue };
        let is_preparation = text.starts_with("parse ") || text.starts_with("bind ");
        connection.is_executed = !is_preparation;
        let Some((_, sql)) = text.split_once(": ").filter(|_| !is_preparation) else { continue };
        transactions.extend(connection.end_statement());
        match sql {
            "BEGIN" => connection.open = Some(Vec::new()),
            "COMMIT" | "ROLLBACK" => transactions.extend(connection.open.take()),
            _ => connection.last = Some(Statement { sql: sql.to_owned(), parameters: Vec::new() }),
        }
    }
    transactions.extend(connections.values_mut().filter_map(Connection::end_statement));
    transactions
}

/// Splits `$1 = 'a', $2 = NULL` into `'a'` and `NULL`. A quote in a literal is doubled.
fn parse_parameters(text: &str) -> Vec<String> {
    let mut parameters = Vec::new();
    let mut rest = text;
    while let Some((_, value)) = rest.split_once(" = ") {
        let end = literal_length(value);
        parameters.push(value[..end].to_owned());
        rest = &value[end..];
    }
    parameters
}

/// Returns the length of the literal at the start of the text.
fn literal_length(text: &str) -> usize {
    if !text.starts_with('\'') {
        return text.find(',').unwrap_or(text.len());
    }
    let mut quotes = text.match_indices('\'').map(|(position, _)| position).skip(1).peekable();
    while let Some(position) = quotes.next() {
        if quotes.next_if_eq(&(position + 1)).is_none() {
            return position + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_read_for_each_connection() {
        let log = "\
            7 LOG:  duration: 0.01 ms  statement: BEGIN\n\
            7 LOG:  duration: 0.03 ms  execute s_0: SELECT 0\n\
            8 LOG:  duration: 0.02 ms  execute s_1: SELECT 1\n\
            7 LOG:  duration: 0.03 ms  bind s_2: INSERT INTO a VALUES ($1, $2, $3)\n\
            7 DETAIL:  parameters: $1 = 'x', $2 = NULL, $3 = '3'\n\
            7 LOG:  duration: 0.03 ms  execute s_2: INSERT INTO a VALUES ($1, $2, $3)\n\
            7 DETAIL:  Parameters: $1 = 'it''s, $2 = ', $2 = NULL, $3 = ''''\n\
            7 LOG:  duration: 0.05 ms  statement: COMMIT\n";
        let statement = |sql: &str, parameters: &[&str]| Statement {
            sql: sql.into(),
            parameters: parameters.iter().map(|&parameter| parameter.to_owned()).collect(),
        };
        let insert = statement("INSERT INTO a VALUES ($1, $2, $3)", &["'it''s, $2 = '", "NULL", "''''"]);
        assert_eq!(
            parse_transactions(log),
            [vec![statement("SELECT 0", &[]), insert], vec![statement("SELECT 1", &[])]]
        );
    }
}
