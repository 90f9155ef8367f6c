//! Actors: the people, services and deadlines that cause changes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::string_enum;
use crate::text::text_conversions;
use crate::{Malformed, Service};

string_enum! {
    /// The side for which an actor acts.
    pub enum ActorSide, "a side" {
        /// A user of a partner.
        Partner = "partner",
        /// A reviewer or review lead.
        Reviewer = "reviewer",
        /// Any other user of the vendor.
        Vendor = "vendor",
        /// The customer: a contact who uses a consent link, or a signed-in user.
        Customer = "customer",
        /// A deadline that passed.
        Time = "time",
        /// A service that acts by itself.
        System = "system",
    }
}

/// Who caused a change: a side and a subject, written `partner:alice@contoso.example`. An actor
/// without a subject is written as its side alone, for example `time`.
///
/// The subject can be the e-mail address of a person. It is personal data and must not be logged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Actor {
    /// The side for which the actor acts.
    pub side: ActorSide,
    /// The id of the person or service, or empty when there is none.
    pub subject: String,
}

impl Actor {
    /// The expected form in parse errors.
    const EXPECTED: &'static str =
        "an actor in the form side:subject, where side is partner, reviewer, vendor, customer, time or system";

    /// Creates the actor `subject` on the side `side`.
    pub fn new(side: ActorSide, subject: impl Into<String>) -> Self {
        Self { side, subject: subject.into() }
    }

    /// Creates the actor of changes that a passed deadline causes.
    #[must_use]
    pub const fn time() -> Self {
        Self { side: ActorSide::Time, subject: String::new() }
    }

    /// Creates the actor of changes that `service` makes by itself.
    #[must_use]
    pub fn system(service: Service) -> Self {
        Self::new(ActorSide::System, service.as_str())
    }

    /// Returns true if this is `service` acting by itself.
    #[must_use]
    pub fn is_service(&self, service: Service) -> bool {
        self.side == ActorSide::System && self.subject == service.as_str()
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
    fn an_actor_has_a_side_and_a_subject() {
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
    fn an_actor_without_a_side_is_refused() {
        for bad in ["", ":alice", "alice", "Partner:alice", "rival:bob"] {
            assert_eq!(bad.parse::<Actor>().unwrap_err().found, bad);
        }
    }
}
