//! A second implementation of the rules R15 to R29, to compare the domain with. It covers a claim
//! with one line under the default policy. It has no table and no events; one `match` decides each
//! kind of step, and the caller says when a deadline has passed.
use super::fixtures::evidence;
use crate::domain::*;

/// The state of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ModelState {
    Editing,
    Deleted,
    Submitted,
    UnderReview,
    Disputed,
    /// Whether the request was made during a dispute, and whether the partner has done anything
    /// since.
    PartnerActionRequired {
        in_dispute: bool,
        answered: bool,
    },
    Approved(AssociationStatus),
    Rejected {
        disputable: bool,
    },
}

/// The status of the association of an approved claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AssociationStatus {
    Pending,
    Granted,
    Official,
    Ended,
    /// Ended before it was known to be official. A late report can still say since when it was
    /// (R47).
    NeverOfficial {
        /// Whether it was granted, and the registry has not answered yet. The claim keeps its
        /// personal data until then (R56).
        granted: bool,
    },
}

/// The statuses of an association that ended before it was known to be official.
const NEVER_OFFICIAL: [AssociationStatus; 2] =
    [AssociationStatus::NeverOfficial { granted: false }, AssociationStatus::NeverOfficial { granted: true }];

/// The model of one claim.
#[derive(Clone, Debug)]
pub(super) struct Model {
    state: ModelState,
    /// Whether the customer approved explicitly and has not declined since (R26a).
    approved: bool,
    /// Whether the customer has ever declined (R28).
    declined: bool,
    documents: usize,
    /// The documents of this submission, response or dispute (R14).
    new_documents: usize,
    /// Whether another company claims the line or holds it (R37).
    contested: bool,
    /// Whether the consent window has opened, and has not stopped since (R41, R41b).
    window_opened: bool,
    /// Whether it is known that no decision of the customer from before the end of the association
    /// is on its way. The claim keeps its personal data until then (R56).
    consent_ended: bool,
    /// Whether nothing was recorded since all personal data was erased (R56).
    erased: bool,
}

/// The outcome of a step according to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The command or fact has its effect.
    Done,
    /// The command is refused.
    Refused,
    /// The fact came too late.
    Overtaken,
}

impl Model {
    const MAX_DOCUMENTS: usize = 10;

    /// Returns the model of a draft with one document.
    pub(super) const fn complete_draft() -> Self {
        Self {
            state: ModelState::Editing,
            approved: false,
            declined: false,
            documents: 1,
            new_documents: 1,
            contested: false,
            window_opened: false,
            consent_ended: false,
            erased: false,
        }
    }

    /// Returns what the claim must show: its state, the status of its association, and the commands
    /// of its partner.
    pub(super) fn expected_status(&self) -> (ClaimStateKind, Option<&'static str>, Vec<Command>) {
        let kind = match self.state {
            ModelState::Editing => ClaimStateKind::Editing,
            ModelState::Deleted => ClaimStateKind::Deleted,
            ModelState::Submitted => ClaimStateKind::Submitted,
            ModelState::UnderReview => ClaimStateKind::UnderReview,
            ModelState::Disputed => ClaimStateKind::Disputed,
            ModelState::PartnerActionRequired { .. } => ClaimStateKind::PartnerActionRequired,
            ModelState::Approved(_) => ClaimStateKind::Approved,
            ModelState::Rejected { .. } => ClaimStateKind::Rejected,
        };
        let association = match self.state {
            ModelState::Approved(AssociationStatus::Pending) => Some("pending"),
            ModelState::Approved(AssociationStatus::Granted) => Some("granted"),
            ModelState::Approved(AssociationStatus::Official) => Some("official"),
            ModelState::Approved(AssociationStatus::Ended | AssociationStatus::NeverOfficial { .. }) => Some("ended"),
            ModelState::Editing
            | ModelState::Deleted
            | ModelState::Submitted
            | ModelState::UnderReview
            | ModelState::Disputed
            | ModelState::PartnerActionRequired { .. }
            | ModelState::Rejected { .. } => None,
        };
        let is_partners = |command: &Command| *command != Command::ErasePersonalData;
        (
            kind,
            association,
            Command::ALL.iter().copied().filter(is_partners).filter(|command| self.allows(*command)).collect(),
        )
    }

