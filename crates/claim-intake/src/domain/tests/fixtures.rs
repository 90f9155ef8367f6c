//! Test fixtures: complete content, facts of every kind, and claims in every state. The claims are
//! created by the same commands and facts as real ones.
use crate::domain::*;
use cpor_durable::{Aggregate as _, Transition};
use cpor_types::{
    Activity, ActorSide, AssociationKey, Calendars, CaseId, ClaimName, CommentId, EvidenceId, LineId,
    PartnerActionReason, Personal, PolicyInForce, PolicyProfiles, ProductFamily, SolutionArea, TenantId, Timestamp,
    WithdrawReason,
};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use uuid::Uuid;

pub(crate) const TENANT: &str = "00000000-0000-4000-8000-000000000001";

/// Friday, 2026-03-06, 09:00 in Berlin.
pub(crate) fn start() -> Timestamp {
    "2026-03-06T08:00:00Z".parse().unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Loaded once, because the property tests use the rules very often.
static RULES: LazyLock<Rules> =
    LazyLock::new(|| Rules::new(PolicyProfiles::shipped().unwrap(), Calendars::shipped().unwrap()));

pub(crate) fn rules() -> Rules {
    RULES.clone()
}

/// Returns rules with another shipped profile in force.
pub(crate) fn rules_of(profile: &str) -> Rules {
    let in_force = PolicyInForce { profile: profile.parse().unwrap(), from: start() };
    Rules::new(PolicyProfiles::scheduled([], &[in_force]).unwrap(), Calendars::shipped().unwrap())
}

pub(crate) fn line_id() -> LineId {
    LineId(Uuid::from_u128(1))
}

pub(crate) fn case() -> CaseId {
    CaseId(Uuid::from_u128(2))
}

/// The review case of a dispute.
pub(crate) fn second_case() -> CaseId {
    CaseId(Uuid::from_u128(3))
}

pub(crate) fn name() -> ClaimName {
    "partners/contoso/claims/00000000-0000-4000-8000-0000000000c1".parse().unwrap()
}

/// A complete claim for the usage of Teams at Fabrikam.
pub(crate) fn content() -> Content {
    let person = |name: &str| Contact { name: name.into(), title: "IT".into(), email: "a@fabrikam.example".into() };
    Content {
        display_name: "Teams at Fabrikam".into(),
        mpn_id: Some("4711".parse().unwrap()),
        customer_domain: "fabrikam.example".into(),
        tenant_id: TENANT.into(),
        solution_area: Some(SolutionArea::Microsoft365),
        activities: vec![Activity::Usage],
        lines: vec![Line::new(line_id(), "teams".parse().unwrap(), String::new())],
        customer_contact: person("Ada"),
        partner_contact: Contact { title: Personal::empty(), ..person("Ben") },
        terms_acknowledged: true,
        ..Content::default()
    }
}

/// What a directory that finds no violations says about the content.
pub(crate) fn facts(content: &Content, family: ProductFamily) -> RegistryAnswer {
    let known = |line: &Line| LineRegistryData {
        product_display_name: line.product.to_string(),
        family: Some(family),
        subscription: line.subscription_id.parse().ok(),
        key: Some(AssociationKey::Workload(line.product.clone())),
        legacy_holder: None,
    };
    let tenant: TenantId = TENANT.parse().unwrap();
    RegistryAnswer {
        claim: ClaimRegistryData {
            partner_display_name: "Contoso".into(),
            partner_calendar: Some("de".into()),
            partner_language: Some(cpor_types::MailLanguage::English),
            tenant: Some(Tenant {
                id: tenant,
                display_name: "Fabrikam".into(),
                calendar: "us-east".into(),
                contact_domains: vec!["fabrikam.example".parse().unwrap()],
            }),
            violations: Vec::new(),
        },
        lines: content.lines.iter().map(|line| (line.id, known(line))).collect(),
    }
}

pub(crate) fn admitted() -> RegistryAnswer {
    facts(&content(), ProductFamily::Microsoft365)
}

pub(crate) fn evidence(n: u128) -> Evidence {
    Evidence {
        id: EvidenceId(Uuid::from_u128(0xe0 + n)),
        file_name: "proof.pdf".into(),
        kind: EvidenceKind::Pdf,
        size_bytes: 10,
        sha256: "00".repeat(32),
        create_time: start(),
        signature_time: None,
        request: None,
    }
}

/// An erasure of all kinds of personal data.
pub(crate) fn erase() -> Erase {
    Erase { kinds: cpor_types::PersonalData::ALL.to_vec(), reason: "request 7".into() }
}

pub(crate) fn comment(side: ActorSide) -> Comment {
    Comment {
        id: CommentId(Uuid::from_u128(0xc0)),
        side,
        text: "words".into(),
        time: start(),
        evidence: None,
        line: None,
    }
}

pub(crate) fn review(fact: ReviewFact) -> Fact {
    Fact::Review { case: case(), fact }
}

pub(crate) fn request_action() -> Fact {
    request_action_in(case())
}

pub(crate) fn request_action_in(case: CaseId) -> Fact {
    let fact = ReviewFact::ActionRequested {
        reasons: vec![PartnerActionReason::DatesMissingOrOld],
        remove_lines: Vec::new(),
        comment: Some(comment(ActorSide::Reviewer)),
    };
    Fact::Review { case, fact }
}

pub(crate) fn declined() -> Fact {
    Fact::Consent(ConsentFact::Declined {
        channel: "link".into(),
        comment: "no".into(),
        consent_request_number: Some(0),
    })
}

pub(crate) fn silent() -> Fact {
    Fact::Consent(ConsentFact::Declined {
        channel: ConsentFact::SILENCE.into(),
        comment: String::new(),
        consent_request_number: Some(0),
    })
}

pub(crate) fn awarded(won: &[LineId], lost: &[LineId]) -> Fact {
    let awards = Awards { won: won.to_vec(), lost: lost.to_vec(), ..Awards::default() };
    review(ReviewFact::LinesAwarded { awards, comment: Some(comment(ActorSide::Reviewer)) })
}

pub(crate) fn contested(lines: &[LineId]) -> Fact {
    let comment_id = CommentId(Uuid::from_u128(0xc1));
    review(ReviewFact::CompetitionChanged { contested: lines.to_vec(), awarded: Vec::new(), comment_id, due: None })
}

pub(crate) fn ended(reason: EndReason, lines: &[LineId]) -> Fact {
    Fact::AssociationEnded { reason, lines: lines.to_vec() }
}

/// The report that customer-consent has learned of the end of all associations.
pub(crate) fn consent_ended() -> Fact {
    Fact::Consent(ConsentFact::Ended { consent_request_number: 0 })
}

pub(crate) fn customer_approved() -> Fact {
    Fact::Consent(ConsentFact::Approved {
        channel: "link".into(),
        consent_request_number: 0,
        awaits_confirmation: false,
    })
}

pub(crate) fn withdraw() -> Withdraw {
    Withdraw { reason: WithdrawReason::WrongMpnId, comment: String::new() }
}

pub(crate) fn dispute() -> Dispute {
    Dispute { review_case: second_case(), justification: Some(comment(ActorSide::Partner)) }
}

/// Returns the fact as one of the claim's present review case, and an approval as one of the
/// present round of asking.
pub(crate) fn of_present_case(fact: Fact, claim: &Claim) -> Fact {
    match (fact, claim.state.submission()) {
        (Fact::Review { fact, .. }, Some(submission)) => Fact::Review { case: submission.review_case, fact },
        (Fact::Consent(ConsentFact::Approved { channel, .. }), Some(submission)) => {
            Fact::Consent(ConsentFact::Approved {
                channel,
                consent_request_number: submission.consent_request_number,
                awaits_confirmation: false,
            })
        }
        (Fact::Consent(ConsentFact::Declined { channel, comment, .. }), Some(submission)) => {
            Fact::Consent(ConsentFact::Declined {
                channel,
                comment,
                consent_request_number: Some(submission.consent_request_number),
            })
        }
        (Fact::Consent(ConsentFact::Ended { .. }), Some(submission)) => {
            let consent_request_number = submission.consent_request_number;
            Fact::Consent(ConsentFact::Ended { consent_request_number })
        }
        (fact, _) => fact,
    }
}

/// Returns one fact of every kind that services report.
pub(crate) fn every_fact() -> Vec<Fact> {
    let verdict = LineVerdict {
        line: line_id(),
        activity: Activity::Usage,
        verdict: Verdict::NotEligible,
        failed_conditions: vec!["usage_grown".into()],
    };
    vec![
        review(ReviewFact::Assigned(Some("rita".into()))),
        review(ReviewFact::Opened(Some(at("2026-03-14T05:00:00Z")))),
        review(ReviewFact::Started("rita".into(), None)),
        request_action(),
        review(ReviewFact::StatementRequested(Some(comment(ActorSide::Reviewer)))),
        review(ReviewFact::Approved(None)),
        review(ReviewFact::Rejected(Vec::new(), Some(comment(ActorSide::Reviewer)))),
        review(ReviewFact::ApprovalRefused(
            vec![(Some(line_id()), "KEY_HELD".into()), (None, "CLAIM_CLOSED".into())],
            None,
        )),
        review(ReviewFact::ApprovalBegun),
        review(ReviewFact::Overdue("review_start".into())),
        review(ReviewFact::Reminded("review_start".into())),
        review(ReviewFact::ContactConfirmed("else@nowhere.example".into())),
        review(ReviewFact::Noted("Compare the dates.".into())),
        awarded(&[line_id()], &[]),
        contested(&[line_id()]),
        Fact::Consent(ConsentFact::NoticeResent { notice: "approval".into(), previous: "bounced".into() }),
        Fact::Consent(ConsentFact::NoticeReported {
            notice: "approval".into(),
            previous: "queued".into(),
            bounce_reason: None,
            consent_request_number: Some(0),
        }),
        Fact::Consent(ConsentFact::WindowStopped(Some(at("2026-04-11T00:00:00Z")))),
        Fact::Consent(ConsentFact::DeliveryReminded),
        Fact::Consent(ConsentFact::NotReached { consent_request_number: None }),
        Fact::Consent(ConsentFact::WindowOpened { due: at("2026-04-01T00:00:00Z"), rule: "7 calendar days".into() }),
        Fact::Consent(ConsentFact::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }),
        customer_approved(),
        declined(),
        consent_ended(),
        Fact::AssociationOfficial { since: start(), associations: BTreeMap::new(), ends: BTreeMap::new() },
        ended(EndReason::Expired, &[line_id()]),
        Fact::Assessed { month: "2026-04".parse().unwrap(), verdicts: vec![verdict] },
    ]
}

