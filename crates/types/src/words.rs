//! How a closed vocabulary is written down: one list of variants and their stable words.

/// An enum whose variants each have one stable word, used in storage, events, tokens and errors alike.
macro_rules! words {
    ($(#[$meta:meta])+ pub enum $name:ident, $what:literal {
        $($(#[$doc:meta])+ $variant:ident = $word:literal,)+
    }) => {
        $(#[$meta])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])+ #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::Malformed;

            fn from_str(text: &str) -> Result<Self, crate::Malformed> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(crate::Malformed::new(concat!($what, ": one of" $(, " ", $word)+), text)),
                }
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use crate::*;

    /// Every variant's word, after checking that each way in and out of text agrees on it.
    fn words_of<W>(all: &[W]) -> Vec<String>
    where
        W: Copy + Debug + Display + PartialEq + FromStr<Err = Malformed> + Serialize + DeserializeOwned,
    {
        let word = |variant: &W| {
            let word = variant.to_string();
            assert_eq!(word.parse(), Ok(*variant));
            let json = serde_json::to_string(variant).unwrap();
            assert_eq!(json, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<W>(&json).unwrap(), *variant);
            word
        };
        all.iter().map(word).collect()
    }

    /// What is stored and sent: a change here breaks databases and peers that know the old word.
    #[test]
    fn the_words_are_stable() {
        assert_eq!(words_of(SolutionArea::ALL), ["microsoft_365", "business_applications"]);
        assert_eq!(words_of(Activity::ALL), ["usage", "pre_sales", "revenue_association"]);
        assert_eq!(words_of(Program::ALL), ["osa_sell", "osu_microsoft_365", "osu_business_applications"]);
        assert_eq!(words_of(ProductFamily::ALL), ["microsoft_365", "dynamics_365", "power_bi", "power_platform"]);
        assert_eq!(words_of(ProductKind::ALL), ["workload", "subscription"]);
        assert_eq!(
            words_of(Service::ALL),
            ["claim-intake", "poe-review", "customer-consent", "eligibility", "registry"]
        );
        assert_eq!(words_of(ActorSide::ALL), ["partner", "reviewer", "vendor", "customer", "time", "system"]);
        assert_eq!(words_of(PersonalData::ALL), ["contacts", "subjects", "words"]);
    }

    #[test]
    fn r4_r5_the_roles() {
        let partner = ["global_admin", "billing_admin", "incentives_admin", "incentives_user"];
        let vendor = ["poe_reviewer", "review_lead", "program_manager", "directory_sync", "operator"];
        assert_eq!(words_of(Role::ALL), [&partner[..], &vendor, &["customer_admin"]].concat());
    }

    #[test]
    fn r25_r30_r31_r32_the_reasons() {
        let withdraw = ["wrong_mpn_id", "wrong_activity", "no_longer_works_with_customer", "other"];
        assert_eq!(words_of(WithdrawReason::ALL), withdraw);
        let action = [
            "poe_missing",
            "customer_acknowledgement_missing",
            "dates_missing_or_old",
            "service_insufficiently_described",
            "products_missing",
        ];
        assert_eq!(words_of(PartnerActionReason::ALL), action);
        let primary = ["partner_request", "customer_declined", "insufficient_poe", "lost_to_competing_claim"];
        assert_eq!(words_of(PrimaryRejection::ALL), primary);
        let further = ["customer_consent_missing", "products_missing", "no_partner_response", "poe_not_available"];
        assert_eq!(words_of(FurtherRejection::ALL), further);
    }

    #[test]
    fn another_word_is_answered_with_those_there_are() {
        let error = "Usage".parse::<Activity>().unwrap_err();
        assert_eq!(error.to_string(), "`Usage` is not an activity: one of usage pre_sales revenue_association");
    }
}
