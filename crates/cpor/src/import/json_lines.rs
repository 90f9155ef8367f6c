//! Reads claims from JSON Lines, as `ExportClaims` writes them: one claim in each line.

use std::io::BufRead;

use cpor_proto::claims::v1::Claim;
use cpor_rpc::json;

use super::batch::{FieldError, Row};

/// Returns a row for each line of the file that is not blank.
pub(super) fn rows(file: impl BufRead) -> impl Iterator<Item = anyhow::Result<Row>> {
    let lines = file.lines().zip(1..);
    let filled_lines = lines.filter(|(line, _)| !line.as_ref().is_ok_and(|line| line.trim().is_empty()));
    filled_lines.map(|(line, number)| Ok(Row { line: number, claim: parse_claim(&line?) }))
}

fn parse_claim(line: &str) -> Result<Claim, Vec<FieldError>> {
    json::parse(line).map(partner_fields).map_err(|error| vec![FieldError::malformed("", error.to_string())])
}

/// Returns a claim with only the fields that a partner enters. An exported claim also has fields
/// that the server sets. They must not be part of the hash from which the request id is derived.
fn partner_fields(claim: Claim) -> Claim {
    let line = |line: cpor_proto::claims::v1::ClaimLine| cpor_proto::claims::v1::ClaimLine {
        product: line.product,
        subscription_id: line.subscription_id,
        ..Default::default()
    };
    Claim {
        display_name: claim.display_name,
        mpn_id: claim.mpn_id,
        customer_domain: claim.customer_domain,
        tenant_id: claim.tenant_id,
        solution_area: claim.solution_area,
        activities: claim.activities,
        program: claim.program,
        lines: claim.lines.into_iter().map(line).collect(),
        customer_contact: claim.customer_contact,
        customer_technical_contact: claim.customer_technical_contact,
        partner_contact: claim.partner_contact,
        solution_seller_name: claim.solution_seller_name,
        customer_name: claim.customer_name,
        isv_solution_name: claim.isv_solution_name,
        terms_acknowledged: claim.terms_acknowledged,
        ..Claim::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_claim_or_an_error() {
        let file = "{\"display_name\": \"a\", \"state\": \"CLAIM_STATE_APPROVED\", \"lines\": [{\"product\": \"products/teams\", \"lineId\": \"x\"}]}\n\n{\"colour\": \"red\"}\n{\"displayName\": \"b\"}\nnonsense";
        let read: Vec<Row> = rows(file.as_bytes()).collect::<Result<_, _>>().unwrap();
        assert_eq!(read.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 3, 4, 5]);
        let first = read[0].claim.as_ref().unwrap();
        assert_eq!((first.display_name.as_str(), first.state, first.lines[0].line_id.as_str()), ("a", 0, ""));
        assert_eq!(read[2].claim.as_ref().unwrap().display_name, "b");
        let description = |row: &Row| row.claim.as_ref().unwrap_err()[0].description.clone();
        assert!(description(&read[1]).contains("colour"), "{}", description(&read[1]));
        assert!(!description(&read[3]).is_empty());
    }
}
