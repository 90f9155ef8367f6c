//! Checks whether a claim is complete (R10 to R12, R38). A refused submission reports every
//! violation at once (R11). Only the registry service, which has the records of partners and
//! tenants, can find some of the violations. They are taken from its last answer, which the claim
//! stores in the field `registry_data`. A *line* is the part of a claim that is about one workload
//! or subscription of the customer.
use super::{Claim, Contact, Content, Refusal, Violation, ViolationReason};
use cpor_types::{Activity, PolicyProfile, ProductFamily, Program, TenantId, program_for};

/// The registry's data without which a claim cannot be submitted.
pub(super) struct RequiredRegistryData {
    /// The customer.
    pub(super) tenant: TenantId,
    /// The id of the calendar of the partner's location.
    pub(super) partner_calendar: String,
    /// The id of the customer's calendar.
    pub(super) tenant_calendar: String,
}

impl Claim {
    /// Returns the violations for which a submission would be refused now. The violations of the
    /// registry's last answer come last.
    #[must_use]
    pub fn violations(&self, policy: &PolicyProfile) -> Vec<Violation> {
        let mut violations = self.content.violations(policy);
        if self.evidence.is_empty() {
            violations.push(ViolationReason::EvidenceRequired.violation("evidence"));
        }
        violations.extend(self.contacts_at_partner_domain());
        violations.extend(self.registry_data.violations.iter().cloned());
        violations
    }

    /// R43a: returns a violation for each customer contact at the domain of the partner contact,
    /// unless that is one of the tenant's domains. Returns none while the registry has not found
    /// the tenant.
    fn contacts_at_partner_domain(&self) -> impl Iterator<Item = Violation> {
        let partner_domain =
            self.registry_data.tenant.as_ref().and_then(|_| self.content.partner_contact.email_domain());
        let is_partners = move |contact: &Contact| {
            partner_domain.is_some() && contact.email_domain() == partner_domain && !self.is_at_tenant_domain(contact)
        };
        let contacts = self.content.customer_contacts().into_iter().filter(move |(_, contact)| is_partners(contact));
        contacts.map(|(path, _)| ViolationReason::ContactAtPartnerDomain.violation(format!("{path}.email")))
    }

    /// Refuses the claim if it has violations, or if the registry did not find the tenant or the
    /// partner's location.
    pub(super) fn check_complete(&self, policy: &PolicyProfile) -> Result<RequiredRegistryData, Refusal> {
        let mut violations = self.violations(policy);
        // R2a: a submitted claim keeps its location, even if that is no longer one of the partner.
        let kept_calendar = || self.state.submission().map(|submission| submission.partner_calendar.clone());
        let partner_calendar = self.registry_data.partner_calendar.clone().or_else(kept_calendar);
        let Some((tenant, partner_calendar)) = self.registry_data.tenant.as_ref().zip(partner_calendar) else {
            // The registry should have reported a violation for each missing fact. If it did not,
            // the claim is refused rather than submitted without the fact.
            // If there is a violation of the domain, none of the tenant is added: a caller that
            // does not know a domain of the tenant learns nothing about the tenant (R12a).
            let is_reported =
                |fields: &[&str]| violations.iter().any(|reported| fields.contains(&reported.field.as_str()));
            let unreported = [
                ("tenant_id", self.registry_data.tenant.is_none() && !is_reported(&["tenant_id", "customer_domain"])),
                ("mpn_id", self.registry_data.partner_calendar.is_none() && !is_reported(&["mpn_id"])),
            ];
            let unreported = unreported.into_iter().filter(|(_, is_unreported)| *is_unreported);
            let added: Vec<_> = unreported.map(|(field, _)| ViolationReason::FieldMalformed.violation(field)).collect();
            violations.extend(added);
            return Err(Refusal::Incomplete(violations));
        };
        if !violations.is_empty() {
            return Err(Refusal::Incomplete(violations));
        }
        Ok(RequiredRegistryData { tenant: tenant.id, partner_calendar, tenant_calendar: tenant.calendar.clone() })
    }
}

impl Content {
    /// Returns the violations that follow from the content alone.
    fn violations(&self, policy: &PolicyProfile) -> Vec<Violation> {
        let mut violations = self.missing_fields();
        violations.extend(self.activity_violations());
        violations.extend(self.program_violation());
        violations.extend(self.duplicate_lines());
        violations.extend(self.customer_contact.missing_parts("customer_contact", true));
        if self.needs_technical_contact() {
            violations.extend(self.customer_technical_contact.missing_parts("customer_technical_contact", true));
        }
        violations.extend(self.partner_contact.missing_parts("partner_contact", false));
        violations.extend(self.revenue_association_violations());
        if policy.acknowledgement_of_terms && !self.terms_acknowledged {
            violations.push(ViolationReason::TermsNotAcknowledged.violation("terms_acknowledged"));
        }
        violations
    }

