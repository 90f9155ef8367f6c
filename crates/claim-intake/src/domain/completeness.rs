//! What a submission needs (R10–R12, R38), every violation at once (R11). What the directory judges it has judged
//! already.
use super::{Claim, Contact, Content, Fault, Refusal, Violation};
use cpor_types::{Activity, PolicyProfile, ProductFamily, Program, TenantId, program};

/// What a complete claim is sure to have.
pub(super) struct Customer {
    pub(super) tenant: TenantId,
    pub(super) partner_calendar: String,
    pub(super) tenant_calendar: String,
}

impl Claim {
    /// What a submission would refuse now, in the order of R10; the directory's part as of when it was last asked.
    #[must_use]
    pub fn violations(&self, policy: &PolicyProfile) -> Vec<Violation> {
        let mut found = self.content.violations(policy);
        if self.evidence.is_empty() {
            found.push(Fault::EvidenceRequired.at("evidence"));
        }
        found.extend(self.directory.violations.iter().cloned());
        found
    }

    /// Refuses a claim that has violations, or lacks what only the directory can tell.
    pub(super) fn complete(&self, policy: &PolicyProfile) -> Result<Customer, Refusal> {
        let mut found = self.violations(policy);
        let Some((tenant, partner_calendar)) =
            self.directory.tenant.as_ref().zip(self.directory.partner_calendar.clone())
        else {
            // Only when the directory was silent about what it must know: then say so rather than submit.
            let silent =
                [("tenant_id", self.directory.tenant.is_none()), ("mpn_id", self.directory.partner_calendar.is_none())];
            let silent = silent
                .into_iter()
                .filter(|(field, missing)| *missing && !found.iter().any(|known| known.field == *field));
            let silent: Vec<_> = silent.map(|(field, _)| Fault::FieldMalformed.at(field)).collect();
            found.extend(silent);
            return Err(Refusal::Incomplete(found));
        };
        if !found.is_empty() {
            return Err(Refusal::Incomplete(found));
        }
        Ok(Customer { tenant: tenant.id, partner_calendar, tenant_calendar: tenant.calendar.clone() })
    }
}

impl Content {
    /// What the content itself tells to be missing or wrong.
    fn violations(&self, policy: &PolicyProfile) -> Vec<Violation> {
        let mut found = self.missing();
        found.extend(self.activity_faults());
        found.extend(self.program_fault());
        found.extend(self.line_faults());
        found.extend(self.customer_contact.missing("customer_contact", true));
        if self.claims_dynamics() {
            found.extend(self.customer_technical_contact.missing("customer_technical_contact", true));
        }
        found.extend(self.partner_contact.missing("partner_contact", false));
        found.extend(self.recognition_faults());
        if policy.acknowledgement_of_terms && !self.terms_acknowledged {
            found.push(Fault::TermsNotAcknowledged.at("terms_acknowledged"));
        }
        found
    }

    /// R10 a–f: what is always needed.
    fn missing(&self) -> Vec<Violation> {
        let needed = [
            ("mpn_id", self.mpn_id.is_none()),
            ("customer_domain", self.customer_domain.is_empty()),
            ("tenant_id", self.tenant_id.is_empty()),
            ("solution_area", self.solution_area.is_none()),
            ("activities", self.activities.is_empty()),
            ("display_name", self.display_name.is_empty()),
            ("lines", self.lines.is_empty()),
        ];
        needed.into_iter().filter(|(_, missing)| *missing).map(|(field, _)| Fault::FieldRequired.at(field)).collect()
    }

    /// R7 and R8.
    fn activity_faults(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let recognition = self.activities.contains(&Activity::RevenueAssociation);
        if recognition && self.activities.iter().any(|activity| activity.is_paid()) {
            found.push(Fault::ActivitiesExcludeEachOther.at("activities"));
        }
        let Some(area) = self.solution_area else { return found };
        for (place, activity) in self.activities.iter().enumerate() {
            if program(area, *activity).is_err() {
                found.push(Fault::ActivityNotInSolutionArea.at(format!("activities[{place}]")));
            }
        }
        found
    }

    /// R6: a named program must be one that is claimed here, and that of what is claimed.
    fn program_fault(&self) -> Option<Violation> {
        if self.program.is_empty() {
            return None;
        }
        let Ok(named) = self.program.parse::<Program>() else { return Some(Fault::UseCoopClaims.at("program")) };
        let area = self.solution_area?;
        let mut programs = self.activities.iter().filter_map(|activity| program(area, *activity).ok()).peekable();
        programs.peek()?;
        let matches = programs.any(|program| program == Some(named));
        (!matches).then(|| Fault::ProgramDoesNotMatch.at("program"))
    }

    /// R10 f: a product once per subscription.
    fn line_faults(&self) -> Vec<Violation> {
        let same = |one: usize, two: usize| {
            let (one, two) = (&self.lines[one], &self.lines[two]);
            one.product == two.product && one.subscription() == two.subscription()
        };
        let repeats = (0..self.lines.len()).filter(|place| (0..*place).any(|earlier| same(earlier, *place)));
        repeats.map(|place| Fault::DuplicateLine.at(format!("lines[{place}]"))).collect()
    }

    /// R10 i.
    fn claims_dynamics(&self) -> bool {
        let family = |line: &super::Line| line.known.as_ref().and_then(|known| known.family);
        self.lines.iter().any(|line| family(line) == Some(ProductFamily::Dynamics365))
    }

    /// R10 k: needed for revenue association, refused elsewhere; not judged before there are activities.
    fn recognition_faults(&self) -> Vec<Violation> {
        let fields = [
            ("solution_seller_name", &self.solution_seller_name),
            ("customer_name", &self.customer_name),
            ("isv_solution_name", &self.isv_solution_name),
        ];
        let recognition = self.activities.contains(&Activity::RevenueAssociation);
        let (fault, wrong_when_empty) =
            if recognition { (Fault::FieldRequired, true) } else { (Fault::FieldNotAllowed, false) };
        let judged = fields.into_iter().filter(|_| !self.activities.is_empty());
        judged.filter(|(_, text)| text.is_empty() == wrong_when_empty).map(|(field, _)| fault.at(field)).collect()
    }
}

impl Contact {
    fn missing(&self, path: &str, with_title: bool) -> Vec<Violation> {
        let parts = [("name", &self.name), ("title", &self.title), ("email", &self.email)];
        let needed = parts.into_iter().filter(|(part, text)| text.is_empty() && (with_title || *part != "title"));
        needed.map(|(part, _)| Fault::FieldRequired.at(format!("{path}.{part}"))).collect()
    }
}
