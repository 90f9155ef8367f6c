//! The coordinates of a claim: solution area, activity and program (R6, R7).

use thiserror::Error;

use crate::ProductKind;
use crate::string_enum;

string_enum! {
    /// The solution area of a claim: the part of the vendor's products that the claim is about.
    pub enum SolutionArea, "a solution area" {
        /// Microsoft 365, claimed per workload of the tenant.
        Microsoft365 = "microsoft_365",
        /// Business Applications, claimed per subscription.
        BusinessApplications = "business_applications",
    }
}

impl SolutionArea {
    /// Returns the kind of product that is claimed in this area (R7).
    #[must_use]
    pub const fn claimed_kind(self) -> ProductKind {
        match self {
            Self::Microsoft365 => ProductKind::Workload,
            Self::BusinessApplications => ProductKind::Subscription,
        }
    }
}

string_enum! {
    /// The activity of a claim: what the partner did for the customer.
    pub enum Activity, "an activity" {
        /// The partner helped the customer to use its products.
        Usage = "usage",
        /// The partner helped to sell the product.
        PreSales = "pre_sales",
        /// The partner is recognised for revenue, but is never paid.
        RevenueAssociation = "revenue_association",
    }
}

impl Activity {
    /// Returns whether a program pays for the activity (R7).
    #[must_use]
    pub const fn is_paid(self) -> bool {
        match self {
            Self::Usage | Self::PreSales => true,
            Self::RevenueAssociation => false,
        }
    }

    /// Returns whether an association for the activity excludes other companies from the same
    /// workload or subscription, unless the policy profile (the set of values that the rules leave
    /// to policy) says otherwise (R7, R34).
    #[must_use]
    pub const fn is_exclusive(self) -> bool {
        self.is_exclusive_under(false)
    }

    /// Returns whether an association for the activity excludes other companies under a policy
    /// profile. `revenue_association_exclusive` is the value of that profile (R61).
    #[must_use]
    pub const fn is_exclusive_under(self, revenue_association_exclusive: bool) -> bool {
        match self {
            Self::Usage | Self::PreSales => true,
            Self::RevenueAssociation => revenue_association_exclusive,
        }
    }
}

string_enum! {
    /// An incentive program that accepts claims (R6).
    pub enum Program, "an incentive program" {
        /// OSA Sell (Online Services Advisor).
        OsaSell = "osa_sell",
        /// OSU Microsoft 365 (Online Services Usage).
        OsuMicrosoft365 = "osu_microsoft_365",
        /// OSU Business Applications (Online Services Usage).
        OsuBusinessApplications = "osu_business_applications",
    }
}

/// The error of an activity that cannot be claimed in a solution area (R7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the activity {activity} cannot be claimed in the solution area {area}")]
pub struct UnsupportedActivity {
    /// The solution area of the claim.
    pub area: SolutionArea,
    /// The activity that cannot be claimed in the area.
    pub activity: Activity,
}

/// Returns the program of a claim with `activity` in `area` (R7), or `None` when no program pays
/// for the activity.
///
/// # Errors
///
/// Returns [`UnsupportedActivity`] when the activity cannot be claimed in the area.
pub const fn program_for(area: SolutionArea, activity: Activity) -> Result<Option<Program>, UnsupportedActivity> {
    match (area, activity) {
        (SolutionArea::Microsoft365, Activity::Usage) => Ok(Some(Program::OsuMicrosoft365)),
        (SolutionArea::BusinessApplications, Activity::PreSales) => Ok(Some(Program::OsaSell)),
        (SolutionArea::BusinessApplications, Activity::Usage) => Ok(Some(Program::OsuBusinessApplications)),
        (SolutionArea::BusinessApplications, Activity::RevenueAssociation) => Ok(None),
        (SolutionArea::Microsoft365, Activity::PreSales | Activity::RevenueAssociation) => {
            Err(UnsupportedActivity { area, activity })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r7_each_pair_has_a_program_or_is_refused() {
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
            assert_eq!(program_for(area, activity), expected.ok_or(UnsupportedActivity { area, activity }));
        }
        let refused = program_for(Microsoft365, PreSales).unwrap_err();
        assert_eq!(refused.to_string(), "the activity pre_sales cannot be claimed in the solution area microsoft_365");
    }

    #[test]
    fn r7_paid_activities_are_exclusive() {
        for activity in Activity::ALL {
            let has_program = SolutionArea::ALL.iter().any(|area| matches!(program_for(*area, *activity), Ok(Some(_))));
            assert_eq!((activity.is_paid(), activity.is_exclusive()), (has_program, has_program), "{activity}");
        }
    }

    #[test]
    fn r7_each_area_has_its_kind() {
        assert_eq!(SolutionArea::Microsoft365.claimed_kind(), ProductKind::Workload);
        assert_eq!(SolutionArea::BusinessApplications.claimed_kind(), ProductKind::Subscription);
    }
}
