//! Who looks, and what of a claim that side may see.
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

    /// Who did something on `side`: a partner learns the side of the vendor's staff, and no more.
    pub(super) fn subject(self, side: ActorSide, subject: &str) -> String {
        match (self, side) {
            (Self::Partner, ActorSide::Reviewer | ActorSide::Vendor) => String::new(),
            (Self::Partner, ActorSide::Partner | ActorSide::Customer | ActorSide::Time | ActorSide::System)
            | (Self::Vendor | Self::Masked, _) => self.personal(subject),
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
    use cpor_types::Actor;

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
        assert_eq!(partner.subject(ActorSide::Reviewer, "rita"), "");
        assert_eq!(partner.subject(ActorSide::Partner, "alice"), "alice");
        assert!(!partner.shows("review_assigned", "reviewer"));
        assert!(!partner.shows("approval_refused", "lines[0]"));
        assert!(partner.shows("updated", "display_name"));
    }
}
