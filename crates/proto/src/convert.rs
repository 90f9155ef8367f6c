//! Conversions between the enums of `cpor.type.v1` and the enums of [`cpor_types`], for all
//! services.
//!
//! Every value of a domain enum has a value in the API. In the other direction, the unspecified
//! value and numbers that this build does not know are an [`UnknownValue`].

use std::{error, fmt};

use crate::r#type::v1 as wire;

/// An enum number that stands for no value of the domain: the unspecified value, or a value that
/// this build does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownValue {
    /// The full name of the proto enum.
    pub enum_name: &'static str,
    /// The number that was received.
    pub number: i32,
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a specified value of {}", self.number, self.enum_name)
    }
}

impl error::Error for UnknownValue {}

/// A domain enum for which messages use an enum of `cpor.type.v1`.
///
/// Enum fields of messages are numbers, so these methods convert numbers. `From` and `TryFrom`
/// convert the generated enums.
pub trait WireEnum: Copy {
    /// Returns the number that messages contain for this value.
    fn to_number(self) -> i32;

    /// Returns the value that a number of a message stands for.
    ///
    /// # Errors
    /// Returns [`UnknownValue`] if the number is 0 (unspecified) or unknown.
    fn from_number(number: i32) -> Result<Self, UnknownValue>;

    /// Returns the value that a number of a message stands for, or `None` if the field is not set.
    ///
    /// # Errors
    /// Returns [`UnknownValue`] if the number is unknown.
    fn from_optional_number(number: i32) -> Result<Option<Self>, UnknownValue> {
        if number == 0 { Ok(None) } else { Self::from_number(number).map(Some) }
    }

    /// Returns the numbers of several values, for a repeated field.
    fn to_numbers<'a>(values: impl IntoIterator<Item = &'a Self>) -> Vec<i32>
    where
        Self: 'a,
    {
        values.into_iter().map(|value| value.to_number()).collect()
    }

    /// Returns the values that the numbers of a repeated field stand for.
    ///
    /// # Errors
    /// Returns [`UnknownValue`] for the first number that is 0 (unspecified) or unknown.
    fn from_numbers<C: FromIterator<Self>>(numbers: &[i32]) -> Result<C, UnknownValue> {
        numbers.iter().map(|number| Self::from_number(*number)).collect()
    }
}

/// Implements both directions for one enum, whose variants have the same names on both sides.
macro_rules! convert {
    ($($domain:ident <=> $wire:ident { $($variant:ident),+ $(,)? })+) => {$(
        impl From<cpor_types::$domain> for wire::$wire {
            fn from(value: cpor_types::$domain) -> Self {
                match value { $(cpor_types::$domain::$variant => Self::$variant,)+ }
            }
        }

        impl TryFrom<wire::$wire> for cpor_types::$domain {
            type Error = UnknownValue;

            fn try_from(value: wire::$wire) -> Result<Self, UnknownValue> {
                match value {
                    wire::$wire::Unspecified => {
                        Err(UnknownValue { enum_name: concat!("cpor.type.v1.", stringify!($wire)), number: 0 })
                    }
                    $(wire::$wire::$variant => Ok(Self::$variant),)+
                }
            }
        }

        impl WireEnum for cpor_types::$domain {
            fn to_number(self) -> i32 {
                wire::$wire::from(self).into()
            }

            fn from_number(number: i32) -> Result<Self, UnknownValue> {
                let value = wire::$wire::try_from(number).map_err(|_| UnknownValue {
                    enum_name: concat!("cpor.type.v1.", stringify!($wire)),
                    number,
                })?;
                value.try_into()
            }
        }
    )+};
}

