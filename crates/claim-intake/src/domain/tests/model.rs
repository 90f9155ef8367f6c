//! The rules R15 to R29 of one claim of one line under the default policy, written down a second time: no table, no events, one `match` for
//! each kind of step. It is told when what it waits for is due.
use super::story::evidence;
use crate::domain::*;

/// Where a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Editing,
    Deleted,
    Submitted,
    UnderReview,
    Disputed,
    /// The partner is asked; the request came in a dispute, and something was done about it.
    Asked {
        in_dispute: bool,
        answered: bool,
    },
    Approved(Held),
    Rejected {
        disputable: bool,
    },
}

/// Where the association of an approved claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Pending,
    Granted,
    Official,
    Ended,
}

/// One claim.
#[derive(Clone, Debug)]
pub(super) struct Model {
    at: At,
    /// The customer approved explicitly, and has not declined since (R26a).
    approved: bool,
    /// The customer declined at some time (R28).
    declined: bool,
    documents: usize,
    /// Documents of this submission, answer or dispute (R14).
    new_documents: usize,
    /// Nothing was recorded since all personal data was erased (R56).
    erased: bool,
}

/// What the rules make of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The command, or the fact, does what it says.
    Done,
    /// The command is refused.
    Refused,
    /// The fact came too late.
    Overtaken,
}

impl Model {
    const MOST_DOCUMENTS: usize = 10;

    /// A draft with one document.
    pub(super) const fn of_a_complete_draft() -> Self {
        Self { at: At::Editing, approved: false, declined: false, documents: 1, new_documents: 1, erased: false }
    }

    /// What the claim must show: its state, where its association stands, and what its partner can do.
    pub(super) fn shows(&self) -> (StateKind, Option<&'static str>, Vec<Command>) {
        let state = match self.at {
            At::Editing => StateKind::Editing,
            At::Deleted => StateKind::Deleted,
            At::Submitted => StateKind::Submitted,
            At::UnderReview => StateKind::UnderReview,
            At::Disputed => StateKind::Disputed,
            At::Asked { .. } => StateKind::PartnerActionRequired,
            At::Approved(_) => StateKind::Approved,
            At::Rejected { .. } => StateKind::Rejected,
        };
        let held = match self.at {
            At::Approved(Held::Pending) => Some("pending"),
            At::Approved(Held::Granted) => Some("granted"),
            At::Approved(Held::Official) => Some("official"),
            At::Approved(Held::Ended) => Some("ended"),
            At::Editing
            | At::Deleted
            | At::Submitted
            | At::UnderReview
            | At::Disputed
            | At::Asked { .. }
            | At::Rejected { .. } => None,
        };
        let partners = |command: &Command| *command != Command::ErasePersonalData;
        (state, held, Command::ALL.iter().copied().filter(partners).filter(|command| self.leaves(*command)).collect())
    }

    /// Whether state and policy leave the command to the partner, or to the operator.
    fn leaves(&self, command: Command) -> bool {
        let editable = matches!(self.at, At::Editing | At::Submitted | At::Asked { .. });
        let disputable = self.at == At::Rejected { disputable: true };
        match command {
            Command::Update => editable,
            Command::Delete | Command::Submit | Command::RemoveEvidence => self.at == At::Editing,
            Command::Resubmit => matches!(self.at, At::Asked { .. }),
            Command::Withdraw => self.is_live(),
            Command::Dispute => disputable,
            Command::AddEvidence => editable || disputable,
            Command::Comment => self.at != At::Deleted,
            Command::ErasePersonalData => {
                matches!(self.at, At::Deleted | At::Approved(Held::Ended) | At::Rejected { disputable: false })
            }
        }
    }

    /// Submitted, and neither decided against nor withdrawn.
    fn is_live(&self) -> bool {
        !matches!(self.at, At::Editing | At::Deleted | At::Rejected { .. })
    }

    /// A command.
    pub(super) fn command(&mut self, command: Command) -> Outcome {
        let answered = matches!(self.at, At::Asked { answered: true, .. });
        let founded = match command {
            Command::Submit | Command::RemoveEvidence => self.documents > 0,
            Command::Resubmit => answered,
            Command::AddEvidence => self.new_documents < Self::MOST_DOCUMENTS,
            Command::Update | Command::Delete | Command::Withdraw | Command::Dispute | Command::Comment => true,
            Command::ErasePersonalData => !self.erased,
        };
        if !self.leaves(command) || !founded {
            return Outcome::Refused;
        }
        self.erased = command == Command::ErasePersonalData;
        match command {
            Command::ErasePersonalData => {}
            Command::Update | Command::Comment => self.answer(),
            Command::Delete => self.at = At::Deleted,
            Command::Submit => self.at = At::Submitted,
            Command::Resubmit => {
                let in_dispute = matches!(self.at, At::Asked { in_dispute: true, .. });
                self.at = if in_dispute { At::Disputed } else { At::Submitted };
            }
            Command::Withdraw => self.is_rejected(false),
            Command::Dispute => self.at = At::Disputed,
            Command::AddEvidence => {
                self.documents += 1;
                self.new_documents += 1;
                self.answer();
            }
            Command::RemoveEvidence => {
                self.documents -= 1;
                self.new_documents -= 1;
            }
        }
        Outcome::Done
    }

    fn answer(&mut self) {
        if let At::Asked { answered, .. } = &mut self.at {
            *answered = true;
        }
    }

