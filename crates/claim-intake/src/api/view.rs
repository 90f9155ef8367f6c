//! Determines what a caller may see of a claim and of its history. A *commitment* is a salted hash
//! of one part of a history entry.
use crate::domain::{EventKind, FactKind, personal_data_rules};
use cpor_auth::Caller;
use cpor_history::{Audience, Part, SealedEntry};
use cpor_types::{ActorSide, PersonalData, Role};

/// The text that replaces a value that the caller may not see.
pub(super) const REDACTED: &str = "[redacted]";

/// The view that a caller has of claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// The view of partners and customers. It does not show who reviews a claim, or why the
    /// registry refused to hold a *line* (a claimed workload or subscription), that is, to reserve
    /// it for the partner: the reason can be a competing claim (R4).
    Partner,
    /// The view of reviewers, review leads and services. It shows everything.
    Vendor,
    /// The view of program managers, who have no part in reviews. It does not show what
    /// `ListEvidence`, `ListComments` and `ListReviewNotes` do not show them: the documents, the
    /// comments, also where they are the reason of a history entry or of a decision, and the notes
    /// of reviewers (R5, R55).
    ProgramManager,
    /// The view of operators and of other vendor staff, such as directory sync. Personal data and
    /// texts that people wrote are masked (R5).
    Masked,
}

impl View {
    /// Returns the view of `caller`. A caller with several roles sees what one of them may see.
    /// Only reviewers, review leads and services have the view that shows everything.
    pub(super) fn for_caller(caller: &Caller) -> Self {
        match caller.side() {
            ActorSide::Partner | ActorSide::Customer => Self::Partner,
            ActorSide::Reviewer | ActorSide::Vendor | ActorSide::System | ActorSide::Time => {
                let is_reviewer = caller.has_role(Role::PoeReviewer) || caller.has_role(Role::ReviewLead);
                if is_reviewer || caller.service.is_some() {
                    Self::Vendor
                } else if caller.has_role(Role::ProgramManager) {
                    Self::ProgramManager
                } else {
                    Self::Masked
                }
            }
        }
    }

    /// Masks a text that is personal data or was written by a person, if this view requires it.
    pub(super) fn mask(self, text: &str) -> String {
        match self {
            Self::Masked if !text.is_empty() => REDACTED.to_owned(),
            Self::Masked | Self::Partner | Self::Vendor | Self::ProgramManager => text.to_owned(),
        }
    }

    /// Masks or leaves out a comment, if this view requires it.
    pub(super) fn mask_comment(self, comment: &str) -> String {
        match self {
            Self::ProgramManager => String::new(),
            Self::Partner | Self::Vendor | Self::Masked => self.mask(comment),
        }
    }