convert! {
    SolutionArea <=> SolutionArea { Microsoft365, BusinessApplications }
    Activity <=> Activity { Usage, PreSales, RevenueAssociation }
    Program <=> Program { OsaSell, OsuMicrosoft365, OsuBusinessApplications }
    AssociationEndReason <=> AssociationEndReason { Declined, Withdrawn, Expired, Superseded, Rejected }
    PartnerActionReason <=> PartnerActionReason {
        PoeMissing,
        CustomerAcknowledgementMissing,
        DatesMissingOrOld,
        ServiceInsufficientlyDescribed,
        ProductsMissing,
    }
    PrimaryRejectionReason <=> PrimaryRejectionReason {
        PartnerRequest,
        CustomerDeclined,
        InsufficientPoe,
        LostToCompetingClaim,
        CustomerNotReached,
    }
    FurtherRejectionReason <=> FurtherRejectionReason {
        CustomerConsentMissing,
        ProductsMissing,
        NoPartnerResponse,
        PoeNotAvailable,
    }
    ReviewClock <=> ReviewClock { Start, Decision, Overall, DisputeDecision }
    ConsentChannel <=> ConsentChannel { Link, SignedIn, Silence }
    NoticeKind <=> NoticeKind { Submission, Approval, Change, Dispute }
    NoticeState <=> NoticeState { Queued, Accepted, Bounced, Withdrawn }
    SubscriptionStatus <=> SubscriptionStatus { Active, InGrace, Expired, NotProvisioned, Suspended }
    PurchaseChannel <=> PurchaseChannel { VolumeLicensing, WebDirect, Csp }
    Verdict <=> Verdict { Eligible, NotEligible, RecognitionOnly }
    EvidenceKind <=> EvidenceKind { Pdf, Docx, Xlsx, Pptx, Png, Jpeg }
    ActorSide <=> ActorSide { Partner, Reviewer, Vendor, Customer, Time, System }
    PersonalData <=> PersonalDataKind { Contacts, Subjects, FreeText }
}

impl From<cpor_types::Money> for wire::Money {
    fn from(money: cpor_types::Money) -> Self {
        Self { currency: money.currency.to_string(), micros: money.micros }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    /// Checks that all values survive the way through a message, and that 0 and unknown numbers
    /// are refused.
    fn check<E: WireEnum + PartialEq + Debug>(all: &[E]) {
        let numbers = E::to_numbers(all);
        assert_eq!(E::from_numbers::<Vec<E>>(&numbers).as_deref(), Ok(all));
        let count = i32::try_from(all.len()).unwrap();
        assert_eq!(numbers, (1..=count).collect::<Vec<_>>(), "the order of both enums is the same");
        for number in [0, count + 1] {
            assert_eq!(E::from_number(number).unwrap_err().number, number);
        }
        assert_eq!(E::from_optional_number(0), Ok(None));
    }

    #[test]
    fn each_value_survives_the_way_through_a_message() {
        check(cpor_types::SolutionArea::ALL);
        check(cpor_types::Activity::ALL);
        check(cpor_types::Program::ALL);
        check(cpor_types::AssociationEndReason::ALL);
        check(cpor_types::PartnerActionReason::ALL);
        check(cpor_types::PrimaryRejectionReason::ALL);
        check(cpor_types::FurtherRejectionReason::ALL);
        check(cpor_types::ReviewClock::ALL);
        check(cpor_types::ConsentChannel::ALL);
        check(cpor_types::NoticeKind::ALL);
        check(cpor_types::NoticeState::ALL);
        check(cpor_types::SubscriptionStatus::ALL);
        check(cpor_types::PurchaseChannel::ALL);
        check(cpor_types::Verdict::ALL);
        check(cpor_types::EvidenceKind::ALL);
        check(cpor_types::ActorSide::ALL);
        check(cpor_types::PersonalData::ALL);
    }

    #[test]
    fn an_unknown_value_names_its_enum() {
        let unknown = cpor_types::Verdict::from_number(7).unwrap_err();
        assert_eq!(unknown.to_string(), "7 is not a specified value of cpor.type.v1.Verdict");
    }
}
