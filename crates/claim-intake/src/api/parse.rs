//! Parses the content of a claim from API messages. The constraints that the proto files declare
//! have already been checked.
use super::error::{invalid_field, unknown_update_field};
use crate::domain::{Claim, Contact, Content, Field, Line, Update, ViolationReason};
use cpor_proto::{WireEnum as _, claims::v1 as wire, r#type::v1 as types};
use cpor_types::{
    DomainName, EmailAddress, Entropy, LineId, ProductName, SolutionArea, SubscriptionId, TenantId, is_blank,
    trim_blanks,
};
use prost_types::FieldMask;
use std::{collections::BTreeSet, str::FromStr};
use tonic::Status;

/// Parses the content of a claim. Each line gets a new id; when the content updates a claim, lines
/// that are already on the claim keep their ids.
pub(super) fn parse_content(claim: wire::Claim, entropy: &dyn Entropy) -> Result<Content, Status> {
    let solution_area = SolutionArea::from_number(claim.solution_area).ok();
    let activities = claim.activities().filter_map(|activity| activity.try_into().ok()).collect();
    let mpn_id = match claim.mpn_id.as_str() {
        "" => None,
        mpn_id => Some(mpn_id.parse().map_err(|error| malformed_field("claim.mpn_id", error))?),
    };
    let lines = claim.lines.into_iter().enumerate().map(|(index, line)| {
        let product: ProductName =
            line.product.parse().map_err(|error| malformed_field(&format!("claim.lines[{index}].product"), error))?;
        Ok(Line::new(LineId(entropy.uuid()), product.product, to_canonical::<SubscriptionId>(line.subscription_id)))
    });
    Ok(Content {
        display_name: non_blank(claim.display_name),
        mpn_id,
        customer_domain: to_canonical::<DomainName>(claim.customer_domain),
        tenant_id: to_canonical::<TenantId>(claim.tenant_id),
        solution_area,
        activities,
        program: trim_blanks(&claim.program).to_owned(),
        lines: lines.collect::<Result<_, Status>>()?,
        customer_contact: parse_contact(claim.customer_contact),
        customer_technical_contact: parse_contact(claim.customer_technical_contact),
        partner_contact: parse_contact(claim.partner_contact),
        solution_seller_name: non_blank(claim.solution_seller_name),
        customer_name: non_blank(claim.customer_name),
        isv_solution_name: non_blank(claim.isv_solution_name),
        terms_acknowledged: claim.terms_acknowledged,
    })
}

/// Returns an id or a name in its canonical form and without blanks around it: the digits of a UUID
/// are lower-case, an international domain is in its ASCII form. A text that is not of this form is
/// kept as entered; the draft then has a violation (R11).
fn to_canonical<T: FromStr + ToString>(entered: String) -> String {
    let entered = trim_blanks(&entered);
    entered.parse::<T>().map_or_else(|_| entered.to_owned(), |id| id.to_string())
}

/// Returns a text as it was entered. A text that has only blanks is not a value (R10).
fn non_blank(entered: String) -> String {
    if is_blank(&entered) { String::new() } else { entered }
}

fn parse_contact(contact: Option<types::Contact>) -> Contact {
    let types::Contact { name, title, email } = contact.unwrap_or_default();
    Contact {
        name: non_blank(name).into(),
        title: non_blank(title).into(),
        email: to_canonical::<EmailAddress>(email).into(),
    }
}

fn malformed_field(field: &str, error: cpor_types::Malformed) -> Status {
    invalid_field(field, ViolationReason::FieldMalformed, error.to_string())
}

/// The changes that an update asks for. A path of the update mask can name one part of a contact,
/// so the new contact is only known when the claim has been read.
#[derive(Clone, Debug)]
pub(super) struct PlannedUpdate {
    /// The fields that change as a whole.
    fields: Vec<Field>,
    /// The parts of contacts that change, each with the field of its contact.
    contact_parts: Vec<(Field, ContactPart)>,
    /// The new values. Fields that do not change are ignored.
    content: Content,
}

/// A part of a contact that a path of an update mask can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContactPart {
    Name,
    Title,
    Email,
}

impl PlannedUpdate {
    /// Reads the mask of an update (Google's AIP-134 and AIP-161): it names fields, parts of
    /// contacts, or all fields by `*`. Without a mask, and with an empty one, the fields that are
    /// not empty in `content` change.
    pub(super) fn new(mask: Option<FieldMask>, content: Content) -> Result<Self, Status> {
        let paths = mask.unwrap_or_default().paths;
        let (mut fields, mut contact_parts) = (BTreeSet::new(), Vec::new());
        if paths.is_empty() {
            fields.extend(content.filled_fields());
        } else if paths.iter().any(|path| path == "*") {
            fields.extend(Field::ALL);
        } else {
            for path in &paths {
                match (Field::from_path(path), contact_part(path)) {
                    (Some(field), _) => _ = fields.insert(field),
                    (None, Some(part)) => contact_parts.push(part),
                    (None, None) => return Err(unknown_update_field(path)),
                }
            }
        }
        Ok(Self { fields: fields.into_iter().collect(), contact_parts, content })
    }