    /// Withholds the parts of a history entry that this view may not show, or the whole entry if it
    /// is only for the vendor or its facts are not available. The commitments remain, so that the
    /// history can still be verified (R56). A partner does not see where a reviewer's id was
    /// erased, because it did not see the id before. A partner does not see which lines the
    /// registry refused to hold, because that would reveal a competing claim (R4).
    pub(super) fn restrict(self, entry: SealedEntry) -> SealedEntry {
        let Ok((_, facts)) = &entry.facts.opened else { return entry.withhold(Part::ALL) };
        match self {
            Self::Vendor => entry,
            Self::Masked => {
                // Operators erase personal data, so they see that a part was erased.
                let erased: Vec<_> = entry.erased().collect();
                let parts = [Part::Subject, Part::Reason].into_iter().filter(|part| !erased.contains(part));
                let withheld: Vec<_> = parts.chain([Part::Changes]).collect();
                entry.withhold(&withheld)
            }
            Self::Partner | Self::ProgramManager if entry.audience == Audience::Vendor => entry.withhold(Part::ALL),
            Self::ProgramManager => {
                // An erased comment is withheld like one that was not erased. An empty reason is
                // shown, because it contains no comment.
                let has_reason = entry.reason.opened.as_ref().ok().is_none_or(|(_, reason)| !reason.is_empty());
                let has_comment = has_reason && (personal_data_rules().has_personal_reason)(facts);
                // The changes of an entry about a document or comment name the document.
                let is_about_proof =
                    facts.action.starts_with("evidence_") || facts.action == EventKind::Commented.action();
                let parts = [(Part::Reason, has_comment), (Part::Changes, is_about_proof)];
                let withheld: Vec<_> =
                    parts.into_iter().filter_map(|(part, is_hidden)| is_hidden.then_some(part)).collect();
                entry.withhold(&withheld)
            }
            Self::Partner => {
                let subject = matches!(facts.side, ActorSide::Reviewer | ActorSide::Vendor).then_some(Part::Subject);
                let is_approval_refusal = facts.action == FactKind::ApprovalRefused.as_str();
                let changes = (is_approval_refusal && entry.each_change().next().is_some()).then_some(Part::Changes);
                let withheld: Vec<_> = subject.into_iter().chain(changes).collect();
                entry.withhold(&withheld).withhold_changes(PersonalData::Subjects, &personal_data_rules())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ClaimStateKind, FieldChange};
    use cpor_history::{Digest, EntryFacts, HistoryEntry};
    use cpor_types::{Actor, Service, Timestamp};

    fn caller(side: ActorSide, roles: &[Role]) -> Caller {
        Caller {
            subject: "alice".into(),
            roles: roles.to_vec(),
            partner: None,
            tenant: None,
            service: None,
            actor: Actor::new(side, "alice"),
        }
    }

    fn entry(side: ActorSide, audience: Audience, action: &str, changed: &[&str]) -> SealedEntry {
        entry_with_reason(side, audience, action, changed, "because")
    }

    fn entry_with_reason(
        side: ActorSide,
        audience: Audience,
        action: &str,
        changed: &[&str],
        reason: &str,
    ) -> SealedEntry {
        let facts = EntryFacts {
            action: action.to_owned(),
            side,
            effective_time: Timestamp::UNIX_EPOCH,
            record_time: Timestamp::UNIX_EPOCH,
            from: None,
            to: ClaimStateKind::UnderReview,
            overtaken: false,
        };
        let change =
            |field: &&str| FieldChange { field: (*field).to_owned(), from: String::new(), to: "rita".to_owned() };
        let (subject, changes) = ("rita".to_owned(), changed.iter().map(change).collect());
        let entry = HistoryEntry { audience, facts, subject, reason: reason.to_owned(), changes };
        let claim = "partners/contoso/claims/00000000-0000-4000-8000-0000000000c1".parse().unwrap();
        SealedEntry::seal(&claim, Digest::GENESIS, 1, Digest([1; 32]), entry)
    }

    fn withheld(view: View, entry: SealedEntry) -> Vec<Part> {
        view.restrict(entry).withheld().collect()
    }

    #[test]
    fn r5_operators_without_another_role_see_masked_data() {
        let operator = View::for_caller(&caller(ActorSide::Vendor, &[Role::Operator]));
        assert_eq!((operator, operator.mask("Ada").as_str()), (View::Masked, REDACTED));
        assert_eq!(operator.mask(""), "");
        let view_of = |side, roles: &[Role]| View::for_caller(&caller(side, roles));
        assert_eq!(view_of(ActorSide::Vendor, &[Role::Operator, Role::ProgramManager]), View::ProgramManager);
        assert_eq!(view_of(ActorSide::Vendor, &[Role::Operator, Role::DirectorySync]), View::Masked);
        assert_eq!(view_of(ActorSide::Vendor, &[Role::DirectorySync]), View::Masked);
        assert_eq!(view_of(ActorSide::Reviewer, &[Role::Operator, Role::PoeReviewer]), View::Vendor);
        assert_eq!(view_of(ActorSide::Reviewer, &[Role::Operator, Role::ReviewLead]), View::Vendor);
        let service = Caller { service: Some(Service::PoeReview), ..caller(ActorSide::System, &[]) };
        assert_eq!(View::for_caller(&service), View::Vendor);
        assert_eq!(view_of(ActorSide::System, &[]), View::Masked, "neither a service nor a reviewer");
    }

    #[test]
    fn r5_program_managers_see_no_part_of_reviews() {
        let view = |side, roles: &[Role]| View::for_caller(&caller(side, roles));
        assert_eq!(view(ActorSide::Reviewer, &[Role::ReviewLead, Role::ProgramManager]), View::Vendor);
        let manager = view(ActorSide::Vendor, &[Role::ProgramManager]);
        let hidden = |audience, action| withheld(manager, entry(ActorSide::Reviewer, audience, action, &["evidence"]));
        assert_eq!(hidden(Audience::Vendor, "review_noted"), Part::ALL);
        assert_eq!(hidden(Audience::All, "commented"), [Part::Reason, Part::Changes]);
        let of_reviewers =
            ["partner_action_requested", "statement_requested", "review_approved", "review_rejected", "lines_awarded"];
        for action in of_reviewers.into_iter().chain(["resubmitted", "disputed", "withdrawn", "customer_declined"]) {
            assert_eq!(hidden(Audience::All, action), [Part::Reason], "{action}");
        }
        for action in ["consent_window_opened", "association_ended", "assessed", "personal_data_erased"] {
            assert_eq!(hidden(Audience::All, action), [], "{action}: no comment is its reason");
        }
        let without_reason =
            |action| withheld(manager, entry_with_reason(ActorSide::Partner, Audience::All, action, &["evidence"], ""));
        assert_eq!(without_reason("evidence_added"), [Part::Changes]);
        assert_eq!(without_reason("evidence_removed"), [Part::Changes]);
        assert_eq!(without_reason("resubmitted"), []);
        let erased = entry(ActorSide::Partner, Audience::All, "disputed", &[]);
        let erased = erased.erase(&[PersonalData::FreeText], &personal_data_rules());
        assert_eq!(withheld(manager, erased), [Part::Reason], "not even that it was erased");
    }

    #[test]
    fn r5_program_managers_see_no_comments_of_decisions() {
        assert_eq!(View::ProgramManager.mask_comment("because"), "");
        assert_eq!(View::Masked.mask_comment("because"), REDACTED);
        for view in [View::Partner, View::Vendor] {
            assert_eq!(view.mask_comment("because"), "because");
        }
    }

    #[test]
    fn r4_a_partner_sees_neither_its_reviewer_nor_a_rival() {
        let partner = View::for_caller(&caller(ActorSide::Partner, &[Role::GlobalAdmin]));
        let started = |side| entry(side, Audience::All, "review_started", &["reviewer", "review_due_time"]);
        assert_eq!(withheld(partner, entry(ActorSide::Partner, Audience::All, "updated", &["display_name"])), []);
        let noted = |side| entry(side, Audience::Vendor, "review_noted", &[]);
        assert_eq!(withheld(partner, noted(ActorSide::Reviewer)), Part::ALL);
        assert_eq!(withheld(View::Vendor, noted(ActorSide::Reviewer)), []);
        let refused = entry(ActorSide::System, Audience::All, "approval_refused", &["lines[0]"]);
        let refused = partner.restrict(refused);
        assert_eq!(refused.withheld().collect::<Vec<_>>(), [Part::Changes]);
        assert_eq!(refused.each_change().count(), 0, "their number is withheld, too");
        let restricted = partner.restrict(started(ActorSide::Reviewer));
        assert_eq!(restricted.withheld().collect::<Vec<_>>(), [Part::Subject, Part::Changes]);
        let fields: Vec<_> =
            restricted.each_change().map(|change| change.opened.as_ref().ok().map(|(_, c)| &*c.field)).collect();
        assert_eq!(fields, [None, Some("review_due_time")], "each change is withheld by itself");
    }

    #[test]
    fn r56_withheld_parts_look_the_same_after_an_erasure() {
        let partner = View::Partner;
        let hidden = [
            entry(ActorSide::Reviewer, Audience::All, "review_started", &["reviewer", "review_due_time"]),
            entry(ActorSide::Partner, Audience::All, "disputed", &["reviewer"]),
            entry(ActorSide::Reviewer, Audience::Vendor, "review_noted", &[]),
        ];
        for entry in hidden {
            let after = |kind| partner.restrict(entry.clone().erase(&[kind], &personal_data_rules()));
            let (before, subjects) = (partner.restrict(entry.clone()), after(PersonalData::Subjects));
            assert_eq!(subjects.changes, before.changes);
            assert_eq!(subjects.withheld().collect::<Vec<_>>(), before.withheld().collect::<Vec<_>>());
            if entry.audience == Audience::Vendor {
                assert_eq!((subjects, after(PersonalData::FreeText)), (before.clone(), before));
            }
        }
        let contact = entry(ActorSide::Partner, Audience::All, "updated", &["partner_contact"]);
        let erased = partner.restrict(contact.erase(&[PersonalData::Contacts], &personal_data_rules()));
        assert_eq!(erased.erased().collect::<Vec<_>>(), [Part::Changes], "the partner saw the contact");
        let operators = View::Masked.restrict(entry_of_all().erase(PersonalData::ALL, &personal_data_rules()));
        assert_eq!(operators.erased().collect::<Vec<_>>(), [Part::Subject, Part::Reason], "operators see the erasure");
        assert_eq!(operators.withheld().collect::<Vec<_>>(), [Part::Changes]);
    }

    fn entry_of_all() -> SealedEntry {
        entry(ActorSide::Partner, Audience::All, "disputed", &["partner_contact", "display_name"])
    }
}
