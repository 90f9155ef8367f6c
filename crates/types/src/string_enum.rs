//! The [`string_enum!`] macro, for enums whose variants are written as strings.

/// Declares an enum in which every variant has one fixed string. The string is used in storage,
/// events, tokens and errors.
///
/// The macro generates `ALL`, `STRINGS`, `as_str`, and the implementations of `Display`, `FromStr`
/// and serde. The literal after the name describes the enum in parse errors, for example `"an
/// activity"`.
#[macro_export]
macro_rules! string_enum {
    ($(#[$meta:meta])+ pub enum $name:ident, $what:literal {
        $($(#[$doc:meta])+ $variant:ident = $text:literal,)+
    }) => {
        $(#[$meta])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])+ #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All variants, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The strings of all variants, in the order of their declaration.
            pub const STRINGS: &'static [&'static str] = &[$($text),+];

            /// Returns the string of this variant. It is stored and sent, so it must never change.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Malformed;

            fn from_str(name: &str) -> Result<Self, $crate::Malformed> {
                match name {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::Malformed::new(concat!($what, ": one of" $(, " `", $text, "`")+), name)),
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use crate::*;

    /// Returns the string of every variant, after checking that all conversions agree on it.
    fn names_of<E>(all: &[E]) -> Vec<String>
    where
        E: Copy + Debug + Display + PartialEq + FromStr<Err = Malformed> + Serialize + DeserializeOwned,
    {
        let name = |variant: &E| {
            let name = variant.to_string();
            assert_eq!(name.parse(), Ok(*variant));
            let json = serde_json::to_string(variant).unwrap();
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<E>(&json).unwrap(), *variant);
            name
        };
        all.iter().map(name).collect()
    }

    /// These strings are stored and sent. A change would break existing databases and other
    /// services.
    #[test]
    fn the_strings_are_stable() {
        assert_eq!(names_of(SolutionArea::ALL), ["microsoft_365", "business_applications"]);
        assert_eq!(names_of(Activity::ALL), ["usage", "pre_sales", "revenue_association"]);
        assert_eq!(names_of(Program::ALL), ["osa_sell", "osu_microsoft_365", "osu_business_applications"]);
        assert_eq!(names_of(ProductFamily::ALL), ["microsoft_365", "dynamics_365", "power_bi", "power_platform"]);
        assert_eq!(names_of(ProductKind::ALL), ["workload", "subscription"]);
        assert_eq!(
            names_of(Service::ALL),
            ["claim-intake", "poe-review", "customer-consent", "eligibility", "registry"]
        );
        assert_eq!(names_of(ActorSide::ALL), ["partner", "reviewer", "vendor", "customer", "time", "system"]);
        assert_eq!(names_of(MailLanguage::ALL), ["cs", "de", "en", "es", "fr", "hu", "pl", "ru"]);
        assert_eq!(names_of(PersonalData::ALL), ["contacts", "subjects", "free_text"]);
        assert_eq!(names_of(EvidenceKind::ALL), ["pdf", "docx", "xlsx", "pptx", "png", "jpeg"]);
        assert_eq!(names_of(Verdict::ALL), ["eligible", "not_eligible", "recognition_only"]);
        let ends = ["declined", "withdrawn", "expired", "superseded", "rejected"];
        assert_eq!(names_of(AssociationEndReason::ALL), ends);
        let statuses = ["active", "in_grace", "expired", "not_provisioned", "suspended"];
        assert_eq!(names_of(SubscriptionStatus::ALL), statuses);
        assert_eq!(names_of(PurchaseChannel::ALL), ["volume_licensing", "web_direct", "csp"]);
        assert_eq!(names_of(ConsentChannel::ALL), ["link", "signed_in", "silence"]);
        assert_eq!(names_of(NoticeKind::ALL), ["submission", "approval", "change", "dispute"]);
        assert_eq!(names_of(NoticeState::ALL), ["queued", "accepted", "bounced", "withdrawn"]);
        assert_eq!(names_of(ReviewClock::ALL), ["review_start", "review_decision", "overall", "dispute_decision"]);
    }

    #[test]
    fn r4_r5_the_strings_of_roles_are_stable() {
        let partner = ["global_admin", "billing_admin", "incentives_admin", "incentives_user"];
        let vendor = ["poe_reviewer", "review_lead", "program_manager", "directory_sync", "operator"];
        assert_eq!(names_of(Role::ALL), [&partner[..], &vendor, &["customer_admin"]].concat());
    }

    #[test]
    fn r25_r30_r31_r32_the_strings_of_reasons_are_stable() {
        let withdraw = ["wrong_mpn_id", "wrong_activity", "no_longer_works_with_customer", "other"];
        assert_eq!(names_of(WithdrawReason::ALL), withdraw);
        let action = [
            "poe_missing",
            "customer_acknowledgement_missing",
            "dates_missing_or_old",
            "service_insufficiently_described",
            "products_missing",
        ];
        assert_eq!(names_of(PartnerActionReason::ALL), action);
        let primary = [
            "partner_request",
            "customer_declined",
            "insufficient_poe",
            "lost_to_competing_claim",
            "customer_not_reached",
        ];
        assert_eq!(names_of(PrimaryRejectionReason::ALL), primary);
        let further = ["customer_consent_missing", "products_missing", "no_partner_response", "poe_not_available"];
        assert_eq!(names_of(FurtherRejectionReason::ALL), further);
    }

    #[test]
    fn a_parse_error_lists_the_valid_strings() {
        let error = "Usage".parse::<Activity>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "must be an activity: one of `usage` `pre_sales` `revenue_association`, but is `Usage`"
        );
    }
}
