//! What can be claimed (R6, R7).

use thiserror::Error;

use crate::ProductKind;
use crate::words::words;

words! {
    /// The half of the vendor's cloud that a claim is about.
    pub enum SolutionArea, "a solution area" {
        /// Microsoft 365, claimed per workload of the tenant.
        Microsoft365 = "microsoft_365",
        /// Business Applications, claimed per subscription.
        BusinessApplications = "business_applications",
    }
}

impl SolutionArea {
    /// What a claim in this area names: workloads of the tenant, or subscriptions (R7).
    #[must_use]
    pub const fn claims(self) -> ProductKind {
        match self {
            Self::Microsoft365 => ProductKind::Workload,
            Self::BusinessApplications => ProductKind::Subscription,
        }
    }
}

words! {
    /// What the partner did for the customer.
    pub enum Activity, "an activity" {
        /// Drove the use of what the customer has.
        Usage = "usage",
        /// Helped to sell it.
        PreSales = "pre_sales",
        /// Is recognised for revenue, never paid for it.
        RevenueAssociation = "revenue_association",
    }
}

impl Activity {
    /// Whether a program pays for it (R7).
    #[must_use]
    pub const fn is_paid(self) -> bool {
        match self {
            Self::Usage | Self::PreSales => true,
            Self::RevenueAssociation => false,
        }
    }

    /// Whether its association holds others out (R7, R34).
    #[must_use]
    pub const fn is_exclusive(self) -> bool {
        match self {
            Self::Usage | Self::PreSales => true,
            Self::RevenueAssociation => false,
        }
    }
}

words! {
    /// An incentive program that takes CPOR claims (R6).
    pub enum Program, "an incentive program" {
        /// Online services advisor, sell.
        OsaSell = "osa_sell",
        /// Online services usage, Microsoft 365.
        OsuMicrosoft365 = "osu_microsoft_365",
        /// Online services usage, Business Applications.
        OsuBusinessApplications = "osu_business_applications",
    }
}

/// A pair that has no row in R7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{activity} cannot be claimed in {area}")]
pub struct NotClaimable {
    /// The solution area asked for.
    pub area: SolutionArea,
    /// The activity that it does not have.
    pub activity: Activity,
}

/// The program that a claim of `activity` in `area` goes to (R7); `None` is recognition only.
///
/// # Errors
///
/// [`NotClaimable`] for a pair that R7 does not list.
pub const fn program(area: SolutionArea, activity: Activity) -> Result<Option<Program>, NotClaimable> {
    match (area, activity) {
        (SolutionArea::Microsoft365, Activity::Usage) => Ok(Some(Program::OsuMicrosoft365)),
        (SolutionArea::BusinessApplications, Activity::PreSales) => Ok(Some(Program::OsaSell)),
        (SolutionArea::BusinessApplications, Activity::Usage) => Ok(Some(Program::OsuBusinessApplications)),
        (SolutionArea::BusinessApplications, Activity::RevenueAssociation) => Ok(None),
        (SolutionArea::Microsoft365, Activity::PreSales | Activity::RevenueAssociation) => {
            Err(NotClaimable { area, activity })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r7_each_pair_goes_to_its_program_or_is_refused() {
        use Activity::{PreSales, RevenueAssociation, Usage};
        use SolutionArea::{BusinessApplications, Microsoft365};
        let matrix = [
            (Microsoft365, Usage, Some(Some(Program::OsuMicrosoft365))),
            (Microsoft365, PreSales, None),
            (Microsoft365, RevenueAssociation, None),
            (BusinessApplications, Usage, Some(Some(Program::OsuBusinessApplications))),
            (BusinessApplications, PreSales, Some(Some(Program::OsaSell))),
            (BusinessApplications, RevenueAssociation, Some(None)),
        ];
        assert_eq!(matrix.len(), SolutionArea::ALL.len() * Activity::ALL.len());
        for (area, activity, expected) in matrix {
            assert_eq!(program(area, activity), expected.ok_or(NotClaimable { area, activity }));
        }
        let refused = program(Microsoft365, PreSales).unwrap_err();
        assert_eq!(refused.to_string(), "pre_sales cannot be claimed in microsoft_365");
    }

    #[test]
    fn r7_only_what_a_program_pays_is_paid_and_exclusive() {
        for activity in Activity::ALL {
            let goes_to_program = SolutionArea::ALL.iter().any(|area| matches!(program(*area, *activity), Ok(Some(_))));
            assert_eq!((activity.is_paid(), activity.is_exclusive()), (goes_to_program, goes_to_program), "{activity}");
        }
    }

    #[test]
    fn r7_each_area_claims_its_own_kind() {
        assert_eq!(SolutionArea::Microsoft365.claims(), ProductKind::Workload);
        assert_eq!(SolutionArea::BusinessApplications.claims(), ProductKind::Subscription);
    }
}
