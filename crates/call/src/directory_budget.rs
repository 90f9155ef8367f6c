//! Limits how often users of partners ask about the domains of customers, so that nobody can find
//! out by trial which domains belong to which tenant (R12a).
use std::time::Duration;

use cpor_process::{
    config::ValidationErrors,
    rate_limit::{RateLimit, per_hour},
};
use cpor_proto::options::v1::ErrorReason;
use cpor_types::PartnerId;
use serde::{Deserialize, Serialize};
use tonic::Status;

use crate::status;

/// The number of questions that partners may ask one process within an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DirectoryBudgetConfig {
    /// The maximum for one user of a partner.
    pub per_user_per_hour: u32,
    /// The maximum for all users of one partner.
    pub per_partner_per_hour: u32,
}

impl Default for DirectoryBudgetConfig {
    fn default() -> Self {
        Self { per_user_per_hour: 1000, per_partner_per_hour: 5000 }
    }
}

impl DirectoryBudgetConfig {
    /// Adds an error for each value that is not allowed.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        errors.require(self.per_user_per_hour > 0, "per_user_per_hour", "must be at least 1");
        errors.require(self.per_partner_per_hour > 0, "per_partner_per_hour", "must be at least 1");
    }
}

/// The budgets of all users and partners in one process.
#[derive(Debug)]
pub struct DirectoryBudget {
    config: DirectoryBudgetConfig,
    users: RateLimit,
    partners: RateLimit,
}

/// The reason why a question is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyQuestions {
    /// Whose budget is used up: `user` or `partner`.
    scope: &'static str,
    /// The number of questions within an hour.
    limit: u32,
    /// The time to wait.
    wait: Duration,
}

impl DirectoryBudget {
    /// Creates the budgets.
    #[must_use]
    pub fn new(config: DirectoryBudgetConfig) -> Self {
        Self {
            config,
            users: RateLimit::new(per_hour(config.per_user_per_hour)),
            partners: RateLimit::new(per_hour(config.per_partner_per_hour)),
        }
    }

    /// Counts a question of a user of a partner.
    ///
    /// # Errors
    /// Returns the budget that is used up.
    pub fn ask(&self, user: &str, partner: &PartnerId) -> Result<(), TooManyQuestions> {
        let used_up = |scope, limit| move |wait| TooManyQuestions { scope, limit, wait };
        self.users.check(user).map_err(used_up("user", self.config.per_user_per_hour))?;
        let refused = used_up("partner", self.config.per_partner_per_hour);
        self.partners.check(partner).map_err(refused).inspect_err(|_| self.users.give_back(user))
    }

    /// Gives back a question whose answer tells the user nothing new.
    pub fn give_back(&self, user: &str, partner: &PartnerId) {
        self.users.give_back(user);
        self.partners.give_back(partner);
    }
}

impl From<TooManyQuestions> for Status {
    fn from(TooManyQuestions { scope, limit, wait }: TooManyQuestions) -> Self {
        status::resource_exhausted(
            ErrorReason::TooManyDirectoryQuestions.as_str_name(),
            format!(
                "too many questions about domains of customers: at most {limit} an hour per {scope}; try again later"
            ),
            &[("scope", scope), ("limit", &limit.to_string())],
            wait,
        )
    }
}
