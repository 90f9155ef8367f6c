//! The proof of execution that a partner completes and the customer signs (R13): a Word document per activity, filled in with what the
//! claim says. What the claim lacks is left blank.
mod package;
mod words;

use crate::domain::{Claim, Contact, Line};
use askama::Template;
use cpor_types::{Activity, SolutionArea, Timestamp};
use words::Words;

/// What a Word document is called on the wire.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Rows to fill in where the claim names no product yet.
const BLANK_ROWS: usize = 3;

/// The columns of the work done, with their widths in twentieths of a point.
const WORK_COLUMNS: [(&str, u32); 4] =
    [("Product or workload", 3000), ("Work done and result", 4238), ("From", 1200), ("To", 1200)];

/// A document that cannot be put together: a fault of ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unmade {
    /// A part cannot be written.
    #[error("a part of the template: {0}")]
    Part(#[from] askama::Error),
    /// The parts cannot be packed.
    #[error("the template's package: {0}")]
    Package(#[from] zip::result::ZipError),
    /// See [`Self::Package`].
    #[error("the template's package: {0}")]
    Written(#[from] std::io::Error),
}

/// The template of `activity` for `claim`, as the bytes of a DOCX.
///
/// # Errors
/// [`Unmade`].
pub(crate) fn docx(claim: &Claim, activity: Activity) -> Result<Vec<u8>, Unmade> {
    let form = Form::of(claim, activity);
    package::packed(&[
        ("word/document.xml", Document { form: &form }.render()?),
        ("word/footer1.xml", Footer { form: &form }.render()?),
        ("docProps/core.xml", Properties { form: &form }.render()?),
    ])
}

/// What to save it as: `poe-pre-sales-fabrikam.docx`.
pub(crate) fn file_name(claim: &Claim, activity: Activity) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' };
    let customer: String = customer(claim).chars().map(plain).collect();
    let name = format!("poe {} {customer}", activity.as_str().replace('_', " "));
    let name = name.split_whitespace().collect::<Vec<_>>().join("-");
    format!("{}.docx", name.get(..60).unwrap_or(&name))
}

#[derive(Template)]
#[template(path = "poe/document.xml")]
struct Document<'a> {
    form: &'a Form,
}

#[derive(Template)]
#[template(path = "poe/footer.xml")]
struct Footer<'a> {
    form: &'a Form,
}

#[derive(Template)]
#[template(path = "poe/core.xml")]
struct Properties<'a> {
    form: &'a Form,
}

/// Everything that is filled in.
struct Form {
    words: Words,
    /// The claim's resource name.
    number: String,
    /// What the partner calls the claim.
    title: String,
    customer: String,
    partner: String,
    /// Label and value of the customer's and the partner's side of each row.
    parties: Vec<[(&'static str, String); 2]>,
    work: Vec<Work>,
    contact: Contact,
    update_time: Timestamp,
}

/// One row of the work done.
struct Work {
    product: String,
    subscription: String,
}

impl Form {
    fn of(claim: &Claim, activity: Activity) -> Self {
        let mut work: Vec<Work> = claim.content.lines.iter().map(Work::of).collect();
        if work.is_empty() {
            work.extend((0..BLANK_ROWS).map(|_| Work { product: String::new(), subscription: String::new() }));
        }
        let area = claim.content.solution_area.map(area).unwrap_or_default();
        Self {
            words: Words::of(activity, area),
            number: claim.name.to_string(),
            title: claim.content.display_name.clone(),
            customer: customer(claim).to_owned(),
            partner: claim.directory.partner_display_name.clone(),
            parties: parties(claim, activity),
            work,
            contact: claim.content.customer_contact.clone(),
            update_time: claim.update_time,
        }
    }

    /// When the claim last said what is filled in, as a document's properties have it.
    fn saved(&self) -> String {
        self.update_time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Who is expected to sign.
    fn signer(&self) -> [(&'static str, &str); 2] {
        [("Name", self.contact.name.as_str()), ("Title", self.contact.title.as_str())]
    }

    /// What the customer signs; with names where they are known.
    fn acknowledgement(&self) -> String {
        let or = |name: &str, role: &str| if name.is_empty() { role.to_owned() } else { name.to_owned() };
        self.words.acknowledgement(&or(&self.customer, "The customer"), &or(&self.partner, "the partner"))
    }
}

impl Work {
    fn of(line: &Line) -> Self {
        let known = line.known.as_ref().map(|known| known.product_display_name.clone());
        let product = known.filter(|name| !name.is_empty()).unwrap_or_else(|| line.product.to_string());
        Self { product, subscription: line.subscription() }
    }
}

/// The customer's name; empty where nobody knows it yet.
fn customer(claim: &Claim) -> &str {
    claim.directory.customer().unwrap_or(&claim.content.customer_name)
}

const fn area(area: SolutionArea) -> &'static str {
    match area {
        SolutionArea::Microsoft365 => "Microsoft 365",
        SolutionArea::BusinessApplications => "Business Applications",
    }
}

fn parties(claim: &Claim, activity: Activity) -> Vec<[(&'static str, String); 2]> {
    let content = &claim.content;
    let mpn_id = content.mpn_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let (theirs, ours) = (&content.customer_contact, &content.partner_contact);
    let mut rows = vec![
        [("Customer", customer(claim).to_owned()), ("Partner", claim.directory.partner_display_name.clone())],
        [("Domain", content.customer_domain.clone()), ("MPN ID", mpn_id)],
        [("Tenant ID", content.tenant_id.clone()), ("Claim", content.display_name.clone())],
        [("Contact", theirs.name.clone()), ("Contact", ours.name.clone())],
        [("Title", theirs.title.clone()), ("E-mail", ours.email.clone())],
    ];
    if activity == Activity::RevenueAssociation {
        let solution = ("ISV solution", content.isv_solution_name.clone());
        rows.push([("Solution seller", content.solution_seller_name.clone()), solution]);
    }
    rows
}

#[cfg(test)]
mod tests;