    fn is_rejected(&mut self, disputable: bool) {
        self.new_documents = 0;
        self.at = At::Rejected { disputable };
    }

    /// What another service reports; `own`: it is not of another review case, and answers no earlier asking.
    pub(super) fn fact(&mut self, fact: &Fact, own: bool) -> Outcome {
        // Also what comes too late is recorded.
        self.erased = false;
        let done = own
            && match fact {
                Fact::Review { fact, .. } => self.reviewer(fact),
                Fact::Consent(fact) => self.customer(fact),
                Fact::AssociationOfficial { .. } => self.moves(&[Held::Pending, Held::Granted], Held::Official),
                Fact::AssociationEnded { reason: EndReason::Expired | EndReason::Superseded, .. } => {
                    self.moves(&[Held::Pending, Held::Granted, Held::Official], Held::Ended) || self.was_rejected()
                }
                Fact::AssociationEnded { .. } => matches!(self.at, At::Approved(_)) || self.was_rejected(),
                Fact::Assessed { .. } => matches!(self.at, At::Approved(_)),
            };
        if done { Outcome::Done } else { Outcome::Overtaken }
    }

    fn was_rejected(&self) -> bool {
        matches!(self.at, At::Rejected { .. })
    }

    fn moves(&mut self, from: &[Held], to: Held) -> bool {
        let moves = matches!(self.at, At::Approved(held) if from.contains(&held));
        if moves {
            self.at = At::Approved(to);
        }
        moves
    }

    fn reviewer(&mut self, fact: &ReviewFact) -> bool {
        let in_dispute = self.at == At::Disputed;
        let worked_on = in_dispute || self.at == At::UnderReview;
        let open = self.is_live() && !matches!(self.at, At::Approved(_));
        match fact {
            ReviewFact::Assigned(_) | ReviewFact::Opened(_) | ReviewFact::Overdue(_) | ReviewFact::Reminded(_) => open,
            ReviewFact::Noted(_) => self.is_live() || self.was_rejected(),
            ReviewFact::Started(..) => {
                let starts = self.at == At::Submitted;
                if starts {
                    self.at = At::UnderReview;
                }
                starts || in_dispute
            }
            ReviewFact::ActionRequested { .. } if worked_on => {
                self.new_documents = 0;
                self.at = At::Asked { in_dispute, answered: false };
                true
            }
            ReviewFact::Approved(_) if worked_on => {
                self.new_documents = 0;
                self.at = At::Approved(if self.approved { Held::Granted } else { Held::Pending });
                true
            }
            ReviewFact::Rejected(..) if worked_on => {
                self.is_rejected(true);
                true
            }
            ReviewFact::ActionRequested { .. } | ReviewFact::Approved(_) | ReviewFact::Rejected(..) => false,
            ReviewFact::ApprovalBegun | ReviewFact::ApprovalRefused(..) => worked_on,
            ReviewFact::LinesAwarded { awards, .. } if open && !awards.lost.is_empty() => {
                self.is_rejected(true);
                true
            }
            ReviewFact::LinesAwarded { .. } | ReviewFact::CompetitionChanged { .. } => self.is_live(),
        }
    }

    fn customer(&mut self, fact: &ConsentFact) -> bool {
        match fact {
            ConsentFact::NoticeResent { .. } | ConsentFact::NoticeSettled { .. } | ConsentFact::WindowOpened { .. } => {
                self.is_live()
            }
            ConsentFact::WindowPassed => {
                let silence_is_consent = !self.declined || self.approved;
                let on_record = matches!(self.at, At::Approved(Held::Granted | Held::Official));
                silence_is_consent && (on_record || self.moves(&[Held::Pending], Held::Granted))
            }
            ConsentFact::Approved { .. } => {
                let too_late = matches!(self.at, At::Approved(held) if held != Held::Pending);
                let counts = self.is_live() && !self.approved && !too_late;
                if counts {
                    self.approved = true;
                    self.moves(&[Held::Pending], Held::Granted);
                }
                counts
            }
            ConsentFact::Declined { channel, .. } => self.declines(channel == ConsentFact::SILENCE),
        }
    }

    fn declines(&mut self, in_silence: bool) -> bool {
        match self.at {
            At::Editing | At::Deleted | At::Approved(Held::Ended) | At::Rejected { disputable: false } => return false,
            At::Rejected { disputable: true } if self.declined && !self.approved => return false,
            At::Rejected { disputable: true } => {}
            At::Submitted | At::UnderReview | At::Disputed | At::Asked { .. } | At::Approved(_) => {
                self.is_rejected(!in_silence);
            }
        }
        self.approved = false;
        self.declined = true;
        true
    }

    /// What the claim waited for is due: the answer (R22), or the dispute (R28).
    pub(super) fn falls_due(&mut self) {
        let disputable = matches!(self.at, At::Asked { .. });
        assert!(disputable || self.at == At::Rejected { disputable: true }, "nothing is awaited in {:?}", self.at);
        self.is_rejected(disputable);
    }
}

/// What a claim shows.
pub(super) fn shown(claim: &Claim) -> (StateKind, Option<&'static str>, Vec<Command>) {
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
    let life = super::story::Life::complete();
    assert_eq!(Model::of_a_complete_draft().shows(), shown(&life.claim));
    assert_eq!(life.claim.evidence, [evidence(0)]);
}
