//! What the partner enters in a claim (R10), and the differences between two versions of it.
//! *Revenue association* is an activity that is recognised and never paid (R7).
use super::{FieldChange, Line};
use cpor_types::{Activity, MpnId, Personal, SolutionArea};
use serde::{Deserialize, Serialize};

/// Everything that a partner enters in a claim. A draft may lack any field; a text that was not
/// entered is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// The name that the partner chose for the claim.
    pub display_name: String,
    /// The MPN (Microsoft Partner Network) id of one of the partner's locations.
    pub mpn_id: Option<MpnId>,
    /// One of the customer's domain names.
    pub customer_domain: String,
    /// The customer's tenant id. It is stored as entered, because it may be malformed (R11).
    pub tenant_id: String,
    /// The solution area that the claim is for; `None` until it is entered.
    pub solution_area: Option<SolutionArea>,
    /// The activities that the claim is for: each at most once, in the order entered.
    pub activities: Vec<Activity>,
    /// The incentive program that the partner named, as entered; empty if none. It is not needed,
    /// because solution area and activities determine the program (R6, R7).
    pub program: String,
    /// The claimed workloads or subscriptions.
    pub lines: Vec<Line>,
    /// The contact at the customer who receives the mails about the claim.
    pub customer_contact: Contact,
    /// The technical contact at the customer; required when a Dynamics 365 product is claimed.
    pub customer_technical_contact: Contact,
    /// The contact at the partner. A claim contains no job title for this contact.
    pub partner_contact: Contact,
    /// The name of the Dynamics solution seller; only for revenue association.
    pub solution_seller_name: String,
    /// The name of the customer; only for revenue association.
    pub customer_name: String,
    /// The name of the product or solution of an independent software vendor (ISV); only for
    /// revenue association.
    pub isv_solution_name: String,
    /// Whether the partner acknowledges the terms.
    pub terms_acknowledged: bool,
}

/// A contact person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The full name.
    pub name: Personal,
    /// The job title.
    pub title: Personal,
    /// The e-mail address.
    pub email: Personal,
}

/// A field that a partner can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the field of `Content` of the same name")]
pub enum Field {
    DisplayName,
    MpnId,
    CustomerDomain,
    TenantId,
    SolutionArea,
    Activities,
    Program,
    Lines,
    CustomerContact,
    CustomerTechnicalContact,
    PartnerContact,
    SolutionSellerName,
    CustomerName,
    IsvSolutionName,
    TermsAcknowledged,
}

impl Field {
    /// Every field, in the order in which a claim is displayed.
    pub const ALL: [Self; 15] = [
        Self::DisplayName,
        Self::MpnId,
        Self::CustomerDomain,
        Self::TenantId,
        Self::SolutionArea,
        Self::Activities,
        Self::Program,
        Self::Lines,
        Self::CustomerContact,
        Self::CustomerTechnicalContact,
        Self::PartnerContact,
        Self::SolutionSellerName,
        Self::CustomerName,
        Self::IsvSolutionName,
        Self::TermsAcknowledged,
    ];

    /// Returns the path of the field in the API's `Claim`.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::MpnId => "mpn_id",
            Self::CustomerDomain => "customer_domain",
            Self::TenantId => "tenant_id",
            Self::SolutionArea => "solution_area",
            Self::Activities => "activities",
            Self::Program => "program",
            Self::Lines => "lines",
            Self::CustomerContact => "customer_contact",
            Self::CustomerTechnicalContact => "customer_technical_contact",
            Self::PartnerContact => "partner_contact",
            Self::SolutionSellerName => "solution_seller_name",
            Self::CustomerName => "customer_name",
            Self::IsvSolutionName => "isv_solution_name",
            Self::TermsAcknowledged => "terms_acknowledged",
        }
    }

    /// Returns the field with this path, or `None` when no changeable field has it.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.path() == path)
    }
}

impl Content {
    /// Returns this content with the values of `fields` taken from `other`. A line that is in both
    /// keeps its id.
    #[must_use]
    pub fn with_fields_from(&self, fields: &[Field], other: &Self) -> Self {
        let mut next = self.clone();
        for field in fields {
            next.copy_field(*field, other.clone());
        }
        next
    }

    fn copy_field(&mut self, field: Field, other: Self) {
        match field {
            Field::DisplayName => self.display_name = other.display_name,
            Field::MpnId => self.mpn_id = other.mpn_id,
            Field::CustomerDomain => self.customer_domain = other.customer_domain,
            Field::TenantId => self.tenant_id = other.tenant_id,
            Field::SolutionArea => self.solution_area = other.solution_area,
            Field::Activities => self.activities = other.activities,
            Field::Program => self.program = other.program,
            Field::Lines => self.lines = Line::merge_keeping_ids(&self.lines, other.lines),
            Field::CustomerContact => self.customer_contact = other.customer_contact,
            Field::CustomerTechnicalContact => self.customer_technical_contact = other.customer_technical_contact,
            Field::PartnerContact => self.partner_contact = other.partner_contact,
            Field::SolutionSellerName => self.solution_seller_name = other.solution_seller_name,
            Field::CustomerName => self.customer_name = other.customer_name,
            Field::IsvSolutionName => self.isv_solution_name = other.isv_solution_name,
            Field::TermsAcknowledged => self.terms_acknowledged = other.terms_acknowledged,
        }
    }

    /// Returns the fields that are not empty.
    #[must_use]
    pub fn filled_fields(&self) -> Vec<Field> {
        Field::ALL.into_iter().filter(|field| !self.display_value(*field).is_empty()).collect()
    }

    /// Returns the fields that differ between this content and `next`, with their values as display
    /// text (R56).
    #[must_use]
    pub fn changes(&self, next: &Self) -> Vec<FieldChange> {
        Field::ALL
            .into_iter()
            .map(|field| FieldChange {
                field: field.path().to_owned(),
                from: self.display_value(field),
                to: next.display_value(field),
            })
            .filter(|change| change.from != change.to)
            .collect()
    }

    /// Returns the field's value as display text; empty when the field was not entered.
    fn display_value(&self, field: Field) -> String {
        match field {
            Field::DisplayName => self.display_name.clone(),
            Field::MpnId => self.mpn_id.as_ref().map(MpnId::to_string).unwrap_or_default(),
            Field::CustomerDomain => self.customer_domain.clone(),
            Field::TenantId => self.tenant_id.clone(),
            Field::SolutionArea => self.solution_area.map(|area| area.to_string()).unwrap_or_default(),
            Field::Activities => join(&self.activities, ", "),
            Field::Program => self.program.clone(),
            Field::Lines => join(&self.lines, ", "),
            Field::CustomerContact => self.customer_contact.to_text(),
            Field::CustomerTechnicalContact => self.customer_technical_contact.to_text(),
            Field::PartnerContact => self.partner_contact.to_text(),
            Field::SolutionSellerName => self.solution_seller_name.clone(),
            Field::CustomerName => self.customer_name.clone(),
            Field::IsvSolutionName => self.isv_solution_name.clone(),
            Field::TermsAcknowledged => if self.terms_acknowledged { "true" } else { "" }.to_owned(),
        }
    }
}

impl Contact {
    /// Returns `Name, Title, mail@example`, without the parts that are empty.
    fn to_text(&self) -> String {
        let parts = [&self.name, &self.title, &self.email].map(Personal::expose);
        join(parts.into_iter().filter(|part| !part.is_empty()), ", ")
    }
}

fn join<T: ToString>(items: impl IntoIterator<Item = T>, separator: &str) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(separator)
}
