//! The registry service's answer to a check of a claim's content (R12), and how the claim stores
//! the answer. The registry checks the content against its directory: its records of partners with
//! their locations, of tenants with their subscriptions, and of products. A *line* is the part of a
//! claim that is about one workload or subscription of the customer.
use super::{Claim, Contact, Content, LineRegistryData, State, Violation};
use cpor_types::{DomainName, LineId, MailLanguage, TenantId};
use serde::{Deserialize, Serialize};

/// The registry's answer about one version of a claim's content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegistryAnswer {
    /// The data about the claim as a whole.
    pub claim: ClaimRegistryData,
    /// The data about each line.
    pub lines: Vec<(LineId, LineRegistryData)>,
}

/// The registry's data about a claim as a whole, as of its last check. All fields are empty until
/// the registry has checked the claim.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimRegistryData {
    /// The partner's name; empty when the registry did not find the partner.
    pub partner_display_name: String,
    /// The id of the calendar of the location with the entered MPN (Microsoft Partner Network) id;
    /// `None` when the location is not the partner's.
    pub partner_calendar: Option<String>,
    /// The language of the mails about claims of this location; `None` when the location is not the
    /// partner's.
    pub partner_language: Option<MailLanguage>,
    /// The customer; `None` when the registry did not find the tenant.
    pub tenant: Option<Tenant>,
    /// The violations that the registry found, and a violation for each line that the company has
    /// already claimed elsewhere (R38).
    pub violations: Vec<Violation>,
}

/// A customer, as recorded by the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// The customer's tenant id.
    pub id: TenantId,
    /// The customer's name.
    pub display_name: String,
    /// The id of the customer's calendar.
    pub calendar: String,
    /// Those of the customer's domains at which a customer contact of the claim has its address
    /// (R43a).
    pub contact_domains: Vec<DomainName>,
}

impl ClaimRegistryData {
    /// The registry's reason for a violation if the MPN id does not belong to a location of the
    /// partner. R16: with this violation even a draft cannot be created.
    const LOCATION_NOT_OF_PARTNER: &'static str = "LOCATION_NOT_OF_PARTNER";

    /// Returns the customer's name, if it is known.
    #[must_use]
    pub fn customer_name(&self) -> Option<&str> {
        self.tenant.as_ref().map(|tenant| tenant.display_name.as_str()).filter(|name| !name.is_empty())
    }

    /// Returns whether the registry found that the MPN id does not belong to a location of the
    /// company.
    #[must_use]
    pub fn denies_location(&self) -> bool {
        self.violations.iter().any(|violation| violation.reason == Self::LOCATION_NOT_OF_PARTNER)
    }
}

impl Contact {
    /// Returns the domain of the e-mail address; `None` if the contact has no valid address.
    #[must_use]
    pub fn email_domain(&self) -> Option<DomainName> {
        self.email.expose().rsplit_once('@')?.1.parse().ok()
    }
}

impl Content {
    /// Returns the contacts at the customer, each with the path of its field.
    pub(super) fn customer_contacts(&self) -> [(&'static str, &Contact); 2] {
        [("customer_contact", &self.customer_contact), ("customer_technical_contact", &self.customer_technical_contact)]
    }

    /// Returns whether a customer contact has its address at this domain.
    #[must_use]
    pub fn has_customer_contact_at(&self, domain: &DomainName) -> bool {
        self.customer_contacts().into_iter().any(|(_, contact)| contact.email_domain().as_ref() == Some(domain))
    }
}

impl Claim {
    /// Returns whether the contact's address is at one of the tenant's domains.
    pub(super) fn is_at_tenant_domain(&self, contact: &Contact) -> bool {
        let domains = self.registry_data.tenant.as_ref().map_or(&[][..], |tenant| &tenant.contact_domains);
        contact.email_domain().is_some_and(|domain| domains.contains(&domain))
    }

    /// Returns whether an approval of the customer contact by link, and its silence, count as
    /// consent of the tenant (R43a): the address is at one of the tenant's domains, or a reviewer
    /// has confirmed the contact.
    #[must_use]
    pub fn is_contact_authorized(&self) -> bool {
        let is_confirmed = self.state.submission().is_some_and(|submission| submission.contact_confirmed.is_some());
        is_confirmed || self.is_at_tenant_domain(&self.content.customer_contact)
    }

    /// Returns whether the claim is a draft whose customer contact will need the confirmation of a
    /// reviewer (R43a). Returns `false` as long as the registry does not know the customer (R12a)
    /// or the contact has no valid e-mail address.
    pub(super) fn is_draft_with_unauthorized_contact(&self) -> bool {
        let contact = &self.content.customer_contact;
        let is_known = self.registry_data.tenant.is_some() && contact.email_domain().is_some();
        self.state == State::Editing && is_known && !self.is_contact_authorized()
    }

    /// Stores those of the tenant's domains at which a corrected contact has its address (R29a).
    pub(super) fn set_contact_domains(&mut self, answer: &RegistryAnswer) {
        if let (Some(tenant), Some(checked)) = (&mut self.registry_data.tenant, &answer.claim.tenant) {
            tenant.contact_domains.clone_from(&checked.contact_domains);
        }
    }

    /// Stores the registry's answer about the present content. `None` removes the stored answer,
    /// which was about earlier content. A submitted claim keeps the language of its mails, also
    /// after its location has moved to another company in the directory (R2a).
    pub(super) fn set_registry_answer(&mut self, answer: Option<&RegistryAnswer>) {
        let kept_language = self.state.submission().and(self.registry_data.partner_language);
        self.registry_data = answer.map(|answer| answer.claim.clone()).unwrap_or_default();
        self.registry_data.partner_language = self.registry_data.partner_language.or(kept_language);
        let checked_lines = answer.map_or(&[][..], |answer| &answer.lines);
        for line in &mut self.content.lines {
            line.registry_data = checked_lines.iter().find(|(id, _)| *id == line.id).map(|(_, data)| data.clone());
        }
    }
}
