//! Fetches the facts that a decision needs about a claim's content, as one [`RegistryAnswer`]. The
//! registry service checks the content against its records of partners, tenants and products (R12).
//! This service's own database knows which lines the company has already claimed elsewhere (R38);
//! they are added to the answer as violations.
//!
//! A *line* is the part of a claim that is about one workload or subscription of the tenant; that
//! workload or subscription is the *key* of the line.
use crate::{
    call::Call,
    domain::{
        Claim, ClaimRegistryData, Content, Line, LineRegistryData, RegistryAnswer, Tenant, Violation, ViolationReason,
    },
    error::CallError,
    service::{ClaimIntake, RegistryNeed},
    store::{ClaimedKey, find_claimed_elsewhere},
};
use cpor_call::directory_budget::DirectoryBudget;
use cpor_registry_client::{
    CheckedClaim, CheckedLine, ClaimToCheck, LineToCheck, RegistryError, SubmittedFields, SuggestedLine,
};
use cpor_types::{
    Activity, Actor, ActorSide, AssociationKey, ClaimId, ClaimName, LineId, PartnerId, TenantId, program_for,
};
use std::collections::BTreeSet;

impl ClaimIntake {
    /// Fetches the facts about `content`, the intended content of the call's claim. `submitted` are
    /// the location and the customer domain that a submitted claim keeps (R2a); `None` for a draft.
    /// Calls the registry once and reads the database once, by an index. Returns `None` if the
    /// registry does not answer and `need` is optional.
    ///
    /// # Errors
    /// Returns [`CallError::RegistryUnavailable`] if the registry does not answer and `need` is
    /// required, and other errors if the registry's answer is invalid or the database cannot be
    /// read.
    pub(crate) async fn fetch_facts(
        &self,
        call: &Call,
        need: RegistryNeed,
        content: &Content,
        submitted: Option<SubmittedFields>,
    ) -> Result<Option<RegistryAnswer>, CallError> {
        let request = ClaimToCheck { submitted, ..claim_to_check(&call.claim, content) };
        if need == RegistryNeed::Optional && is_blank(&request) {
            return Ok(Some(RegistryAnswer::default()));
        }
        let question = DomainQuestions::admit(self, &call.actor, std::slice::from_ref(&request))?;
        let answer = self.registry.check_claim(&call.actor, request).await;
        question.count_wrong(answer.as_ref().map(std::slice::from_ref).unwrap_or_default());
        match (answer, need) {
            (Ok(answer), RegistryNeed::Optional | RegistryNeed::Required) => {
                let mut checked = [CheckedContent { content, facts: facts_from_answer(answer, content) }];
                self.add_lines_claimed_elsewhere(&call.claim.partner, Some(call.claim.claim), &mut checked).await?;
                Ok(checked.map(|checked| checked.facts).into_iter().next())
            }
            (Err(error), RegistryNeed::Optional) => {
                tracing::warn!(%error, "the draft is stored without facts from the registry");
                Ok(None)
            }
            (Err(error), RegistryNeed::Required) => Err(registry_error(error)),
        }
    }