    /// Returns whether state and policy admit the command.
    fn allows(&self, command: Command) -> bool {
        let editable = matches!(
            self.state,
            ModelState::Editing | ModelState::Submitted | ModelState::PartnerActionRequired { .. }
        );
        let disputable = self.state == ModelState::Rejected { disputable: true };
        match command {
            Command::Update => {
                let is_pending = self.state == ModelState::Approved(AssociationStatus::Pending);
                editable || (is_pending && !self.window_opened)
            }
            Command::Delete | Command::Submit | Command::RemoveEvidence => self.state == ModelState::Editing,
            Command::Resubmit => matches!(self.state, ModelState::PartnerActionRequired { .. }),
            Command::Withdraw => self.is_live(),
            Command::Dispute => disputable,
            // R37a: the holder of a contested line may defend it.
            Command::AddEvidence => {
                editable || disputable || (self.contested && matches!(self.state, ModelState::Approved(_)))
            }
            Command::Comment => self.state != ModelState::Deleted,
            // The default profile does not let the partner decline payment (R54b).
            Command::DeclinePayment => false,
            Command::ErasePersonalData => {
                let ended = [AssociationStatus::Ended, NEVER_OFFICIAL[0]];
                let has_ended = matches!(self.state, ModelState::Approved(status) if ended.contains(&status));
                (has_ended && self.consent_ended)
                    || matches!(self.state, ModelState::Deleted | ModelState::Rejected { disputable: false })
            }
        }
    }

    /// Returns whether the claim is submitted and not rejected.
    fn is_live(&self) -> bool {
        !matches!(self.state, ModelState::Editing | ModelState::Deleted | ModelState::Rejected { .. })
    }

    /// Applies a command.
    pub(super) fn command(&mut self, command: Command) -> Outcome {
        let answered = matches!(self.state, ModelState::PartnerActionRequired { answered: true, .. });
        let is_founded = match command {
            Command::Submit | Command::RemoveEvidence => self.documents > 0,
            Command::Resubmit => answered,
            Command::AddEvidence => self.new_documents < Self::MAX_DOCUMENTS,
            Command::Update
            | Command::Delete
            | Command::Withdraw
            | Command::Dispute
            | Command::Comment
            | Command::DeclinePayment => true,
            Command::ErasePersonalData => !self.erased,
        };
        if !self.allows(command) || !is_founded {
            return Outcome::Refused;
        }
        self.erased = command == Command::ErasePersonalData;
        match command {
            Command::ErasePersonalData | Command::DeclinePayment => {}
            Command::Update | Command::Comment => self.mark_answered(),
            Command::Delete => self.state = ModelState::Deleted,
            Command::Submit => self.state = ModelState::Submitted,
            Command::Resubmit => {
                let in_dispute = matches!(self.state, ModelState::PartnerActionRequired { in_dispute: true, .. });
                self.state = if in_dispute { ModelState::Disputed } else { ModelState::Submitted };
            }
            Command::Withdraw => self.reject(false),
            Command::Dispute => {
                self.state = ModelState::Disputed;
                self.window_opened = false;
            }
            Command::AddEvidence => {
                self.documents += 1;
                self.new_documents += 1;
                self.mark_answered();
            }
            Command::RemoveEvidence => {
                self.documents -= 1;
                self.new_documents -= 1;
            }
        }
        Outcome::Done
    }

    fn mark_answered(&mut self) {
        if let ModelState::PartnerActionRequired { answered, .. } = &mut self.state {
            *answered = true;
        }
    }

    fn reject(&mut self, disputable: bool) {
        self.new_documents = 0;
        self.contested = false;
        self.state = ModelState::Rejected { disputable };
    }

