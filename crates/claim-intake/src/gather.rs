//! Step 2 of a decision: what the directory (R12) and the company's other claims (R38) say of a claim's content.
use crate::{
    call::Call,
    domain::{Content, Directory, Facts, Fault, KnownLine, Line, Tenant, Violation},
    intake::{Failed, Intake, Need},
    store::claimed_elsewhere,
};
use cpor_registry_client::{CheckedClaim, CheckedLine, ClaimToCheck, LineToCheck, RegistryError};
use cpor_types::{AssociationKey, ClaimName, LineId};

impl Intake {
    /// Asks about `content` as that of the call's claim: one call of the registry and one indexed read. `None`: the
    /// registry was silent, and a draft can do without.
    pub(crate) async fn facts(&self, call: &Call, need: Need, content: &Content) -> Result<Option<Facts>, Failed> {
        let question = question(&call.claim, content);
        if need == Need::Draft && is_empty(&question) {
            return Ok(Some(Facts::default()));
        }
        match (self.registry.check_claim(&call.actor, question).await, need) {
            (Ok(answer), Need::Draft | Need::Submission) => {
                Ok(Some(self.with_own_claims(&call.claim, content, facts(answer)).await?))
            }
            (Err(error), Need::Draft) => {
                tracing::warn!(%error, "a draft is kept without what the registry would say of it");
                Ok(None)
            }
            (Err(RegistryError::Unavailable(why)), Need::Submission) => {
                tracing::warn!(why, "the registry cannot be asked");
                Err(Failed::RegistryUnavailable)
            }
            (Err(RegistryError::Broken(why)), Need::Submission) => Err(Failed::Internal(why)),
        }
    }

    /// Adds what the company claims elsewhere. The index on live lines decides; this tells it along with everything
    /// else (R11).
    async fn with_own_claims(&self, claim: &ClaimName, content: &Content, mut facts: Facts) -> Result<Facts, Failed> {
        let Some(tenant) = facts.directory.tenant.as_ref().map(|tenant| tenant.id) else { return Ok(facts) };
        let keys: Vec<(LineId, AssociationKey)> =
            facts.lines.iter().filter_map(|(id, known)| Some((*id, known.key.clone()?))).collect();
        let asked: Vec<AssociationKey> = keys.iter().map(|(_, key)| key.clone()).collect();
        let taken = claimed_elsewhere(self.reader(), claim, tenant, &asked, &content.activities).await?;
        for (place, line) in content.lines.iter().enumerate() {
            if keys.iter().any(|(id, key)| *id == line.id && taken.contains(key)) {
                facts.directory.violations.push(Fault::AlreadyClaimed.at(format!("lines[{place}]")));
            }
        }
        Ok(facts)
    }
}

fn question(claim: &ClaimName, content: &Content) -> ClaimToCheck {
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    let line = |line: &Line| LineToCheck {
        line_id: line.id,
        product: line.product.clone(),
        subscription_id: given(&line.subscription_id),
    };
    ClaimToCheck {
        partner: claim.partner.clone(),
        mpn_id: content.mpn_id.clone(),
        tenant_id: given(&content.tenant_id),
        customer_domain: given(&content.customer_domain),
        solution_area: content.solution_area,
        lines: content.lines.iter().map(line).collect(),
    }
}

/// Whether there is nothing yet that the directory could judge.
fn is_empty(question: &ClaimToCheck) -> bool {
    let ClaimToCheck { mpn_id, tenant_id, customer_domain, lines, .. } = question;
    mpn_id.is_none() && tenant_id.is_none() && customer_domain.is_none() && lines.is_empty()
}

fn facts(answer: CheckedClaim) -> Facts {
    let CheckedClaim { violations, partner_display_name, location, tenant, lines } = answer;
    let violation = |found: cpor_registry_client::Violation| Violation {
        field: found.field,
        reason: found.reason.as_str().to_owned(),
        description: found.description,
    };
    let tenant =
        tenant.map(|tenant| Tenant { id: tenant.id, display_name: tenant.display_name, calendar: tenant.calendar });
    Facts {
        directory: Directory {
            partner_display_name: partner_display_name.unwrap_or_default(),
            partner_calendar: location.map(|location| location.calendar),
            tenant,
            violations: violations.into_iter().map(violation).collect(),
        },
        lines: lines.into_iter().map(known).collect(),
    }
}

fn known(line: CheckedLine) -> (LineId, KnownLine) {
    let CheckedLine { line_id, product, subscription_id, key, held_by_legacy } = line;
    let (product_display_name, family) = product.map(|product| (product.display_name, product.family)).unzip();
    let product_display_name = product_display_name.unwrap_or_default();
    (line_id, KnownLine { product_display_name, family, subscription: subscription_id, key, held_by_legacy })
}