    /// Fetches the workloads and subscriptions of the customer that the claim can have as lines.
    /// Empty until the claim names one of the customer's own domains (R12a). Lines that the company
    /// has in other open or approved claims are left out (R38). What other companies claim or hold
    /// makes no difference, because a partner does not learn that before its claim is submitted
    /// (R37). Calls the registry once, and reads the database once for each
    /// [`SUGGESTIONS_PER_READ`] suggestions.
    ///
    /// # Errors
    /// Returns [`CallError::RegistryUnavailable`] if the registry does not answer, and an error if
    /// the database cannot be read.
    pub(crate) async fn fetch_suggestions(&self, call: &Call, claim: &Claim) -> Result<Vec<SuggestedLine>, CallError> {
        let request = claim_to_check(&claim.name, &claim.content);
        let request =
            ClaimToCheck { submitted: submitted_fields(claim), suggest_lines: true, lines: Vec::new(), ..request };
        let question = DomainQuestions::admit(self, &call.actor, std::slice::from_ref(&request))?;
        let answer = self.registry.check_claim(&call.actor, request).await;
        question.count_wrong(answer.as_ref().map(std::slice::from_ref).unwrap_or_default());
        let answer = answer.map_err(registry_error)?;
        let (Some(tenant), mut suggestions) = (answer.tenant, answer.suggestions) else { return Ok(Vec::new()) };
        let activities = &claim.content.activities;
        let mut claimed = BTreeSet::new();
        for chunk in suggestions.chunks(SUGGESTIONS_PER_READ) {
            let keys: Vec<_> = chunk.iter().flat_map(|line| keys_of_suggestion(line, tenant.id, activities)).collect();
            let (partner, claim) = (&claim.name.partner, Some(claim.name.claim));
            claimed.extend(find_claimed_elsewhere(self.reader(), partner, claim, &keys).await?);
        }
        suggestions.retain(|line| {
            let mut keys = keys_of_suggestion(line, tenant.id, activities);
            // While the claim names no activity, a line is suggested if at least one activity of it
            // is not claimed elsewhere.
            if activities.is_empty() {
                !keys.all(|key| claimed.contains(&key))
            } else {
                !keys.any(|key| claimed.contains(&key))
            }
        });
        Ok(suggestions)
    }

    /// Fetches the facts about new drafts of one company. Calls the registry once and reads the
    /// database once for all drafts. `actor` is a user of that company. The result has one item per
    /// draft, in the same order. If the registry does not answer, the items of the drafts that it
    /// was asked about are `None`.
    pub(crate) async fn fetch_facts_of_drafts(
        &self,
        actor: &Actor,
        drafts: &[(ClaimName, Content)],
    ) -> Result<Vec<Option<RegistryAnswer>>, CallError> {
        let mut results: Vec<Option<RegistryAnswer>> = drafts.iter().map(|_| Some(RegistryAnswer::default())).collect();
        let requests = drafts.iter().map(|(claim, content)| claim_to_check(claim, content)).enumerate();
        let (indexes, requests): (Vec<usize>, Vec<_>) = requests.filter(|(_, request)| !is_blank(request)).unzip();
        let (Some((claim, _)), false) = (drafts.first(), indexes.is_empty()) else { return Ok(results) };
        let questions = DomainQuestions::admit(self, actor, &requests)?;
        let answers = self.registry.check_claims(actor, requests).await;
        questions.count_wrong(answers.as_deref().unwrap_or_default());
        match answers {
            Ok(answers) => {
                let checked_content = |(index, answer): (&usize, _)| CheckedContent {
                    content: &drafts[*index].1,
                    facts: facts_from_answer(answer, &drafts[*index].1),
                };
                let mut checked: Vec<_> = indexes.iter().zip(answers).map(checked_content).collect();
                self.add_lines_claimed_elsewhere(&claim.partner, None, &mut checked).await?;
                indexes.into_iter().zip(checked).for_each(|(index, checked)| results[index] = Some(checked.facts));
            }
            Err(error) => {
                tracing::warn!(%error, "drafts are stored without facts from the registry");
                indexes.into_iter().for_each(|index| results[index] = None);
            }
        }
        Ok(results)
    }

