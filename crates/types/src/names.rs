//! Resource names of the API. They consist of alternating collections and ids (AIP-122).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::text_conversions;
use crate::{
    AssociationId, CaseId, ClaimId, CommentId, DecisionId, EvidenceId, Malformed, MpnId, NoteId, PartnerId, PayoutId,
    ProductId, ProgramGuideId, SubscriptionId, TenantId,
};

/// Declares resource name types. The first literal describes the expected form in parse errors;
/// each pair in braces is a collection and the id in it.
macro_rules! resource_names {
    ($($(#[$doc:meta])+ $name:ident, $expected:literal { $($collection:literal / $field:ident: $id:ty),+ $(,)? })+) => { $(
        $(#[$doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name {
            $(#[doc = concat!("The id after `", $collection, "/`.")] pub $field: $id,)+
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let segments = [$(format!("{}/{}", $collection, self.$field)),+];
                f.pad(&segments.join("/"))
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                let parse = || {
                    let mut segments = text.split('/');
                    let name = Self { $($field: parse_id_in($collection, &mut segments)?),+ };
                    segments.next().is_none().then_some(name)
                };
                parse().ok_or_else(|| Malformed::new($expected, text))
            }
        }

        text_conversions!($name);
    )+ };
}

/// Parses the next two segments, which must be `collection` and an id.
fn parse_id_in<'t, T: FromStr>(collection: &str, segments: &mut impl Iterator<Item = &'t str>) -> Option<T> {
    (segments.next()? == collection).then_some(())?;
    segments.next()?.parse().ok()
}

