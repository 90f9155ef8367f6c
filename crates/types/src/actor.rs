//! Actors: the people, services and deadlines that cause changes.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::string_enum;
use crate::{Malformed, Personal, Service};

string_enum! {
    /// The side for which an actor acts.
    pub enum ActorSide, "a side" {
        /// A user of a partner.
        Partner = "partner",
        /// A reviewer or review lead.
        Reviewer = "reviewer",
        /// Any other user of the vendor.
        Vendor = "vendor",
        /// The customer: a contact who uses the link in a mail, or a signed-in user.
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
/// The subject can be the e-mail address of a person, so an actor has no `Display`, and `Debug`
/// masks the subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Actor {
    /// The side: the text before the colon.
    pub side: ActorSide,
    /// The id of the person or service, or empty when there is none.
    pub subject: Personal,
}

impl Actor {
    /// The expected form in parse errors.
    const EXPECTED: &'static str =
        "an actor in the form side:subject, where side is partner, reviewer, vendor, customer, time or system";

    /// Creates an actor. `subject` is the id of the person or service.
    pub fn new(side: ActorSide, subject: impl Into<Personal>) -> Self {
        Self { side, subject: subject.into() }
    }

    /// Creates the actor of changes that a passed deadline causes.
    #[must_use]
    pub const fn time() -> Self {
        Self { side: ActorSide::Time, subject: Personal::empty() }
    }

    /// Returns the actor as a text with its subject, to store or send it. Do not log the text.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self.subject.expose() {
            "" => self.side.to_string(),
            subject => format!("{}:{subject}", self.side),
        }
    }

    /// Creates the actor of changes that `service` makes by itself.
    #[must_use]
    pub fn system(service: Service) -> Self {
        Self::new(ActorSide::System, service.as_str())
    }

    /// Returns whether the actor is `service`, acting by itself.
    #[must_use]
    pub fn is_service(&self, service: Service) -> bool {
        self.side == ActorSide::System && self.subject == service.as_str()
    }
}

impl FromStr for Actor {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (side, subject) = text.split_once(':').unwrap_or((text, ""));
        match side.parse() {
            Ok(side) => Ok(Self::new(side, subject)),
            // The text can contain a subject, which is personal data, so the error does not contain
            // the text.
            Err(Malformed { .. }) => Err(Malformed::new(Self::EXPECTED, "another text")),
        }
    }
}

impl TryFrom<String> for Actor {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_text()
    }
}

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
            assert_eq!(actor.to_text(), text);
            assert!(!format!("{actor:?}").contains("alice"));
            assert_eq!(text.parse(), Ok(actor.clone()));
            assert_eq!(serde_json::to_value(&actor).unwrap(), text);
        }
    }

    #[test]
    fn an_actor_without_a_side_is_refused() {
        for bad in ["", ":alice", "alice", "Partner:alice", "rival:bob"] {
            let error = bad.parse::<Actor>().unwrap_err().to_string();
            assert!(!error.contains("alice") && !error.contains("bob"), "{error}");
        }
    }
}
