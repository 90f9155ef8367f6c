//! Facts of example associations, for tests.

use cpor_types::{Activity, AssociationKey, LineId, SolutionArea, Timestamp};
use uuid::Uuid;

use super::{
    ActiveGuides, AssociationFacts, Enrollment, GuideCatalog, GuideDocument, LineFacts, PartnerFacts, SubscriptionFacts,
};

/// Parses an RFC 3339 timestamp.
pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Returns the subscription that [`presales`] is about.
pub(crate) fn subscription() -> SubscriptionFacts {
    SubscriptionFacts {
        id: Uuid::from_u128(7).into(),
        status: "active".into(),
        channel: "web_direct".into(),
        purchase_time: time("2026-02-20T00:00:00Z"),
        end_time: None,
    }
}

/// Returns a pre-sales association with one subscription of Dynamics 365 Sales.
pub(crate) fn presales() -> AssociationFacts {
    AssociationFacts {
        claim: "partners/contoso/claims/00000000-0000-0000-0000-000000000001"
            .parse::<cpor_types::ClaimName>()
            .unwrap()
            .into(),
        tenant: Uuid::from_u128(2).into(),
        tenant_region: "emea".into(),
        solution_area: SolutionArea::BusinessApplications,
        activities: vec![Activity::PreSales],
        lines: vec![LineFacts {
            line: LineId::from(Uuid::from_u128(3)),
            key: AssociationKey::Subscription(Uuid::from_u128(7).into()),
            product: "dynamics-365-sales".parse().unwrap(),
            is_incentivized: true,
            subscription: Some(subscription()),
            end: None,
        }],
        partner: PartnerFacts {
            mpn_id: "1001".into(),
            location_region: "emea".into(),
            enrollments: ["osa_sell", "osu_microsoft_365"]
                .map(|program| Enrollment {
                    program: program.parse().unwrap(),
                    start_time: time("2025-01-01T00:00:00Z"),
                    end_time: None,
                })
                .to_vec(),
        },
        submit_time: time("2026-03-16T09:00:00Z"),
        official_time: time("2026-03-25T00:00:00Z"),
    }
}

/// Returns a usage association with the workload Teams.
pub(crate) fn usage_of_teams() -> AssociationFacts {
    let mut facts = presales();
    facts.solution_area = SolutionArea::Microsoft365;
    facts.activities = vec![Activity::Usage];
    facts.lines[0].key = AssociationKey::Workload("teams".parse().unwrap());
    facts.lines[0].product = "teams".parse().unwrap();
    facts.lines[0].subscription = None;
    facts
}

/// Returns a catalog with the shipped guide only, in force since 2020.
pub(crate) fn guide_catalog() -> GuideCatalog {
    GuideCatalog::shipped(GuideDocument::shipped().unwrap(), "2020-01".parse().unwrap())
}

/// Returns the active guides of [`guide_catalog`].
pub(crate) fn active_guides() -> ActiveGuides {
    ActiveGuides::compile(&guide_catalog()).unwrap()
}