resource_names! {
    /// The name of a partner company.
    PartnerName, "a name like partners/{partner}" { "partners" / partner: PartnerId }
    /// The name of a partner's location (R1).
    LocationName, "a name like partners/{partner}/locations/{mpn_id}" {
        "partners" / partner: PartnerId, "locations" / mpn_id: MpnId,
    }
    /// The name of a claim.
    ClaimName, "a name like partners/{partner}/claims/{claim}" {
        "partners" / partner: PartnerId, "claims" / claim: ClaimId,
    }
    /// The name of an evidence document of a claim.
    EvidenceName, "a name like partners/{partner}/claims/{claim}/evidence/{evidence}" {
        "partners" / partner: PartnerId, "claims" / claim: ClaimId, "evidence" / evidence: EvidenceId,
    }
    /// The name of a comment on a claim.
    CommentName, "a name like partners/{partner}/claims/{claim}/comments/{comment}" {
        "partners" / partner: PartnerId, "claims" / claim: ClaimId, "comments" / comment: CommentId,
    }
    /// The name of a payout to a partner (R54a).
    PayoutName, "a name like partners/{partner}/payouts/{payout}" {
        "partners" / partner: PartnerId, "payouts" / payout: PayoutId,
    }
    /// The name of a tenant, a customer's organisation.
    TenantName, "a name like tenants/{tenant}" { "tenants" / tenant: TenantId }
    /// The name of a review case: the reviewers' record of one submitted or disputed claim.
    ReviewCaseName, "a name like tenants/{tenant}/reviewCases/{case}" {
        "tenants" / tenant: TenantId, "reviewCases" / case: CaseId,
    }
    /// The name of a reviewer's note on a review case (R55).
    ReviewNoteName, "a name like tenants/{tenant}/reviewCases/{case}/notes/{note}" {
        "tenants" / tenant: TenantId, "reviewCases" / case: CaseId, "notes" / note: NoteId,
    }
    /// The name of a review lead's decision on the workloads and subscriptions that several
    /// partners claim (R37).
    ArbitrationName, "a name like tenants/{tenant}/arbitrations/{arbitration}" {
        "tenants" / tenant: TenantId, "arbitrations" / arbitration: DecisionId,
    }
    /// The name of the customer's consent to a claim.
    ConsentName, "a name like tenants/{tenant}/consents/{claim}" {
        "tenants" / tenant: TenantId, "consents" / claim: ClaimId,
    }
    /// The name of a workload that a tenant uses.
    WorkloadName, "a name like tenants/{tenant}/workloads/{product}" {
        "tenants" / tenant: TenantId, "workloads" / product: ProductId,
    }
    /// The name of a subscription of a tenant.
    SubscriptionName, "a name like tenants/{tenant}/subscriptions/{subscription}" {
        "tenants" / tenant: TenantId, "subscriptions" / subscription: SubscriptionId,
    }
    /// The name of a partner's association with a workload or subscription of a tenant (R49).
    AssociationName, "a name like tenants/{tenant}/associations/{association}" {
        "tenants" / tenant: TenantId, "associations" / association: AssociationId,
    }
    /// The name of the eligibility assessment of a claim (R52).
    AssessmentName, "a name like tenants/{tenant}/assessments/{claim}" {
        "tenants" / tenant: TenantId, "assessments" / claim: ClaimId,
    }
    /// The name of a product or workload of the catalog (R9).
    ProductName, "a name like products/{product}" { "products" / product: ProductId }
    /// The name of a version of a program guide (R52).
    ProgramGuideName, "a name like programGuides/{guide}" { "programGuides" / guide: ProgramGuideId }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10";

    fn check_round_trip<N: FromStr<Err = Malformed> + fmt::Display>(shape: &str) {
        let text = shape.replace("ID", ID);
        assert_eq!(text.parse::<N>().map(|name| name.to_string()), Ok(text));
    }

    #[test]
    fn every_name_can_be_parsed_and_displayed() {
        check_round_trip::<PartnerName>("partners/contoso");
        check_round_trip::<LocationName>("partners/contoso/locations/0012345");
        check_round_trip::<ClaimName>("partners/contoso/claims/ID");
        check_round_trip::<EvidenceName>("partners/contoso/claims/ID/evidence/ID");
        check_round_trip::<CommentName>("partners/contoso/claims/ID/comments/ID");
        check_round_trip::<PayoutName>("partners/contoso/payouts/ID");
        check_round_trip::<TenantName>("tenants/ID");
        check_round_trip::<ReviewCaseName>("tenants/ID/reviewCases/ID");
        check_round_trip::<ReviewNoteName>("tenants/ID/reviewCases/ID/notes/ID");
        check_round_trip::<ArbitrationName>("tenants/ID/arbitrations/ID");
        check_round_trip::<ConsentName>("tenants/ID/consents/ID");
        check_round_trip::<WorkloadName>("tenants/ID/workloads/teams");
        check_round_trip::<SubscriptionName>("tenants/ID/subscriptions/ID");
        check_round_trip::<AssociationName>("tenants/ID/associations/ID");
        check_round_trip::<AssessmentName>("tenants/ID/assessments/ID");
        check_round_trip::<ProductName>("products/power-bi");
        check_round_trip::<ProgramGuideName>("programGuides/fy26");
    }

    #[test]
    fn a_parse_error_names_the_expected_form() {
        let claim = format!("partners/contoso/claims/{ID}");
        let others = ["", "/", "partners/contoso", "partners/contoso/claims/x", "partners//claims/x", "claims/x"];
        let longer =
            [format!("{claim}/"), format!("/{claim}"), format!("{claim}/evidence/{ID}"), claim.replace("cl", "Cl")];
        for text in others.iter().copied().chain(longer.iter().map(String::as_str)) {
            let error = text.parse::<ClaimName>().unwrap_err();
            assert_eq!(error.expected, "a name like partners/{partner}/claims/{claim}", "{text}");
        }
    }

    #[test]
    fn serde_uses_the_text_form() {
        let name: ClaimName = format!("partners/contoso/claims/{ID}").parse().unwrap();
        let json = serde_json::to_string(&name).unwrap();
        assert_eq!(json, format!("\"{name}\""));
        assert_eq!(serde_json::from_str::<ClaimName>(&json).unwrap(), name);
    }
}
