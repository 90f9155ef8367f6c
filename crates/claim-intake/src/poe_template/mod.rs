//! Generates the proof-of-execution form that the partner completes and the customer signs (R13).
//! It is a Word document for one activity, filled in from the claim. Fields that the claim lacks
//! are left blank.
mod form_text;
mod package;

use crate::domain::{Claim, Contact, Line};
use askama::Template;
use cpor_types::{Activity, SolutionArea, Timestamp};
use form_text::FormText;

/// The media type of a Word document.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// The number of blank rows in the table of work done if the claim has no products.
const BLANK_WORK_ROWS: usize = 3;

/// The columns of the table of work done, with their widths in twentieths of a point.
const WORK_COLUMNS: [(&str, u32); 4] =
    [("Product or workload", 3000), ("Work done and result", 4238), ("From", 1200), ("To", 1200)];

/// An internal error while the form is generated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderError {
    /// A template cannot be rendered.
    #[error("a part of the form cannot be rendered: {0}")]
    Part(#[from] askama::Error),
    /// The archive cannot be created.
    #[error("the form cannot be packed: {0}")]
    Package(#[from] zip::result::ZipError),
    /// The archive cannot be written.
    #[error("the form cannot be packed: {0}")]
    Io(#[from] std::io::Error),
}

/// Generates the form for `claim` and `activity` and returns the bytes of a DOCX file.
///
/// # Errors
/// Returns a [`RenderError`] if the form cannot be generated.
pub(crate) fn docx(claim: &Claim, activity: Activity) -> Result<Vec<u8>, RenderError> {
    let form = Form::for_claim(claim, activity);
    package::pack(&[
        ("word/document.xml", Document { form: &form }.render()?),
        ("word/footer1.xml", Footer { form: &form }.render()?),
        ("docProps/core.xml", Properties { form: &form }.render()?),
    ])
}

/// Returns the file name of the form, for example `poe-pre-sales-fabrikam.docx`.
pub(crate) fn file_name(claim: &Claim, activity: Activity) -> String {
    let to_plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' };
    let customer: String = customer_name(claim).chars().map(to_plain).collect();
    let name = format!("poe {} {customer}", activity.as_str().replace('_', " "));
    let name = name.split_whitespace().collect::<Vec<_>>().join("-");
    format!("{}.docx", name.get(..60).unwrap_or(&name))
}

/// The text of the document, rendered by an Askama template.
#[derive(Template)]
#[template(path = "poe/document.xml")]
struct Document<'a> {
    form: &'a Form,
}

/// The footer of each page.
#[derive(Template)]
#[template(path = "poe/footer.xml")]
struct Footer<'a> {
    form: &'a Form,
}

/// The properties of the document, such as its title.
#[derive(Template)]
#[template(path = "poe/core.xml")]
struct Properties<'a> {
    form: &'a Form,
}

/// The values that the templates insert into the document.
struct Form {
    /// The texts that depend on the activity.
    text: FormText,
    /// The claim's resource name.
    claim_name: String,
    /// The name that the partner gave the claim.
    title: String,
    /// The name of the customer; may be empty.
    customer: String,
    /// The name of the partner; may be empty.
    partner: String,
    /// The rows of the table of customer and partner. Each row has a label and a value for the
    /// customer, then for the partner.
    party_rows: Vec<[(&'static str, String); 2]>,
    /// The rows of the table of work done.
    work_rows: Vec<WorkRow>,
    /// The customer contact, who is expected to sign.
    contact: Contact,
    /// The time of the claim's last change.
    update_time: Timestamp,
}

/// A row of the table of work done.
struct WorkRow {
    /// The display name of the product, or its id if the name is not known.
    product: String,
    /// The subscription id; empty for a workload.
    subscription: String,
}

impl Form {
    /// Collects the values from the claim.
    fn for_claim(claim: &Claim, activity: Activity) -> Self {
        let mut work_rows: Vec<WorkRow> = claim.content.lines.iter().map(WorkRow::for_line).collect();
        if work_rows.is_empty() {
            work_rows
                .extend((0..BLANK_WORK_ROWS).map(|_| WorkRow { product: String::new(), subscription: String::new() }));
        }
        let area = claim.content.solution_area.map(solution_area_label).unwrap_or_default();
        Self {
            text: FormText::new(activity, area),
            claim_name: claim.name.to_string(),
            title: claim.content.display_name.clone(),
            customer: customer_name(claim).to_owned(),
            partner: claim.registry_data.partner_display_name.clone(),
            party_rows: party_rows(claim, activity),
            work_rows,
            contact: claim.content.customer_contact.clone(),
            update_time: claim.update_time,
        }
    }

    /// Returns the time of the last change in the format of the document's properties.
    fn modified_time(&self) -> String {
        self.update_time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Returns the labels and values of the name and the title of the person who is expected to
    /// sign.
    fn signer_fields(&self) -> [(&'static str, &str); 2] {
        [("Name", self.contact.name.expose()), ("Title", self.contact.title.expose())]
    }

    /// Returns the statement that the customer signs, with the names of customer and partner if
    /// they are known.
    fn acknowledgement(&self) -> String {
        let name_or_role = |name: &str, role: &str| if name.is_empty() { role.to_owned() } else { name.to_owned() };
        let customer = name_or_role(&self.customer, "The customer");
        self.text.acknowledgement(&customer, &name_or_role(&self.partner, "the partner"))
    }
}

impl WorkRow {
    /// Returns the row for a line: a claimed workload or subscription.
    fn for_line(line: &Line) -> Self {
        let display_name = line.registry_data.as_ref().map(|data| data.product_display_name.clone());
        let product = display_name.filter(|name| !name.is_empty()).unwrap_or_else(|| line.product.to_string());
        Self { product, subscription: line.subscription() }
    }
}

/// Returns the name of the customer; empty if it is not known.
fn customer_name(claim: &Claim) -> &str {
    claim.registry_data.customer_name().unwrap_or(&claim.content.customer_name)
}

const fn solution_area_label(area: SolutionArea) -> &'static str {
    match area {
        SolutionArea::Microsoft365 => "Microsoft 365",
        SolutionArea::BusinessApplications => "Business Applications",
    }
}

/// Returns the rows of the table of customer and partner.
fn party_rows(claim: &Claim, activity: Activity) -> Vec<[(&'static str, String); 2]> {
    let content = &claim.content;
    let mpn_id = content.mpn_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let (customer_contact, partner_contact) = (&content.customer_contact, &content.partner_contact);
    let mut rows = vec![
        [("Customer", customer_name(claim).to_owned()), ("Partner", claim.registry_data.partner_display_name.clone())],
        [("Domain", content.customer_domain.clone()), ("MPN ID", mpn_id)],
        [("Tenant ID", content.tenant_id.clone()), ("Claim", content.display_name.clone())],
        [("Contact", customer_contact.name.expose().to_owned()), ("Contact", partner_contact.name.expose().to_owned())],
        [("Title", customer_contact.title.expose().to_owned()), ("E-mail", partner_contact.email.expose().to_owned())],
    ];
    if activity == Activity::RevenueAssociation {
        let solution = ("ISV solution", content.isv_solution_name.clone());
        rows.push([("Solution seller", content.solution_seller_name.clone()), solution]);
    }
    rows
}

#[cfg(test)]
mod tests;