    /// R10 a to f: returns a violation for each missing field that every claim needs.
    fn missing_fields(&self) -> Vec<Violation> {
        let required = [
            ("mpn_id", self.mpn_id.is_none()),
            ("customer_domain", self.customer_domain.is_empty()),
            ("tenant_id", self.tenant_id.is_empty()),
            ("solution_area", self.solution_area.is_none()),
            ("activities", self.activities.is_empty()),
            ("display_name", self.display_name.is_empty()),
            ("lines", self.lines.is_empty()),
        ];
        required
            .into_iter()
            .filter(|(_, missing)| *missing)
            .map(|(field, _)| ViolationReason::FieldRequired.violation(field))
            .collect()
    }

    /// Returns the violations of R7 (area and activity determine the program) and R8 (revenue
    /// association excludes the other activities).
    fn activity_violations(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        let is_revenue_association = self.activities.contains(&Activity::RevenueAssociation);
        if is_revenue_association && self.activities.iter().any(|activity| activity.is_paid()) {
            violations.push(ViolationReason::ActivitiesExcludeEachOther.violation("activities"));
        }
        let Some(area) = self.solution_area else { return violations };
        for (index, activity) in self.activities.iter().enumerate() {
            if program_for(area, *activity).is_err() {
                violations.push(ViolationReason::ActivityNotInSolutionArea.violation(format!("activities[{index}]")));
            }
        }
        violations
    }

    /// R6: if the partner entered a program, this system must handle it, and it must be the program
    /// of the claimed activities.
    fn program_violation(&self) -> Option<Violation> {
        if self.program.is_empty() {
            return None;
        }
        let Ok(entered_program) = self.program.parse::<Program>() else {
            return Some(ViolationReason::UseCoopClaims.violation("program"));
        };
        let area = self.solution_area?;
        let mut programs = self.activities.iter().filter_map(|activity| program_for(area, *activity).ok()).peekable();
        programs.peek()?;
        let is_among_programs = programs.any(|program| program == Some(entered_program));
        (!is_among_programs).then(|| ViolationReason::ProgramDoesNotMatch.violation("program"))
    }

    /// R10 f: returns a violation for each line that repeats the product and subscription of an
    /// earlier line.
    fn duplicate_lines(&self) -> Vec<Violation> {
        let is_same_line = |first: usize, second: usize| {
            let (first, second) = (&self.lines[first], &self.lines[second]);
            first.product == second.product && first.subscription() == second.subscription()
        };
        let repeats = (0..self.lines.len()).filter(|index| (0..*index).any(|earlier| is_same_line(earlier, *index)));
        repeats.map(|index| ViolationReason::DuplicateLine.violation(format!("lines[{index}]"))).collect()
    }

    /// R10 i: returns whether a technical contact is needed, because a Dynamics 365 product is
    /// claimed.
    fn needs_technical_contact(&self) -> bool {
        let family = |line: &super::Line| line.registry_data.as_ref().and_then(|data| data.family);
        self.lines.iter().any(|line| family(line) == Some(ProductFamily::Dynamics365))
    }

    /// R10 k: returns the violations of three fields that are required for revenue association and
    /// must be empty for the other activities. They are not checked before an activity is entered.
    fn revenue_association_violations(&self) -> Vec<Violation> {
        let fields = [
            ("solution_seller_name", &self.solution_seller_name),
            ("customer_name", &self.customer_name),
            ("isv_solution_name", &self.isv_solution_name),
        ];
        let is_revenue_association = self.activities.contains(&Activity::RevenueAssociation);
        let (reason, is_violated_when_empty) = if is_revenue_association {
            (ViolationReason::FieldRequired, true)
        } else {
            (ViolationReason::FieldNotAllowed, false)
        };
        let checked_fields = fields.into_iter().filter(|_| !self.activities.is_empty());
        checked_fields
            .filter(|(_, text)| text.is_empty() == is_violated_when_empty)
            .map(|(field, _)| reason.violation(field))
            .collect()
    }
}

impl Contact {
    /// Returns a violation for each empty part of the contact at the path `path`. The title is
    /// checked only if `is_title_required`.
    fn missing_parts(&self, path: &str, is_title_required: bool) -> Vec<Violation> {
        let parts = [("name", &self.name), ("title", &self.title), ("email", &self.email)];
        let required =
            parts.into_iter().filter(|(part, text)| text.is_empty() && (is_title_required || *part != "title"));
        required.map(|(part, _)| ViolationReason::FieldRequired.violation(format!("{path}.{part}"))).collect()
    }
}
