//! Step 2 of a decision: what the directory (R12) and the company's other claims (R38) say of a claim's content.
use crate::{
    call::Call,
    domain::{Content, Directory, Facts, Fault, KnownLine, Line, Tenant, Violation},
    intake::{Failed, Intake, Need},
    store::{Asked, claimed_elsewhere},
};
use cpor_registry_client::{CheckedClaim, CheckedLine, ClaimToCheck, LineToCheck, RegistryError};
use cpor_types::{Actor, ClaimId, ClaimName, LineId, PartnerId};
use std::collections::BTreeSet;

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
                let mut told = [Told { content, facts: facts(answer) }];
                self.with_own_claims(&call.claim.partner, Some(call.claim.claim), &mut told).await?;
                Ok(told.map(|told| told.facts).into_iter().next())
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

    /// As [`Self::facts`] for new drafts of one company, which is `actor`'s: one call of the registry and one read for all of them.
    pub(crate) async fn facts_of_drafts(
        &self,
        actor: &Actor,
        drafts: &[(ClaimName, Content)],
    ) -> Result<Vec<Option<Facts>>, Failed> {
        let mut all: Vec<Option<Facts>> = drafts.iter().map(|_| Some(Facts::default())).collect();
        let questions = drafts.iter().map(|(claim, content)| question(claim, content)).enumerate();
        let (places, questions): (Vec<usize>, Vec<_>) = questions.filter(|(_, question)| !is_empty(question)).unzip();
        let (Some((claim, _)), false) = (drafts.first(), places.is_empty()) else { return Ok(all) };
        match self.registry.check_claims(actor, questions).await {
            Ok(answers) => {
                let told = |(place, answer): (&usize, _)| Told { content: &drafts[*place].1, facts: facts(answer) };
                let mut told: Vec<_> = places.iter().zip(answers).map(told).collect();
                self.with_own_claims(&claim.partner, None, &mut told).await?;
                places.into_iter().zip(told).for_each(|(place, told)| all[place] = Some(told.facts));
            }
            Err(error) => {
                tracing::warn!(%error, "drafts are kept without what the registry would say of them");
                places.into_iter().for_each(|place| all[place] = None);
            }
        }
        Ok(all)
    }

    /// Adds what the company claims elsewhere, in claims other than `claim`: one read. The index on live lines decides; this tells it along with
    /// everything else (R11).
    async fn with_own_claims(
        &self,
        partner: &PartnerId,
        claim: Option<ClaimId>,
        told: &mut [Told<'_>],
    ) -> Result<(), Failed> {
        let asked: Vec<Asked> = told.iter().flat_map(Told::keys).map(|(_, asked)| asked).collect();
        let taken = claimed_elsewhere(self.reader(), partner, claim, &asked).await?;
        for told in told {
            let lines: BTreeSet<LineId> =
                told.keys().filter(|(_, asked)| taken.contains(asked)).map(|(line, _)| line).collect();
            let places = told.content.lines.iter().enumerate().filter(|(_, line)| lines.contains(&line.id));
            let violations = places.map(|(place, _)| Fault::AlreadyClaimed.at(format!("lines[{place}]")));
            told.facts.directory.violations.extend(violations);
        }
        Ok(())
    }
}

/// What the directory has told of a content.
struct Told<'c> {
    content: &'c Content,
    facts: Facts,
}

impl Told<'_> {
    /// What the company may have only once (R38), with the line that says so.
    fn keys(&self) -> impl Iterator<Item = (LineId, Asked)> {
        let Self { content, facts: Facts { directory, lines } } = self;
        let of_tenant = directory.tenant.iter().flat_map(move |tenant| {
            lines.iter().filter_map(move |(line, known)| Some((*line, tenant.id, known.key.clone()?)))
        });
        of_tenant.flat_map(|(line, tenant, key)| {
            let each = content.activities.iter().copied();
            each.map(move |activity| (line, Asked { tenant, key: key.clone(), activity }))
        })
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
