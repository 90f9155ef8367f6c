//! The events of a claim. The history and the events for other services are derived from them. A
//! *fact* happens without a command on the claim: another service reports it, or a deadline passes.
//! A fact is *overtaken* if it comes too late to change the claim. A *notice* is a mail to the
//! customer contact about the claim. A *line* is the part of a claim that is about one workload or
//! subscription of the customer. An association puts the partner on record for that workload or
//! subscription. The *consent window* is the time in which silence of the customer counts as
//! consent.
use super::{ClaimStateKind, Comment, Contact, Evidence, FactKind, FieldChange, personal_data::ERASURE_ACTION};
use cpor_history::Audience;
use cpor_types::{CaseId, EvidenceId, LineId, PersonalData, PrimaryRejectionReason, TenantId, Timestamp};

/// One event of a claim. It becomes one entry of the history (R56).
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The state before the event; `None` for the first event.
    pub from: Option<ClaimStateKind>,
    /// The state after the event.
    pub to: ClaimStateKind,
    /// The fields that changed, with their values before and after.
    pub changes: Vec<FieldChange>,
    /// The reason of the event, or the text that a person wrote; may be empty.
    pub reason: String,
    /// A comment to the other side, which is also stored with the claim's comments (R55).
    pub comment: Option<Comment>,
    /// The kinds of personal data that must not be stored with this event (R56): the claim's data
    /// of these kinds was erased after the event happened and before it was reported.
    pub already_erased: Vec<PersonalData>,
}

/// How an edit after the submission notifies the customer (R29, R29a).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditNotice {
    /// The customer is not notified.
    None,
    /// The technical contact of an approved claim changed: the customer contact is notified again.
    NotifiedAgain,
    /// Lines or the customer contact changed: the customer is asked anew.
    AskedAnew,
}

/// The kinds of events, with the data that other services need.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// The draft was created.
    Created,
    /// The content of the draft changed.
    Updated,
    /// The partner edited the claim after the submission (R29).
    Edited {
        /// How the customer is notified of the edit.
        notice: EditNotice,
        /// The previous customer contact, if it changed.
        previous_contact: Option<Contact>,
    },
    /// The draft was deleted.
    Deleted,
    /// A comment was added.
    Commented,
    /// The claim was submitted.
    Submitted,
    /// The claim was resubmitted.
    Resubmitted,
    /// The rejection of the claim was disputed (R28).
    Disputed {
        /// The review case that the rejection closed.
        previous_case: CaseId,
        /// The partner's justification; empty when the partner only added evidence.
        justification: String,
    },
    /// A document was added.
    EvidenceAdded(Evidence),
    /// A document was removed from the draft.
    EvidenceRemoved(EvidenceId),
    /// A fact was applied. No other service gets an event about it.
    FactApplied(FactKind),
    /// A notice about an approved claim bounced (R41a, R41b). poe-review gets an event, so that
    /// reviewers see it.
    NoticeBounced {
        /// Whether the partner gets a mail about the bounce: no notice has been accepted since the
        /// approval or the last correction of the contact, and this is the first bounce since then,
        /// or since a notice was last sent again.
        is_first: bool,
        /// Whether the customer has consented already (the association is granted or official), so
        /// that the bounce changes nothing by itself (R41b).
        consent_complete: bool,
    },
    /// A reviewer confirmed the customer contact (R43a). poe-review and customer-consent get an
    /// event.
    ContactConfirmed,
    /// The claim was approved.
    Approved {
        /// Whether the customer had already approved (R26a). The association then becomes official
        /// without waiting for the end of the consent window.
        customer_approved: bool,
        /// Whether the customer had declined before. Silence is then not consent (R28).
        explicit_approval_needed: bool,
    },
    /// A review lead awarded lines to other claims. They were removed from this claim, which keeps
    /// other lines (R37).
    LinesLost,
    /// The associations of lines ended; the claim stays approved (R37, R39).
    LinesEnded {
        /// The lines whose associations ended.
        lines: Vec<LineId>,
        /// Whether the associations of all lines of the claim have ended.
        all: bool,
    },
    /// Associations that were reported as ended are on record after all: the customer had consented
    /// before another company was awarded the lines (R47). They stay on record until that company
    /// replaces this one (R37).
    LinesReinstated {
        /// The lines whose associations are on record after all.
        lines: Vec<LineId>,
        /// The time from which the association is on record.
        since: Timestamp,
    },
    /// The registry is asked to put the association on record, because the consent window passed
    /// (R27) or the customer approved (R26a).
    Granted {
        /// The customer.
        tenant: TenantId,
    },
    /// The partner declined payment (R54b).
    PaymentDeclined {
        /// The customer.
        tenant: TenantId,
    },
    /// The claim was rejected or withdrawn.
    Closed(ClaimClosure),
    /// Personal data of these kinds was erased (R56).
    PersonalDataErased(Vec<PersonalData>),
    /// A fact came too late to change anything.
    FactOvertaken(FactKind),
}

/// How a claim was rejected or withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimClosure {
    /// What closed the claim: a withdrawal or a rejection.
    pub cause: ClosureCause,
    /// The primary reason (R31).
    pub primary_reason: PrimaryRejectionReason,
    /// The customer.
    pub tenant: TenantId,
    /// The review case that is to be closed.
    pub review_case: CaseId,
    /// The end of the dispute window; `None` when the rejection cannot be disputed.
    pub dispute_due: Option<Timestamp>,
}

/// What can close a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosureCause {
    /// The partner withdrew the claim.
    Partner,
    /// A fact: an act of a reviewer or the customer, or a deadline that passed.
    Fact(FactKind),
}

impl EventKind {
    /// Returns the name of the event in the history.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated | Self::Edited { .. } => "updated",
            Self::Deleted => "deleted",
            Self::Commented => "commented",
            Self::Submitted => "submitted",
            Self::Resubmitted => "resubmitted",
            Self::Disputed { .. } => "disputed",
            Self::LinesLost => FactKind::LinesAwarded.as_str(),
            Self::LinesEnded { .. } => FactKind::AssociationEnded.as_str(),
            Self::LinesReinstated { .. } => FactKind::AssociationOfficial.as_str(),
            Self::EvidenceAdded(_) => "evidence_added",
            Self::EvidenceRemoved(_) => "evidence_removed",
            Self::FactApplied(fact) | Self::FactOvertaken(fact) => fact.as_str(),
            Self::NoticeBounced { .. } => FactKind::NoticeReported.as_str(),
            Self::ContactConfirmed => FactKind::ContactConfirmed.as_str(),
            Self::Approved { .. } => FactKind::ReviewApproved.as_str(),
            Self::Granted { .. } => "association_granted",
            Self::PaymentDeclined { .. } => "payment_declined",
            Self::PersonalDataErased(_) => ERASURE_ACTION,
            Self::Closed(closure) => match closure.cause {
                ClosureCause::Partner => "withdrawn",
                ClosureCause::Fact(fact) => fact.as_str(),
            },
        }
    }

    /// Returns which sides may see the history entry. R55: only the vendor's side sees the notes of
    /// reviewers, even if a note came too late.
    #[must_use]
    pub fn audience(&self) -> Audience {
        if self.action() == FactKind::ReviewNoted.as_str() { Audience::Vendor } else { Audience::All }
    }

    /// Returns whether the event is a fact that came too late.
    #[must_use]
    pub const fn is_overtaken(&self) -> bool {
        matches!(self, Self::FactOvertaken(_))
    }
}