    /// Adds a violation for each line that the company already has in an open or approved claim
    /// other than `claim` (R38). Reads the database once for all contents. A unique index of the
    /// database enforces the rule at the submission; here the violation is reported together with
    /// all others (R11).
    async fn add_lines_claimed_elsewhere(
        &self,
        partner: &PartnerId,
        claim: Option<ClaimId>,
        checked: &mut [CheckedContent<'_>],
    ) -> Result<(), CallError> {
        let keys: Vec<ClaimedKey> = checked.iter().flat_map(CheckedContent::keys).map(|(_, key)| key).collect();
        let claimed = find_claimed_elsewhere(self.reader(), partner, claim, &keys).await?;
        for checked in checked {
            let claimed_lines: BTreeSet<LineId> =
                checked.keys().filter(|(_, key)| claimed.contains(key)).map(|(line, _)| line).collect();
            let lines = checked.content.lines.iter().enumerate();
            let lines = lines.filter(|(_, line)| claimed_lines.contains(&line.id));
            let violations =
                lines.map(|(index, _)| ViolationReason::AlreadyClaimed.violation(format!("lines[{index}]")));
            checked.facts.claim.violations.extend(violations);
        }
        Ok(())
    }
}

/// Requests of a partner's user in which a claim names a tenant and a domain. The registry's answer
/// tells whether the domain is one of the tenant's, so each of them is a *question* that the budget
/// limits (R12a). All of them are admitted if the budget has one question left, and only those with
/// a wrong domain are counted afterwards. So the budget never refuses a user who names right
/// domains, and requests without an answer cost nothing.
#[must_use]
struct DomainQuestions<'a> {
    budget: &'a DirectoryBudget,
    /// The subject (user id) of the user.
    user: &'a str,
    /// For each request, the partner whose budget it uses; `None` if the request is not a question.
    partners: Vec<Option<PartnerId>>,
}

impl<'a> DomainQuestions<'a> {
    /// Checks that the budgets of the user and its company have a question left.
    ///
    /// # Errors
    /// Returns [`CallError::TooManyQuestions`] if there were too many wrong domains before.
    fn admit(intake: &'a ClaimIntake, actor: &'a Actor, requests: &[ClaimToCheck]) -> Result<Self, CallError> {
        let (budget, user) = (&*intake.wrong_domains, actor.subject.expose());
        let mut partners = Vec::with_capacity(requests.len());
        for request in requests {
            let is_question = request.tenant_id.is_some() && request.customer_domain.is_some();
            let partner = (is_question && actor.side == ActorSide::Partner).then(|| request.partner.clone());
            if let Some(partner) = &partner {
                budget.admit(user, partner).map_err(CallError::TooManyQuestions)?;
            }
            partners.push(partner);
        }
        Ok(Self { budget, user, partners })
    }

    /// Counts the questions with a wrong domain, for which the registry has not returned the
    /// tenant. `answers` is empty if the registry did not answer; then none is counted.
    fn count_wrong(self, answers: &[CheckedClaim]) {
        for (partner, answer) in self.partners.iter().zip(answers) {
            if let Some(partner) = partner.as_ref().filter(|_| answer.tenant.is_none()) {
                self.budget.charge(self.user, partner, 1);
            }
        }
    }
}

/// The number of suggested lines that one statement looks up.
const SUGGESTIONS_PER_READ: usize = 1_000;

/// Converts a failed call of the registry whose answer is required.
fn registry_error(error: RegistryError) -> CallError {
    match error {
        RegistryError::Unavailable(error) => {
            tracing::warn!(error, "the registry is unavailable");
            CallError::RegistryUnavailable
        }
        RegistryError::Defect(error) => CallError::Internal(error),
    }
}

/// Returns each combination of the suggested key and an activity for which the claim would have it:
/// the claim's own activities or, while it names none, those of the product's solution area.
fn keys_of_suggestion(
    line: &SuggestedLine,
    tenant: TenantId,
    activities: &[Activity],
) -> impl Iterator<Item = ClaimedKey> + use<> {
    let key = match line.subscription_id {
        Some(subscription) => AssociationKey::Subscription(subscription),
        None => AssociationKey::Workload(line.product.id.clone()),
    };
    let area = line.product.solution_area;
    let possible = || Activity::ALL.iter().copied().filter(|activity| program_for(area, *activity).is_ok()).collect();
    let activities: Vec<Activity> = if activities.is_empty() { possible() } else { activities.to_vec() };
    activities.into_iter().map(move |activity| ClaimedKey { tenant, key: key.clone(), activity })
}

/// The content of a claim with the registry's answer about it.
struct CheckedContent<'c> {
    content: &'c Content,
    facts: RegistryAnswer,
}

