//! Reads claims from JSON Lines, as `ExportClaims` writes them: one claim in each line.

use cpor_proto::claims::v1::Claim;
use cpor_rpc::json;

use super::{
    batch::{FieldError, Row},
    columns::{Fields, claim_name, entered_fields},
};

/// Returns a row for each line of the file that is not blank.
pub(super) fn rows(text: String) -> impl Iterator<Item = anyhow::Result<Row>> {
    let mut start = 0;
    let lines = std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
        start += length;
        Some(rest[..length].to_owned())
    });
    let filled_lines = lines.zip(1..).filter(|(line, _)| !line.trim().is_empty());
    filled_lines.map(|(line, number)| Ok(parse_line(number, line.trim())))
}

fn parse_line(line: u64, text: &str) -> Row {
    let malformed = |field: &str, error: String, parsed: Claim| Row {
        line,
        claim: Err(vec![FieldError::malformed(field, error)]),
        fields: Fields::default(),
        existing: None,
        id: String::new(),
        parsed: Claim { lines: Vec::new(), ..parsed },
    };
    let claim: Claim = match json::parse(text) {
        Ok(claim) => claim,
        Err(error) => return malformed("", error.to_string(), parse_identifying_fields(text)),
    };
    match claim_name(&claim.name) {
        Ok(existing) => {
            let id = if existing.is_none() { claim.name.clone() } else { String::new() };
            let claim = entered_fields(claim);
            let parsed = Claim { lines: Vec::new(), ..claim.clone() };
            Row { line, fields: Fields::present_in(&claim), claim: Ok(claim), existing, id, parsed }
        }
        Err(error) => malformed("name", error, claim),
    }
}

/// Returns the fields of a malformed claim by which its row can be recognized.
fn parse_identifying_fields(text: &str) -> Claim {
    let fields: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let field = |names: [&str; 2]| {
        let text = names.iter().find_map(|name| fields.get(name)?.as_str());
        text.unwrap_or_default().to_owned()
    };
    Claim {
        display_name: field(["display_name", "displayName"]),
        tenant_id: field(["tenant_id", "tenantId"]),
        customer_domain: field(["customer_domain", "customerDomain"]),
        ..Claim::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_claim_or_an_error() {
        let file = "{\"display_name\": \"a\", \"state\": \"CLAIM_STATE_APPROVED\", \"lines\": [{\"product\": \"products/teams\", \"lineId\": \"x\"}]}\n\n{\"colour\": \"red\"}\n{\"displayName\": \"b\"}\nnonsense";
        let read: Vec<Row> = rows(file.to_owned()).collect::<Result<_, _>>().unwrap();
        assert_eq!(read.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 3, 4, 5]);
        let first = read[0].claim.as_ref().unwrap();
        assert_eq!((first.display_name.as_str(), first.state, first.lines[0].line_id.as_str()), ("a", 0, ""));
        assert_eq!(read[2].claim.as_ref().unwrap().display_name, "b");
        let description = |row: &Row| row.claim.as_ref().unwrap_err()[0].description.clone();
        assert!(description(&read[1]).contains("colour"), "{}", description(&read[1]));
        assert!(!description(&read[3]).is_empty());
    }
}
