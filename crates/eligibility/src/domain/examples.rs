//! Openings for tests.

use cpor_types::{Activity, AssociationKey, LineId, SolutionArea, Timestamp};
use uuid::Uuid;

use super::{Enrolment, GuideDocument, Guides, Line, Opening, Partner, Shelf, Subscription};

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn subscription() -> Subscription {
    Subscription {
        id: Uuid::from_u128(7).into(),
        status: "active".into(),
        channel: "web_direct".into(),
        purchase_time: time("2026-02-20T00:00:00Z"),
        end_time: None,
    }
}

pub(crate) fn presales() -> Opening {
    Opening {
        claim: "partners/contoso/claims/00000000-0000-0000-0000-000000000001"
            .parse::<cpor_types::ClaimName>()
            .unwrap()
            .into(),
        tenant: Uuid::from_u128(2).into(),
        tenant_region: "emea".into(),
        solution_area: SolutionArea::BusinessApplications,
        activities: vec![Activity::PreSales],
        lines: vec![Line {
            line: LineId::from(Uuid::from_u128(3)),
            key: AssociationKey::Subscription(Uuid::from_u128(7).into()),
            product: "dynamics-365-sales".parse().unwrap(),
            incentivised: true,
            subscription: Some(subscription()),
            ended: None,
        }],
        partner: Partner {
            mpn_id: "1001".into(),
            location_region: "emea".into(),
            enrolments: ["osa_sell", "osu_microsoft_365"]
                .map(|program| Enrolment {
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

pub(crate) fn usage_of_teams() -> Opening {
    let mut about = presales();
    about.solution_area = SolutionArea::Microsoft365;
    about.activities = vec![Activity::Usage];
    about.lines[0].key = AssociationKey::Workload("teams".parse().unwrap());
    about.lines[0].product = "teams".parse().unwrap();
    about.lines[0].subscription = None;
    about
}

/// The shipped guide alone, in force since 2020.
pub(crate) fn shelf() -> Shelf {
    Shelf::shipped(GuideDocument::shipped().unwrap(), "2020-01".parse().unwrap())
}

pub(crate) fn guides() -> Guides {
    Guides::of(&shelf()).unwrap()
}
