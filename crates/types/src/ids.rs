//! Identifiers, which are UUIDs or short texts. Every way to create one from text validates it,
//! including deserialization.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Malformed;
use crate::text::text_conversions;

/// Declares id types that wrap a UUID. The literal describes the expected form in parse errors.
macro_rules! uuid_ids {
    ($($(#[$doc:meta])+ $name:ident, $expected:literal;)+) => { $(
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub Uuid);

        impl $name {
            /// Returns the UUID of the id.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                parse_hyphenated(text).map(Self).ok_or_else(|| Malformed::new($expected, text))
            }
        }

        text_conversions!($name);
    )+ };
}

/// Parses a UUID in its hyphenated form, in upper or lower case. Other forms (in braces, as a URN,
/// without hyphens) are refused. `Display` writes lower case.
fn parse_hyphenated(text: &str) -> Option<Uuid> {
    (text.len() == uuid::fmt::Hyphenated::LENGTH).then(|| Uuid::parse_str(text).ok()).flatten()
}

uuid_ids! {
    /// The id of a tenant, a customer's organisation (R2).
    TenantId, "a tenant id (a hyphenated UUID)";
    /// The id of a subscription of a tenant.
    SubscriptionId, "a subscription id (a hyphenated UUID)";
    /// The id of a claim.
    ClaimId, "a claim id (a hyphenated UUID)";
    /// The id of a line of a claim, which is about one workload or subscription (R15).
    LineId, "a line id (a hyphenated UUID)";
    /// The id of a payout (R54a).
    PayoutId, "a payout id (a hyphenated UUID)";
    /// The id of a review case: the reviewers' record of one submitted or disputed claim.
    CaseId, "a review case id (a hyphenated UUID)";
    /// The id of a proof-of-execution document (R14).
    EvidenceId, "an evidence id (a hyphenated UUID)";
    /// The id of a comment on a claim.
    CommentId, "a comment id (a hyphenated UUID)";
    /// The id of a note of reviewers on a review case (R55).
    NoteId, "a note id (a hyphenated UUID)";
    /// The id of a request to the registry to reserve workloads and subscriptions for a claim, or
    /// to award those that several partners claim. A request that is repeated with the same id gets
    /// the first outcome.
    DecisionId, "a decision id (a hyphenated UUID)";
    /// The id of a partner's association with a workload or subscription (R49).
    AssociationId, "an association id (a hyphenated UUID)";
    /// The id of the holder of a legacy association, which was recorded before claims existed
    /// (R58).
    LegacyHolderId, "the id of a legacy holder (a hyphenated UUID)";
}

/// Declares id types that wrap a text. The function validates the text, and the literal describes
/// the expected form in parse errors.
macro_rules! text_ids {
    ($($(#[$doc:meta])+ $name:ident, $is_valid:path, $expected:literal;)+) => { $(
        $(#[$doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                if $is_valid(text) { Ok(Self(text.to_owned())) } else { Err(Malformed::new($expected, text)) }
            }
        }

        text_conversions!($name);
    )+ };
}

text_ids! {
    /// The id of a partner company (R1), for example `contoso`.
    PartnerId, is_slug, "a partner id of 1 to 63 lower-case letters, digits and hyphens that does not start with a hyphen";
    /// The id of a product or workload of the catalog (R9), for example `dynamics-365-sales` or
    /// `teams`.
    ProductId, is_slug, "a product id of 1 to 63 lower-case letters, digits and hyphens that does not start with a hyphen";
    /// The id of a version of a program guide, the conditions of eligibility for incentives (R52).
    ProgramGuideId, is_slug, "a program guide id of 1 to 63 lower-case letters, digits and hyphens that does not start with a hyphen";
    /// The MPN (Microsoft Partner Network) id of a partner location (R1). Leading zeros are kept.
    MpnId, is_mpn, "an MPN id of 1 to 10 digits";
}

/// Returns whether the text has 1 to 63 lower-case letters, digits and hyphens, and does not start
/// with a hyphen.
fn is_slug(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Returns whether the text has 1 to 10 digits.
fn is_mpn(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10";

    #[test]
    fn a_uuid_has_one_spelling() {
        assert_eq!(UUID.to_uppercase().parse::<TenantId>().unwrap().to_string(), UUID);
        for bad in ["", "6f1d8a520c1e4c559a7e5d1f3c8b2a10", &format!("{{{UUID}}}"), &UUID.replace('6', "g")] {
            let error = bad.parse::<TenantId>().unwrap_err();
            assert_eq!(error.to_string(), format!("must be a tenant id (a hyphenated UUID), but is `{bad}`"));
        }
    }

    #[test]
    fn r1_partner_ids_are_slugs() {
        for good in ["contoso", "a", "0", "contoso-2", &"a".repeat(63)] {
            assert_eq!(good.parse::<PartnerId>().unwrap().as_str(), good);
        }
        for bad in ["", "-contoso", "Contoso", "con toso", "contoso/x", "con_toso", "é", &"a".repeat(64)] {
            assert!(bad.parse::<PartnerId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn r1_mpn_ids_keep_leading_zeros() {
        assert_eq!("0012345678".parse::<MpnId>().unwrap().as_str(), "0012345678");
        for bad in ["", "12a", "-1", "12345678901", "١٢"] {
            assert!(bad.parse::<MpnId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn serde_validates_ids() {
        let id: ClaimId = UUID.parse().unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{UUID}\""));
        assert_eq!(serde_json::from_str::<ClaimId>(&format!("\"{UUID}\"")).unwrap(), id);
        assert!(serde_json::from_str::<ClaimId>("\"1\"").is_err());
        let error = serde_json::from_str::<MpnId>("\"10x\"").unwrap_err();
        assert!(error.to_string().contains("must be an MPN id of 1 to 10 digits, but is `10x`"), "{error}");
    }
}
