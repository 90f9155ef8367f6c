//! Makes scripts of pgbench from the statements of cpor.
//!
//! The script that creates claims has the same SQL. The values of the parameters are the captured
//! ones, except that each transaction has its own claim and its own partner: otherwise the second
//! transaction would find the claim, and all would wait for the row that counts the partner's
//! changes.
//!
//! The script that reads a claim has the columns and the key of the captured statement. That
//! statement reads the claims of many calls by an array of keys, which costs more than the plain
//! read of one claim with which cpor is compared.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use super::captured::{Statement, Transaction};

/// The text of an expression that is another UUID in each transaction, without the hyphens.
const NEW_ID: &str = "lpad(to_hex(:n::bigint), 32, '0')";
/// The partner that owns the captured claims.
const PARTNER: &str = "contoso";

/// Returns the script that reads the claim that the last captured GetClaim has read.
///
/// # Errors
/// Returns an error if no such statement was captured.
pub(super) fn read_script(transactions: &[Transaction]) -> Result<String> {
    let read = transactions.iter().rev().find_map(|transaction| match transaction.as_slice() {
        [statement] => plain_read(statement),
        _ => None,
    });
    read.context("no statement of GetClaim was captured")
}

/// Returns the script that reads one claim, if this is the statement that reads the claims of
/// GetClaim and if it has read one.
fn plain_read(shared: &Statement) -> Option<String> {
    let (_, select) = shared.sql.split_once(") SELECT ")?;
    let (columns, _) = select.split_once(r#" FROM s JOIN "claim" r ON "#)?;
    let [owner, id] = shared.parameters.as_slice() else { return None };
    let (owner, id) = (escape(only_element(owner)?), escape(only_element(id)?));
    Some(format!("SELECT {columns} FROM \"claim\" r WHERE r.\"owner\" = {owner} AND r.\"id\" = {id};\n"))
}

/// Returns the element of the literal of an array that has one element without quotes.
fn only_element(array: &str) -> Option<&str> {
    let element = array.strip_prefix("'{")?.strip_suffix("}'")?;
    (!element.contains([',', '"'])).then_some(element)
}

/// Returns the script that creates a claim as the last captured CreateClaim did.
///
/// # Errors
/// Returns an error if no such transaction was captured.
pub(super) fn create_script(transactions: &[Transaction]) -> Result<String> {
    let is_insert = |statement: &Statement| statement.sql.contains(r#"INSERT INTO "claim" "#);
    // Claims with a tenant are later changed by events; a bare draft is written once.
    let is_create =
        |transaction: &&Transaction| transaction.iter().any(|statement| is_insert(statement) && is_draft(statement));
    let create = transactions.iter().rev().find(is_create).context("no transaction of CreateClaim was captured")?;
    let id = create.iter().flat_map(|statement| &statement.parameters).find_map(|literal| find_uuid(literal));
    let id = id.context("the transaction names no claim")?;
    let mut script = String::from("\\set n random(1, 9000000000000000)\nBEGIN;\n");
    for statement in create {
        writeln!(script, "{};", inline(statement, id))?;
    }
    script.push_str("COMMIT;\n");
    Ok(script)
}

/// Returns whether the inserted claim is the one that `cpor bench` creates with only a name.
fn is_draft(statement: &Statement) -> bool {
    statement.parameters.iter().any(|literal| literal.contains(r#"\"display_name\": \"Bench\""#))
}

/// Returns the first UUID in a literal, if it contains one.
fn find_uuid(literal: &str) -> Option<&str> {
    let is_uuid = |text: &str| text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    literal.split(|c: char| c != '-' && !c.is_ascii_hexdigit()).find(|text| is_uuid(text))
}

/// Writes the parameters into the SQL. The id of the claim is replaced by a new one, and the
/// partner by one of its own.
fn inline(statement: &Statement, claim: &str) -> String {
    let mut script = String::new();
    let mut rest = statement.sql.as_str();
    while let Some((before, after)) = rest.split_once('$') {
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let parameter =
            after[..digits].parse::<usize>().ok().and_then(|number| statement.parameters.get(number.checked_sub(1)?));
        script.push_str(before);
        match parameter {
            Some(literal) => script.push_str(&expression(literal, claim)),
            None => {
                script.push('$');
                script.push_str(&after[..digits]);
            }
        }
        rest = &after[digits..];
    }
    script.push_str(rest);
    script
}

/// Returns a literal as an expression of a pgbench script. pgbench takes `:name` for one of its
/// variables even inside of literals, so colons are written as escapes.
fn expression(literal: &str, claim: &str) -> String {
    let Some(text) = literal.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) else {
        return literal.to_owned();
    };
    if !text.contains(claim) && !text.contains(PARTNER) {
        return escape(text);
    }
    // The character U+0001, which no literal contains, marks the places of the new ids.
    let replaced = text.replace(claim, "\u{1}").replace(PARTNER, "\u{1}");
    let parts: Vec<String> = replaced.split('\u{1}').map(escape).collect();
    format!("({})", parts.join(&format!(" || {NEW_ID} || ")))
}

fn escape(text: &str) -> String {
    if text.contains(':') {
        format!("U&'{}'", text.replace('\\', r"\\").replace(':', r"\003A"))
    } else {
        format!("'{text}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01a22e48-19f8-76aa-b1a8-1151012148ab";

    fn statement(sql: &str, parameters: &[&str]) -> Statement {
        Statement { sql: sql.into(), parameters: parameters.iter().map(|&parameter| parameter.to_owned()).collect() }
    }

    #[test]
    fn a_read_has_the_captured_columns_and_key() {
        let sql = concat!(
            r#"WITH s AS (SELECT "owner", "id" FROM UNNEST($1::text[], $2::uuid[]) AS u("owner", "id")) "#,
            r#"SELECT r."owner", r."id", r."content" FROM s JOIN "claim" r "#,
            r#"ON (r."owner", r."id") = (s."owner", s."id")"#,
        );
        let read = |owner: &str, id: &str| vec![statement(sql, &[owner, id])];
        let two = read("'{contoso,contoso}'", "'{1,2}'");
        let other = vec![statement(&sql.replace("claim", "mail"), &["'{contoso}'", "'{3}'"])];
        let script = read_script(&[read("'{contoso}'", &format!("'{{{ID}}}'")), two, other]).unwrap();
        let expected = format!(
            "SELECT r.\"owner\", r.\"id\", r.\"content\" FROM \"claim\" r \
             WHERE r.\"owner\" = 'contoso' AND r.\"id\" = '{ID}';\n"
        );
        assert_eq!(script, expected);
    }

    #[test]
    fn each_creation_has_its_own_claim_and_partner() {
        let insert = statement(
            r#"INSERT INTO "claim" SELECT * FROM UNNEST($1::text[], $2::uuid[], $3::jsonb[])"#,
            &["'{contoso}'", &format!("'{{{ID}}}'"), r#"'{"{\"display_name\": \"Bench\"}"}'"#],
        );
        let script = create_script(&[vec![insert]]).unwrap();
        let new = "('{' || lpad(to_hex(:n::bigint), 32, '0') || '}')";
        let json = r#"U&'{"{\\"display_name\\"\003A \\"Bench\\"}"}'"#;
        let expected = format!(
            "\\set n random(1, 9000000000000000)\nBEGIN;\n\
             INSERT INTO \"claim\" SELECT * FROM UNNEST({new}::text[], {new}::uuid[], {json}::jsonb[]);\nCOMMIT;\n"
        );
        assert_eq!(script, expected);
    }
}