/// A claim with the time and events of a test. Each step takes place one hour after the last.
#[derive(Clone)]
pub(crate) struct TestClaim {
    pub(crate) claim: Claim,
    pub(crate) now: Timestamp,
    pub(crate) events: Vec<Event>,
}

impl TestClaim {
    pub(crate) fn draft() -> Self {
        let transition = Claim::create(name(), content(), Some(&admitted()), start()).unwrap();
        Self { claim: transition.next, now: start(), events: transition.events }
    }

    pub(crate) fn step(mut self, step: impl FnOnce(&Claim, Timestamp) -> Result<Transition<Claim>, Refusal>) -> Self {
        self.now += hour();
        let transition = step(&self.claim, self.now).unwrap();
        self.claim = transition.next;
        self.events.extend(transition.events);
        self
    }

    pub(crate) fn fact(self, fact: &Fact) -> Self {
        self.step(|claim, now| claim.apply(fact, now, &rules(), now))
    }

    pub(crate) fn complete() -> Self {
        Self::draft().step(|claim, now| claim.add_evidence(evidence(0), &rules(), now))
    }

    pub(crate) fn submitted() -> Self {
        Self::submitted_under(&rules())
    }

    pub(crate) fn submitted_under(rules: &Rules) -> Self {
        let submit = Submit { review_case: case(), by_incentives_admin: true };
        Self::complete().step(|claim, now| claim.submit(submit, Some(&admitted()), rules, now))
    }