impl CheckedContent<'_> {
    /// Returns each combination of a key and an activity that the content claims, with its line.
    /// The company may have each combination in only one open or approved claim (R38).
    fn keys(&self) -> impl Iterator<Item = (LineId, ClaimedKey)> {
        let Self { content, facts: RegistryAnswer { claim, lines } } = self;
        let lines_with_key = claim.tenant.iter().flat_map(move |tenant| {
            lines.iter().filter_map(move |(line, data)| Some((*line, tenant.id, data.key.clone()?)))
        });
        lines_with_key.flat_map(|(line, tenant, key)| {
            let activities = content.activities.iter().copied();
            activities.map(move |activity| (line, ClaimedKey { tenant, key: key.clone(), activity }))
        })
    }
}

/// Builds the registry's check request for a claim with this content.
fn claim_to_check(claim: &ClaimName, content: &Content) -> ClaimToCheck {
    let non_empty = |text: &String| (!text.is_empty()).then(|| text.clone());
    let line_to_check = |line: &Line| LineToCheck {
        line_id: line.id,
        product: line.product.clone(),
        subscription_id: non_empty(&line.subscription_id),
    };
    ClaimToCheck {
        partner: claim.partner.clone(),
        mpn_id: content.mpn_id.clone(),
        tenant_id: non_empty(&content.tenant_id),
        customer_domain: non_empty(&content.customer_domain),
        solution_area: content.solution_area,
        lines: content.lines.iter().map(line_to_check).collect(),
        submitted: None,
        suggest_lines: false,
    }
}

/// Returns the location and the customer domain that a submitted claim keeps; `None` for a draft.
/// They were checked at the submission, or at the edit that changed them (R2a).
pub(crate) fn submitted_fields(claim: &Claim) -> Option<SubmittedFields> {
    claim.state.submission()?;
    let Content { mpn_id, customer_domain, .. } = &claim.content;
    Some(SubmittedFields { mpn_id: mpn_id.clone()?, customer_domain: customer_domain.clone() })
}

/// Returns whether the request contains nothing that the registry could check.
fn is_blank(request: &ClaimToCheck) -> bool {
    let ClaimToCheck { mpn_id, tenant_id, customer_domain, lines, .. } = request;
    mpn_id.is_none() && tenant_id.is_none() && customer_domain.is_none() && lines.is_empty()
}

/// Converts the registry's answer about `content` to the facts of the domain.
fn facts_from_answer(answer: CheckedClaim, content: &Content) -> RegistryAnswer {
    let CheckedClaim { violations, partner_display_name, location, tenant, lines, changes: _, suggestions: _ } = answer;
    let domain_violation = |violation: cpor_registry_client::Violation| Violation {
        field: violation.field,
        reason: violation.reason.as_str().to_owned(),
        description: violation.description,
    };
    let tenant = tenant.map(|tenant| Tenant {
        id: tenant.id,
        display_name: tenant.display_name,
        calendar: tenant.calendar,
        contact_domains: tenant.domains.into_iter().filter(|domain| content.has_customer_contact_at(domain)).collect(),
    });
    RegistryAnswer {
        claim: ClaimRegistryData {
            partner_display_name: partner_display_name.unwrap_or_default(),
            partner_language: location.as_ref().map(|location| location.language),
            partner_calendar: location.map(|location| location.calendar),
            tenant,
            violations: violations.into_iter().map(domain_violation).collect(),
        },
        lines: lines.into_iter().map(line_registry_data).collect(),
    }
}

/// Converts the registry's answer for one line. `legacy_holder` is another company that holds the
/// line's workload or subscription by an association from before claims existed (R58).
fn line_registry_data(line: CheckedLine) -> (LineId, LineRegistryData) {
    let CheckedLine { line_id, product, subscription_id, key, legacy_holder } = line;
    let (product_display_name, family) = product.map(|product| (product.display_name, product.family)).unzip();
    let product_display_name = product_display_name.unwrap_or_default();
    (line_id, LineRegistryData { product_display_name, family, subscription: subscription_id, key, legacy_holder })
}