    /// Applies a reported fact. `is_current` is false for a fact of another review case and for an
    /// answer to an earlier round of asking.
    pub(super) fn fact(&mut self, fact: &Fact, is_current: bool) -> Outcome {
        // Overtaken facts are recorded too.
        self.erased = false;
        let is_done = is_current
            && match fact {
                Fact::Review { fact, .. } => self.apply_review_fact(fact),
                Fact::Consent(fact) => self.apply_consent_fact(fact),
                Fact::AssociationOfficial { .. } => {
                    self.move_association(
                        &[AssociationStatus::Pending, AssociationStatus::Granted],
                        AssociationStatus::Official,
                    ) || self.move_association(&NEVER_OFFICIAL, AssociationStatus::Ended)
                }
                Fact::AssociationEnded { reason: EndReason::Expired | EndReason::Superseded, .. } => {
                    let has_ended = self.move_association(&[AssociationStatus::Official], AssociationStatus::Ended)
                        || self.move_association(&[AssociationStatus::Pending], NEVER_OFFICIAL[0])
                        || self.move_association(&[AssociationStatus::Granted], NEVER_OFFICIAL[1]);
                    self.contested &= !has_ended;
                    has_ended || self.is_in_rejected()
                }
                Fact::AssociationEnded { .. } => matches!(self.state, ModelState::Approved(_)) || self.is_in_rejected(),
                Fact::Assessed { .. } => matches!(self.state, ModelState::Approved(_)),
            };
        if is_done { Outcome::Done } else { Outcome::Overtaken }
    }

    fn is_in_rejected(&self) -> bool {
        matches!(self.state, ModelState::Rejected { .. })
    }

    fn move_association(&mut self, from: &[AssociationStatus], to: AssociationStatus) -> bool {
        let is_movable = matches!(self.state, ModelState::Approved(held) if from.contains(&held));
        if is_movable {
            self.state = ModelState::Approved(to);
        }
        is_movable
    }

    fn apply_review_fact(&mut self, fact: &ReviewFact) -> bool {
        let in_dispute = self.state == ModelState::Disputed;
        let is_in_review = in_dispute || self.state == ModelState::UnderReview;
        let is_open = self.is_live() && !matches!(self.state, ModelState::Approved(_));
        match fact {
            ReviewFact::Assigned(_) | ReviewFact::Opened(_) | ReviewFact::Overdue(_) | ReviewFact::Reminded(_) => {
                is_open
            }
            ReviewFact::Noted(_) => self.is_live() || self.is_in_rejected(),
            ReviewFact::Started(..) => {
                let is_submitted = self.state == ModelState::Submitted;
                if is_submitted {
                    self.state = ModelState::UnderReview;
                }
                is_submitted || in_dispute
            }
            ReviewFact::ActionRequested { .. } if is_in_review => {
                self.new_documents = 0;
                self.state = ModelState::PartnerActionRequired { in_dispute, answered: false };
                true
            }
            ReviewFact::Approved(_) if is_in_review => {
                self.new_documents = 0;
                self.consent_ended = false;
                self.state = ModelState::Approved(if self.approved {
                    AssociationStatus::Granted
                } else {
                    AssociationStatus::Pending
                });
                true
            }
            ReviewFact::Rejected(..) if is_in_review => {
                self.reject(true);
                true
            }
            ReviewFact::ActionRequested { .. } | ReviewFact::Approved(_) | ReviewFact::Rejected(..) => false,
            ReviewFact::ApprovalBegun | ReviewFact::ApprovalRefused(..) => is_in_review,
            ReviewFact::ContactConfirmed(_) => false,
            ReviewFact::LinesAwarded { awards, .. } if is_open && !awards.lost.is_empty() => {
                self.reject(true);
                true
            }
            ReviewFact::StatementRequested(_) => {
                let is_approved = matches!(self.state, ModelState::Approved(_));
                if is_approved {
                    self.new_documents = 0;
                }
                is_approved
            }
            ReviewFact::CompetitionChanged { contested, .. } if self.is_live() => {
                if !self.contested && matches!(self.state, ModelState::Approved(_)) {
                    self.new_documents = 0;
                }
                self.contested = !contested.is_empty();
                true
            }
            ReviewFact::LinesAwarded { .. } | ReviewFact::CompetitionChanged { .. } => self.is_live(),
        }
    }

