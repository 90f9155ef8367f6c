use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::text_conversions;
use crate::words::words;
use crate::{Malformed, Service};

words! {
    /// Whose act something was.
    pub enum ActorSide, "a side" {
        /// A partner's user.
        Partner = "partner",
        /// A reviewer or review lead.
        Reviewer = "reviewer",
        /// The vendor's other staff.
        Vendor = "vendor",
        /// The customer, by link or signed in.
        Customer = "customer",
        /// A deadline that passed.
        Time = "time",
        /// A service of its own accord.
        System = "system",
    }
}

/// Who did something: side and subject, written `partner:alice@contoso.example`, or `time` alone where there is
/// no subject.
///
/// The subject may be a person's e-mail address: personal data, not for logs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Actor {
    /// The side acted for.
    pub side: ActorSide,
    /// Who, on that side; empty where the side says all.
    pub subject: String,
}

impl Actor {
    const EXPECTED: &'static str =
        "an actor: partner, reviewer, vendor, customer, time or system, then a colon and the subject";

    /// `subject` acting for `side`.
    pub fn new(side: ActorSide, subject: impl Into<String>) -> Self {
        Self { side, subject: subject.into() }
    }

    /// A deadline that passed.
    #[must_use]
    pub const fn time() -> Self {
        Self { side: ActorSide::Time, subject: String::new() }
    }

    /// `service` of its own accord.
    #[must_use]
    pub fn system(service: Service) -> Self {
        Self::new(ActorSide::System, service.as_str())
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject.as_str() {
            "" => write!(f, "{}", self.side),
            subject => write!(f, "{}:{subject}", self.side),
        }
    }
}

impl FromStr for Actor {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (side, subject) = text.split_once(':').unwrap_or((text, ""));
        match side.parse() {
            Ok(side) => Ok(Self::new(side, subject)),
            Err(Malformed { .. }) => Err(Malformed::new(Self::EXPECTED, text)),
        }
    }
}

text_conversions!(Actor);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_side_and_subject() {
        let actors = [
            (Actor::new(ActorSide::Partner, "alice@contoso.example"), "partner:alice@contoso.example"),
            (Actor::new(ActorSide::Customer, "link:7:a"), "customer:link:7:a"),
            (Actor::system(Service::PoeReview), "system:poe-review"),
            (Actor::time(), "time"),
        ];
        for (actor, text) in actors {
            assert_eq!(actor.to_string(), text);
            assert_eq!(text.parse(), Ok(actor.clone()));
            assert_eq!(serde_json::to_value(&actor).unwrap(), text);
        }
    }

    #[test]
    fn an_actor_of_no_side_is_refused() {
        for bad in ["", ":alice", "alice", "Partner:alice", "rival:bob"] {
            assert_eq!(bad.parse::<Actor>().unwrap_err().found, bad);
        }
    }
}
