//! Limits how often users of partners ask about the domains of customers, so that nobody can find
//! out by trial which domains belong to which tenant (R12a). A *question* is a request whose answer
//! tells whether a domain belongs to a tenant. The calling service decides which questions count.
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

/// The refusal of a question, because the budget of the user or of the partner is used up.
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

    /// Returns whether a user of a partner can ask, without counting a question.
    ///
    /// # Errors
    /// Returns the budget that is used up.
    pub fn admit(&self, user: &str, partner: &PartnerId) -> Result<(), TooManyQuestions> {
        let used_up = |scope, limit| move |wait| TooManyQuestions { scope, limit, wait };
        self.users.admit((partner, user)).map_err(used_up("user", self.config.per_user_per_hour))?;
        self.partners.admit(partner).map_err(used_up("partner", self.config.per_partner_per_hour))
    }

    /// Counts questions that were admitted. They can exceed what was left of the budgets. Then no
    /// further question of the user, or of any user of the partner, is admitted until so much time
    /// has passed that the budgets cover all counted questions.
    pub fn charge(&self, user: &str, partner: &PartnerId, questions: u32) {
        self.users.charge((partner, user), questions);
        self.partners.charge(partner, questions);
    }

    /// Counts a question of a user of a partner.
    ///
    /// # Errors
    /// Returns the budget that is used up. Then nothing is counted.
    pub fn ask(&self, user: &str, partner: &PartnerId) -> Result<(), TooManyQuestions> {
        self.admit(user, partner)?;
        self.charge(user, partner, 1);
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn partner(id: &str) -> PartnerId {
        id.parse().unwrap()
    }

    fn refused_scope(result: Result<(), TooManyQuestions>) -> Option<&'static str> {
        result.err().map(|refusal| refusal.scope)
    }

    #[test]
    fn the_same_subject_at_another_partner_is_another_user() {
        let budget = DirectoryBudget::new(DirectoryBudgetConfig { per_user_per_hour: 2, per_partner_per_hour: 5 });
        let (contoso, litware) = (partner("contoso"), partner("litware"));
        let asked = [(); 3].map(|()| refused_scope(budget.ask("alice", &contoso)));
        assert_eq!(asked, [None, None, Some("user")]);
        let asked = [(); 3].map(|()| refused_scope(budget.ask("alice", &litware)));
        assert_eq!(asked, [None, None, Some("user")]);
        let asked = [(); 2].map(|()| refused_scope(budget.ask("bob", &contoso)));
        assert_eq!(asked, [None, None]);
        assert_eq!(["carol", "dan"].map(|user| refused_scope(budget.ask(user, &contoso))), [None, Some("partner")]);
    }

    #[test]
    fn one_question_that_is_left_admits_a_whole_request() {
        let budget = DirectoryBudget::new(DirectoryBudgetConfig { per_user_per_hour: 10, per_partner_per_hour: 100 });
        let contoso = partner("contoso");
        budget.charge("alice", &contoso, 9);
        budget.admit("alice", &contoso).unwrap();
        budget.charge("alice", &contoso, 21);
        let refused = budget.admit("alice", &contoso).unwrap_err();
        assert_eq!((refused.scope, refused.limit), ("user", 10));
        // 30 questions were counted, which is 20 more than the limit.
        let wait = Duration::from_secs(21 * 360);
        assert!(refused.wait > wait - Duration::from_secs(360) && refused.wait <= wait, "{refused:?}");
    }
}