    fn apply_consent_fact(&mut self, fact: &ConsentFact) -> bool {
        match fact {
            ConsentFact::NoticeResent { .. } | ConsentFact::NoticeReported { .. } => self.is_live(),
            ConsentFact::WindowOpened { .. } => {
                self.window_opened |= self.is_live();
                self.is_live()
            }
            ConsentFact::WindowStopped(_) => {
                let is_approved = matches!(self.state, ModelState::Approved(_));
                self.window_opened &= !is_approved;
                is_approved
            }
            ConsentFact::DeliveryReminded => matches!(self.state, ModelState::Approved(_)),
            ConsentFact::NotReached { .. } => {
                let is_pending = matches!(self.state, ModelState::Approved(AssociationStatus::Pending));
                if is_pending {
                    self.reject(true);
                }
                is_pending
            }
            ConsentFact::WindowPassed { .. } => {
                let silence_is_consent = !self.declined || self.approved;
                let on_record = matches!(
                    self.state,
                    ModelState::Approved(AssociationStatus::Granted | AssociationStatus::Official)
                );
                silence_is_consent
                    && (on_record || self.move_association(&[AssociationStatus::Pending], AssociationStatus::Granted))
            }
            ConsentFact::Approved { .. } => {
                let too_late = matches!(self.state, ModelState::Approved(held) if held != AssociationStatus::Pending);
                let is_counted = self.is_live() && !self.approved && !too_late;
                if is_counted {
                    self.approved = true;
                    self.move_association(&[AssociationStatus::Pending], AssociationStatus::Granted);
                }
                is_counted
            }
            ConsentFact::Declined { channel, .. } => self.apply_decline(channel == ConsentFact::SILENCE),
            ConsentFact::Ended { .. } => {
                let ended = [AssociationStatus::Ended, NEVER_OFFICIAL[0], NEVER_OFFICIAL[1]];
                let has_ended = matches!(self.state, ModelState::Approved(status) if ended.contains(&status));
                let is_first = has_ended && !self.consent_ended;
                self.consent_ended |= is_first;
                is_first
            }
        }
    }

    fn apply_decline(&mut self, in_silence: bool) -> bool {
        match self.state {
            ModelState::Editing
            | ModelState::Deleted
            | ModelState::Approved(AssociationStatus::Ended | AssociationStatus::NeverOfficial { .. })
            | ModelState::Rejected { disputable: false } => return false,
            ModelState::Rejected { disputable: true } if self.declined && !self.approved => return false,
            ModelState::Rejected { disputable: true } => {}
            ModelState::Submitted
            | ModelState::UnderReview
            | ModelState::Disputed
            | ModelState::PartnerActionRequired { .. }
            | ModelState::Approved(_) => {
                self.reject(!in_silence);
            }
        }
        self.approved = false;
        self.declined = true;
        true
    }

    /// Applies the passed response deadline (R22) or the passed dispute window (R28).
    pub(super) fn apply_passed_deadline(&mut self) {
        let disputable = matches!(self.state, ModelState::PartnerActionRequired { .. });
        assert!(
            disputable || self.state == ModelState::Rejected { disputable: true },
            "nothing is awaited in {:?}",
            self.state
        );
        self.reject(disputable);
    }
}

/// Returns the state, the status of the association and the partner's commands of a claim.
pub(super) fn observed_status(claim: &Claim) -> (ClaimStateKind, Option<&'static str>, Vec<Command>) {
    let held = claim.state.association().map(|association| match association {
        Association::Pending => "pending",
        Association::Granted { .. } => "granted",
        Association::Official { .. } => "official",
        Association::Ended { .. } => "ended",
    });
    (claim.state.kind(), held, claim.allowed_commands(Party::Partner))
}

#[test]
fn the_model_begins_where_a_complete_draft_does() {
    let test = super::fixtures::TestClaim::complete();
    assert_eq!(Model::complete_draft().expected_status(), observed_status(&test.claim));
    assert_eq!(test.claim.evidence, [evidence(0)]);
}
