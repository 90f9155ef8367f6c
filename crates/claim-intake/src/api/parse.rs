//! Parses the content of a claim from API messages. The constraints that the proto files declare
//! have already been checked.
use super::error::{invalid_field, unknown_update_field};
use crate::domain::{Contact, Content, Field, Line, ViolationReason};
use cpor_proto::{WireEnum as _, claims::v1 as wire, r#type::v1 as types};
use cpor_types::{Entropy, LineId, ProductName, SolutionArea, SubscriptionId, TenantId};
use prost_types::FieldMask;
use std::{collections::BTreeSet, str::FromStr};
use tonic::Status;

/// Parses the content of a claim. Each line gets a new id; when the content updates a claim, lines
/// that are already on the claim keep their ids.
pub(super) fn content(claim: wire::Claim, entropy: &dyn Entropy) -> Result<Content, Status> {
    let solution_area = SolutionArea::from_number(claim.solution_area).ok();
    let activities = claim.activities().filter_map(|activity| activity.try_into().ok()).collect();
    let mpn_id = match claim.mpn_id.as_str() {
        "" => None,
        mpn_id => Some(mpn_id.parse().map_err(|error| malformed_field("claim.mpn_id", error))?),
    };
    let lines = claim.lines.into_iter().enumerate().map(|(index, line)| {
        let product: ProductName =
            line.product.parse().map_err(|error| malformed_field(&format!("claim.lines[{index}].product"), error))?;
        Ok(Line::new(LineId(entropy.uuid()), product.product, canonical::<SubscriptionId>(line.subscription_id)))
    });
    Ok(Content {
        display_name: claim.display_name,
        mpn_id,
        customer_domain: claim.customer_domain,
        tenant_id: canonical::<TenantId>(claim.tenant_id),
        solution_area,
        activities,
        program: claim.program,
        lines: lines.collect::<Result<_, Status>>()?,
        customer_contact: contact(claim.customer_contact),
        customer_technical_contact: contact(claim.customer_technical_contact),
        partner_contact: contact(claim.partner_contact),
        solution_seller_name: claim.solution_seller_name,
        customer_name: claim.customer_name,
        isv_solution_name: claim.isv_solution_name,
        terms_acknowledged: claim.terms_acknowledged,
    })
}

/// Returns an id in its canonical form: the hexadecimal digits of a UUID are lower-case. A text that
/// is not an id is kept as the partner entered it, and is a violation of the draft (R11).
fn canonical<T: FromStr + ToString>(text: String) -> String {
    text.parse::<T>().map_or(text, |id| id.to_string())
}

fn contact(contact: Option<types::Contact>) -> Contact {
    let types::Contact { name, title, email } = contact.unwrap_or_default();
    Contact { name, title, email }
}

fn malformed_field(field: &str, error: cpor_types::Malformed) -> Status {
    invalid_field(field, ViolationReason::FieldMalformed, error.to_string())
}

/// Returns the fields that an update changes (Google's AIP-134): the fields of the mask, or all
/// fields for `*`. Without a mask, these are the fields that are not empty in `content`.
pub(super) fn update_fields(mask: Option<FieldMask>, content: &Content) -> Result<Vec<Field>, Status> {
    let Some(FieldMask { paths }) = mask else { return Ok(content.filled_fields()) };
    if paths.iter().any(|path| path == "*") {
        return Ok(Field::ALL.to_vec());
    }
    let fields = paths.iter().map(|path| Field::from_path(path).ok_or_else(|| unknown_update_field(path)));
    Ok(fields.collect::<Result<BTreeSet<Field>, Status>>()?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpor_call::status;
    use cpor_types::SeededEntropy;

    fn mask(paths: &[&str]) -> Option<FieldMask> {
        Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
    }

    #[test]
    fn an_update_mask_selects_the_fields() {
        let content = Content { display_name: "a".into(), ..Content::default() };
        assert_eq!(update_fields(None, &content).unwrap(), [Field::DisplayName]);
        assert_eq!(update_fields(mask(&["*"]), &content).unwrap(), Field::ALL);
        let repeated = mask(&["lines", "mpn_id", "lines"]);
        assert_eq!(update_fields(repeated, &content).unwrap(), [Field::MpnId, Field::Lines]);
        let refused = update_fields(mask(&["state"]), &content).unwrap_err();
        assert_eq!(status::reason(&refused).as_deref(), Some("UNKNOWN_UPDATE_FIELD"));
    }

    #[test]
    fn every_field_of_the_api_is_parsed() {
        let entered = wire::Claim {
            display_name: "n".into(),
            mpn_id: "4711".into(),
            customer_domain: "d".into(),
            tenant_id: "t".into(),
            solution_area: types::SolutionArea::Microsoft365.into(),
            activities: vec![types::Activity::Usage.into()],
            program: "p".into(),
            lines: vec![wire::ClaimLine { product: "products/teams".into(), ..Default::default() }],
            customer_contact: Some(types::Contact { name: "a".into(), ..Default::default() }),
            customer_technical_contact: Some(types::Contact { name: "b".into(), ..Default::default() }),
            partner_contact: Some(types::Contact { name: "c".into(), ..Default::default() }),
            solution_seller_name: "s".into(),
            customer_name: "c".into(),
            isv_solution_name: "i".into(),
            terms_acknowledged: true,
            ..Default::default()
        };
        let parsed = content(entered, &SeededEntropy::new(1)).unwrap();
        assert_eq!(parsed.filled_fields(), Field::ALL);
    }
}