    pub(crate) fn started(self) -> Self {
        let case = self.claim.state.submission().unwrap().review_case;
        self.fact(&Fact::Review { case, fact: ReviewFact::Started("rita".into(), None) })
    }

    pub(crate) fn rejected_by_reviewer(self) -> Self {
        let case = self.claim.state.submission().unwrap().review_case;
        self.started().fact(&Fact::Review { case, fact: ReviewFact::Rejected(Vec::new(), None) })
    }

    pub(crate) fn approved_by_reviewer(self) -> Self {
        let case = self.claim.state.submission().unwrap().review_case;
        self.started().fact(&Fact::Review { case, fact: ReviewFact::Approved(None) })
    }

    pub(crate) fn disputed_again(self) -> Self {
        self.step(|claim, now| claim.dispute(dispute(), Some(&admitted()), &rules(), now))
    }

    pub(crate) fn rejected() -> Self {
        Self::submitted().rejected_by_reviewer()
    }

    pub(crate) fn disputed() -> Self {
        Self::rejected().disputed_again()
    }

    pub(crate) fn under_review() -> Self {
        Self::submitted().started()
    }

    pub(crate) fn asked() -> Self {
        Self::under_review().fact(&request_action())
    }

    pub(crate) fn approved() -> Self {
        Self::under_review().fact(&review(ReviewFact::Approved(None)))
    }

    pub(crate) fn official() -> Self {
        Self::approved()
            .fact(&Fact::Consent(ConsentFact::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }))
            .fact(&Fact::AssociationOfficial { since: start(), associations: BTreeMap::new(), ends: BTreeMap::new() })
    }

    pub(crate) fn withdrawn() -> Self {
        Self::submitted().step(|claim, now| claim.withdraw(withdraw(), now))
    }

    pub(crate) fn deleted() -> Self {
        Self::draft().step(|claim, now| claim.delete(now))
    }

    pub(crate) fn in_state(kind: ClaimStateKind) -> Self {
        match kind {
            ClaimStateKind::Editing => Self::complete(),
            ClaimStateKind::Deleted => Self::deleted(),
            ClaimStateKind::Submitted => Self::submitted(),
            ClaimStateKind::UnderReview => Self::under_review(),
            ClaimStateKind::PartnerActionRequired => Self::asked(),
            ClaimStateKind::Approved => Self::approved(),
            ClaimStateKind::Rejected => Self::rejected(),
            ClaimStateKind::Disputed => Self::disputed(),
        }
    }

    /// Applies the deadlines that have passed by `now`.
    pub(crate) fn apply_passed_deadline(mut self, now: Timestamp) -> Self {
        while let Some(elapsed) = self.claim.apply_passed_deadline(now) {
            self.claim = elapsed.transition.next;
            self.events.extend(elapsed.transition.events);
        }
        self
    }

    pub(crate) fn last(&self) -> &Event {
        self.events.last().unwrap()
    }
}

pub(crate) fn hour() -> std::time::Duration {
    std::time::Duration::from_hours(1)
}
