//! Formats claims as CSV. The fields that a partner enters have the column names that `cpor import`
//! reads, so that an exported file can be imported.
use cpor_listing::csv;
use cpor_proto::{
    claims::v1::{Claim, ClaimLine},
    r#type::v1::Contact,
};

/// A function that returns the value of one column for a claim and one of its lines.
type Cell = fn(&Claim, &ClaimLine) -> String;

/// The columns: each with its name and its value.
const COLUMNS: &[(&str, Cell)] = &[
    ("claim", |claim, _| claim.name.clone()),
    ("display_name", |claim, _| csv::escape_formula(&claim.display_name)),
    ("state", |claim, _| enum_value(claim.state().as_str_name(), "CLAIM_STATE_")),
    ("association_state", |claim, _| enum_value(claim.association_state().as_str_name(), "ASSOCIATION_STATE_")),
    ("mpn_id", |claim, _| claim.mpn_id.clone()),
    ("customer_domain", |claim, _| csv::escape_formula(&claim.customer_domain)),
    ("tenant_id", |claim, _| csv::escape_formula(&claim.tenant_id)),
    ("solution_area", |claim, _| enum_value(claim.solution_area().as_str_name(), "SOLUTION_AREA_")),
    ("activities", |claim, _| format_activities(claim)),
    ("program", |claim, _| csv::escape_formula(&claim.program)),
    ("product", |_, line| line.product.trim_start_matches("products/").to_owned()),
    ("subscription_id", |_, line| csv::escape_formula(&line.subscription_id)),
    ("key", |_, line| line.key.clone()),
    ("line_association_state", |_, line| enum_value(line.association_state().as_str_name(), "ASSOCIATION_STATE_")),
    ("contested", |_, line| format_flag(line.contested)),
    ("customer_contact_name", |claim, _| contact_field(&claim.customer_contact, |contact| &contact.name)),
    ("customer_contact_title", |claim, _| contact_field(&claim.customer_contact, |contact| &contact.title)),
    ("customer_contact_email", |claim, _| contact_field(&claim.customer_contact, |contact| &contact.email)),
    ("customer_technical_contact_name", |claim, _| {
        contact_field(&claim.customer_technical_contact, |contact| &contact.name)
    }),
    ("customer_technical_contact_title", |claim, _| {
        contact_field(&claim.customer_technical_contact, |contact| &contact.title)
    }),
    ("customer_technical_contact_email", |claim, _| {
        contact_field(&claim.customer_technical_contact, |contact| &contact.email)
    }),
    ("partner_contact_name", |claim, _| contact_field(&claim.partner_contact, |contact| &contact.name)),
    ("partner_contact_email", |claim, _| contact_field(&claim.partner_contact, |contact| &contact.email)),
    ("solution_seller_name", |claim, _| csv::escape_formula(&claim.solution_seller_name)),
    ("customer_name", |claim, _| csv::escape_formula(&claim.customer_name)),
    ("isv_solution_name", |claim, _| csv::escape_formula(&claim.isv_solution_name)),
    ("terms_acknowledged", |claim, _| format_flag(claim.terms_acknowledged)),
    ("policy", |claim, _| claim.policy.clone()),
    ("create_time", |claim, _| format_time(claim.create_time.as_ref())),
    ("update_time", |claim, _| format_time(claim.update_time.as_ref())),
    ("submit_time", |claim, _| format_time(claim.submit_time.as_ref())),
    ("official_time", |claim, _| format_time(claim.official_time.as_ref())),
];

/// Returns the header row.
pub(super) fn csv_header() -> String {
    csv::encode_row(COLUMNS.iter().map(|(name, _)| (*name).to_owned()))
}

/// Returns one row for each line of the claim, or a single row if the claim has no lines.
pub(super) fn csv_rows(claim: &Claim) -> String {
    let row = |line: &ClaimLine| csv::encode_row(COLUMNS.iter().map(|(_, cell)| cell(claim, line)));
    if claim.lines.is_empty() { row(&ClaimLine::default()) } else { claim.lines.iter().map(row).collect() }
}

/// Returns the name of an enum value in lower case and without its prefix. The unspecified value is
/// empty.
fn enum_value(name: &str, prefix: &str) -> String {
    match name.trim_start_matches(prefix) {
        "UNSPECIFIED" => String::new(),
        value => value.to_ascii_lowercase(),
    }
}

/// Returns the activities, separated by spaces.
fn format_activities(claim: &Claim) -> String {
    claim.activities().map(|activity| enum_value(activity.as_str_name(), "ACTIVITY_")).collect::<Vec<_>>().join(" ")
}

/// Returns `true`, or an empty text for `false`.
fn format_flag(is_set: bool) -> String {
    if is_set { "true".to_owned() } else { String::new() }
}

/// Returns one field of a contact; empty if there is no contact.
fn contact_field(contact: &Option<Contact>, field: fn(&Contact) -> &String) -> String {
    contact.as_ref().map_or_else(String::new, |contact| csv::escape_formula(field(contact)))
}

fn format_time(time: Option<&prost_types::Timestamp>) -> String {
    time.map(ToString::to_string).unwrap_or_default()
}
