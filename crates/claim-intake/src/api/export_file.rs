//! Claims as comma-separated values. What a partner entered stands in the columns that `cpor import` reads.
use cpor_kit::csv;
use cpor_proto::claims::v1::{Claim, ClaimLine, Contact};

/// What a column holds of a claim and one of its lines.
type Cell = fn(&Claim, &ClaimLine) -> String;

/// The columns, by name.
const COLUMNS: &[(&str, Cell)] = &[
    ("claim", |claim, _| claim.name.clone()),
    ("display_name", |claim, _| csv::text(&claim.display_name)),
    ("state", |claim, _| word(claim.state().as_str_name(), "CLAIM_STATE_")),
    ("association_state", |claim, _| word(claim.association_state().as_str_name(), "ASSOCIATION_STATE_")),
    ("mpn_id", |claim, _| claim.mpn_id.clone()),
    ("customer_domain", |claim, _| csv::text(&claim.customer_domain)),
    ("tenant_id", |claim, _| csv::text(&claim.tenant_id)),
    ("solution_area", |claim, _| word(claim.solution_area().as_str_name(), "SOLUTION_AREA_")),
    ("activities", |claim, _| activities(claim)),
    ("program", |claim, _| csv::text(&claim.program)),
    ("product", |_, line| line.product.trim_start_matches("products/").to_owned()),
    ("subscription_id", |_, line| csv::text(&line.subscription_id)),
    ("key", |_, line| line.key.clone()),
    ("line_association_state", |_, line| word(line.association_state().as_str_name(), "ASSOCIATION_STATE_")),
    ("contested", |_, line| flag(line.contested)),
    ("customer_contact_name", |claim, _| of(&claim.customer_contact, |person| &person.name)),
    ("customer_contact_title", |claim, _| of(&claim.customer_contact, |person| &person.title)),
    ("customer_contact_email", |claim, _| of(&claim.customer_contact, |person| &person.email)),
    ("customer_technical_contact_name", |claim, _| of(&claim.customer_technical_contact, |person| &person.name)),
    ("customer_technical_contact_title", |claim, _| of(&claim.customer_technical_contact, |person| &person.title)),
    ("customer_technical_contact_email", |claim, _| of(&claim.customer_technical_contact, |person| &person.email)),
    ("partner_contact_name", |claim, _| of(&claim.partner_contact, |person| &person.name)),
    ("partner_contact_email", |claim, _| of(&claim.partner_contact, |person| &person.email)),
    ("solution_seller_name", |claim, _| csv::text(&claim.solution_seller_name)),
    ("customer_name", |claim, _| csv::text(&claim.customer_name)),
    ("isv_solution_name", |claim, _| csv::text(&claim.isv_solution_name)),
    ("terms_acknowledged", |claim, _| flag(claim.terms_acknowledged)),
    ("policy", |claim, _| claim.policy.clone()),
    ("create_time", |claim, _| time(claim.create_time.as_ref())),
    ("update_time", |claim, _| time(claim.update_time.as_ref())),
    ("submit_time", |claim, _| time(claim.submit_time.as_ref())),
    ("official_time", |claim, _| time(claim.official_time.as_ref())),
];

/// The names of the columns.
pub(super) fn csv_header() -> String {
    csv::line(COLUMNS.iter().map(|(name, _)| (*name).to_owned()))
}

/// A claim: a row for each of its lines, and one for a claim without.
pub(super) fn csv(claim: &Claim) -> String {
    let row = |line: &ClaimLine| csv::line(COLUMNS.iter().map(|(_, cell)| cell(claim, line)));
    if claim.lines.is_empty() { row(&ClaimLine::default()) } else { claim.lines.iter().map(row).collect() }
}

/// An enum's value in lower case, without its prefix; empty where it is not given.
fn word(name: &str, prefix: &str) -> String {
    match name.trim_start_matches(prefix) {
        "UNSPECIFIED" => String::new(),
        word => word.to_ascii_lowercase(),
    }
}

fn activities(claim: &Claim) -> String {
    claim.activities().map(|activity| word(activity.as_str_name(), "ACTIVITY_")).collect::<Vec<_>>().join(" ")
}

fn flag(set: bool) -> String {
    if set { "true".to_owned() } else { String::new() }
}

fn of(contact: &Option<Contact>, part: fn(&Contact) -> &String) -> String {
    contact.as_ref().map_or_else(String::new, |contact| csv::text(part(contact)))
}

fn time(time: Option<&prost_types::Timestamp>) -> String {
    time.map(ToString::to_string).unwrap_or_default()
}