    /// Returns the update of this claim. The parts of its contacts that the mask does not name keep
    /// their values.
    pub(super) fn for_claim(&self, claim: &Claim) -> Update {
        let (mut fields, mut content) = (self.fields.clone(), self.content.clone());
        for contact in [Field::CustomerContact, Field::CustomerTechnicalContact, Field::PartnerContact] {
            let parts: Vec<_> = self.contact_parts.iter().filter(|(field, _)| *field == contact).collect();
            if parts.is_empty() || fields.contains(&contact) {
                continue;
            }
            fields.push(contact);
            let mut current = claim.content.clone();
            let (Some(current), Some(changed)) =
                (contact_mut(&mut current, contact), contact_mut(&mut content, contact))
            else {
                continue;
            };
            for (_, part) in parts {
                match part {
                    ContactPart::Name => current.name.clone_from(&changed.name),
                    ContactPart::Title => current.title.clone_from(&changed.title),
                    ContactPart::Email => current.email.clone_from(&changed.email),
                }
            }
            changed.clone_from(current);
        }
        Update { fields, content }
    }
}

/// Returns the contact and its part that a path like `customer_contact.email` names.
fn contact_part(path: &str) -> Option<(Field, ContactPart)> {
    let (contact, part) = path.split_once('.')?;
    let part = match part {
        "name" => ContactPart::Name,
        "title" => ContactPart::Title,
        "email" => ContactPart::Email,
        _ => return None,
    };
    let contact = Field::from_path(contact)?;
    contact_mut(&mut Content::default(), contact).is_some().then_some((contact, part))
}

/// Returns the contact in this field; `None` if the field is not a contact.
fn contact_mut(content: &mut Content, field: Field) -> Option<&mut Contact> {
    match field {
        Field::CustomerContact => Some(&mut content.customer_contact),
        Field::CustomerTechnicalContact => Some(&mut content.customer_technical_contact),
        Field::PartnerContact => Some(&mut content.partner_contact),
        Field::DisplayName
        | Field::MpnId
        | Field::CustomerDomain
        | Field::TenantId
        | Field::SolutionArea
        | Field::Activities
        | Field::Program
        | Field::Lines
        | Field::SolutionSellerName
        | Field::CustomerName
        | Field::IsvSolutionName
        | Field::TermsAcknowledged => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::fixtures::TestClaim;
    use cpor_call::status;
    use cpor_types::SeededEntropy;

    fn planned(paths: Option<&[&str]>, content: &Content) -> Result<PlannedUpdate, Status> {
        let to_mask = |paths: &[&str]| FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() };
        PlannedUpdate::new(paths.map(to_mask), content.clone())
    }

    #[test]
    fn an_update_mask_selects_the_fields() {
        let content = Content { display_name: "a".into(), ..Content::default() };
        let fields = |paths: Option<&[&str]>| planned(paths, &content).unwrap().fields;
        assert_eq!(fields(None), [Field::DisplayName]);
        assert_eq!(fields(Some(&[])), [Field::DisplayName]);
        assert_eq!(fields(Some(&["*"])), Field::ALL);
        assert_eq!(fields(Some(&["lines", "mpn_id", "lines"])), [Field::MpnId, Field::Lines]);
        for path in ["state", "customer_contact.phone", "lines.product", "display_name.name", "customer_contact.", "."]
        {
            let refused = planned(Some(&[path]), &content).unwrap_err();
            assert_eq!(status::reason(&refused).as_deref(), Some("UNKNOWN_UPDATE_FIELD"), "{path}");
        }
    }

    #[test]
    fn a_path_names_a_part_of_a_contact() {
        let contact =
            |name: &str| Contact { name: name.into(), title: "CIO".into(), email: format!("{name}@a.example").into() };
        let mut claim = TestClaim::draft().claim;
        claim.content.customer_contact = contact("ada");
        let content = Content { customer_contact: contact("bea"), ..Content::default() };
        let update = planned(Some(&["customer_contact.email", "display_name"]), &content).unwrap().for_claim(&claim);
        assert_eq!(update.fields, [Field::DisplayName, Field::CustomerContact]);
        assert_eq!(update.content.customer_contact, Contact { email: "bea@a.example".into(), ..contact("ada") });
        let whole = planned(Some(&["customer_contact.email", "customer_contact"]), &content).unwrap();
        assert_eq!(whole.for_claim(&claim).content.customer_contact, contact("bea"));
    }

    #[test]
    fn r10_blanks_are_not_a_value() {
        let blank = wire::Claim {
            display_name: "\u{200b}".into(),
            customer_domain: "\u{a0}".into(),
            tenant_id: " ".into(),
            customer_contact: Some(types::Contact { name: "\t".into(), title: " ".into(), email: " ".into() }),
            ..Default::default()
        };
        assert_eq!(parse_content(blank, &SeededEntropy::new(1)).unwrap(), Content::default());
        let padded = wire::Claim {
            customer_domain: "  BÜRO.example. ".into(),
            tenant_id: " 1C9F0E7B-2D64-4B1F-8A35-77D0B2C4E911 ".into(),
            partner_contact: Some(types::Contact { email: " ada@BÜRO.example ".into(), ..Default::default() }),
            ..Default::default()
        };
        let parsed = parse_content(padded, &SeededEntropy::new(1)).unwrap();
        assert_eq!(parsed.customer_domain, "xn--bro-hoa.example");
        assert_eq!(parsed.tenant_id, "1c9f0e7b-2d64-4b1f-8a35-77d0b2c4e911");
        assert_eq!(parsed.partner_contact.email, "ada@xn--bro-hoa.example");
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
        let parsed = parse_content(entered, &SeededEntropy::new(1)).unwrap();
        assert_eq!(parsed.filled_fields(), Field::ALL);
    }
}
