//! Who looks, and what of a claim that side may see.
use crate::domain::history::{Audience, Part, SealedEntry};
use cpor_kit::Caller;
use cpor_types::{ActorSide, Role};

/// What stands where something may not be seen.
pub(super) const REDACTED: &str = "[redacted]";

/// How a caller sees claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// The partner: nothing of who reviews, nor of what the registry told the reviewers.
    Partner,
    /// The vendor's staff: everything.
    Vendor,
    /// Operators: personal data and comments masked (R5).
    Masked,
}

impl View {
    /// How `caller` sees claims. Who is an operator and nothing else sees them masked.
    pub(super) fn of(caller: &Caller) -> Self {
        match caller.side() {
            ActorSide::Partner | ActorSide::Customer => Self::Partner,
            ActorSide::Reviewer | ActorSide::Vendor | ActorSide::System | ActorSide::Time => {
                let operator = !caller.roles.is_empty() && caller.roles.iter().all(|role| *role == Role::Operator);
                if operator { Self::Masked } else { Self::Vendor }
            }
        }
    }

    /// Personal data or what people wrote.
    pub(super) fn personal(self, text: &str) -> String {
        match self {
            Self::Masked if !text.is_empty() => REDACTED.to_owned(),
            Self::Masked | Self::Partner | Self::Vendor => text.to_owned(),
        }
    }

    /// What of an entry this view may not see. It is given as commitments, so that the history stays provable (R56).
    pub(super) fn withholds(self, entry: &SealedEntry) -> Vec<Part> {
        let Ok((_, facts)) = &entry.facts.opened else { return Part::ALL.to_vec() };
        let mut told = entry.each_change().filter_map(|change| Some(&change.opened.as_ref().ok()?.1.field));
        match self {
            Self::Vendor => Vec::new(),
            Self::Masked => vec![Part::Subject, Part::Reason, Part::Changes],
            Self::Partner if entry.audience == Audience::Vendor => Part::ALL.to_vec(),
            Self::Partner => {
                let subject = matches!(facts.side, ActorSide::Reviewer | ActorSide::Vendor).then_some(Part::Subject);
                let changes = told.any(|field| !self.shows(&facts.action, field)).then_some(Part::Changes);
                subject.into_iter().chain(changes).collect()
            }
        }
    }

    /// Whether the change of this field in an entry of this action may be seen: a partner sees neither its reviewer nor
    /// why a line could not be held, which would tell of a rival (R4).
    pub(super) fn shows(self, action: &str, field: &str) -> bool {
        match self {
            Self::Partner => field != "reviewer" && action != crate::domain::FactKind::ApprovalRefused.as_str(),
            Self::Vendor | Self::Masked => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        StateKind,
        history::{Digest, Entry, EntryFacts},
    };
    use cpor_types::{Actor, Timestamp};

    fn caller(side: ActorSide, roles: &[Role]) -> Caller {
        Caller {
            subject: "alice".to_owned(),
            roles: roles.to_vec(),
            partner: None,
            tenant: None,
            service: None,
            actor: Actor::new(side, "alice"),
        }
    }

    fn entry(side: ActorSide, audience: Audience) -> SealedEntry {
        let facts = EntryFacts {
            action: "review_started".to_owned(),
            side,
            effective_time: Timestamp::UNIX_EPOCH,
            record_time: Timestamp::UNIX_EPOCH,
            from: None,
            to: StateKind::UnderReview,
            overtaken: false,
        };
        let (subject, changes) = ("rita".to_owned(), Vec::new());
        let entry = Entry { audience, facts, subject, reason: String::new(), changes };
        let claim = "partners/contoso/claims/00000000-0000-4000-8000-0000000000c1".parse().unwrap();
        SealedEntry::seal(&claim, Digest::GENESIS, 1, Digest([1; 32]), entry)
    }

    #[test]
    fn r5_operators_see_personal_data_masked_unless_they_are_more() {
        let operator = View::of(&caller(ActorSide::Vendor, &[Role::Operator]));
        assert_eq!((operator, operator.personal("Ada").as_str()), (View::Masked, REDACTED));
        assert_eq!(operator.personal(""), "");
        assert_eq!(View::of(&caller(ActorSide::Vendor, &[Role::Operator, Role::ProgramManager])), View::Vendor);
    }

    #[test]
    fn r4_a_partner_sees_neither_its_reviewer_nor_a_rival() {
        let partner = View::of(&caller(ActorSide::Partner, &[Role::GlobalAdmin]));
        let withheld = |side| partner.withholds(&entry(side, Audience::All));
        assert_eq!(withheld(ActorSide::Reviewer), [Part::Subject]);
        assert_eq!(withheld(ActorSide::Partner), []);
        assert_eq!(partner.withholds(&entry(ActorSide::Reviewer, Audience::Vendor)), Part::ALL);
        assert_eq!(View::Vendor.withholds(&entry(ActorSide::Reviewer, Audience::Vendor)), []);
        assert!(!partner.shows("review_assigned", "reviewer"));
        assert!(!partner.shows("approval_refused", "lines[0]"));
        assert!(partner.shows("updated", "display_name"));
    }
}
