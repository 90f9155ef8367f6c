//! The configuration of this service.
use cpor_mail::MailConfig;
use cpor_process::config::ValidationErrors;
use serde::{Deserialize, Serialize};

/// The section `[poe_review]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The id of the calendar that counts the business days of review deadlines (R46).
    pub calendar: String,
    /// The number of seconds after which another process may take over an approval, or an
    /// arbitration between competing claims, that is not complete. It should be longer than a call
    /// to the registry can take. Otherwise two processes may make the same call, which is harmless
    /// but slower.
    pub approval_lease_seconds: u64,
    /// The delay in milliseconds before an approval or arbitration is retried after its first
    /// failure. The delay doubles with each further failure, up to `approval_lease_seconds`.
    pub approval_retry_millis: u64,
    /// The number of milliseconds between two searches for approvals and arbitrations to retry.
    /// Those that failed in this process are retried when their delay ends.
    pub approval_poll_millis: u64,
    /// The number of milliseconds between two searches for cases whose rivals (competing claims of
    /// other companies) may have changed. Changes that this process commits are found at once.
    pub contest_poll_millis: u64,
    /// The address of the review leads. They receive a mail when a case is overdue (R45), and the
    /// reminders (R48) and the mails about bounced notices (R41a) of cases whose reviewer has no
    /// e-mail address. If it is absent, no such mails are sent. A reviewer whose subject (user id)
    /// is an e-mail address receives these reminders and mails directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_mail: Option<String>,
    /// The settings for sending mail.
    pub mail: MailConfig,
    /// The number of seconds (real time) without a change after which an open WatchReviewCases
    /// stream sends a heartbeat: 1 to 60.
    pub watch_heartbeat_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            calendar: "vendor-us".to_owned(),
            approval_lease_seconds: 15,
            approval_retry_millis: 500,
            approval_poll_millis: 2_000,
            contest_poll_millis: 2_000,
            lead_mail: None,
            mail: MailConfig::default(),
            watch_heartbeat_seconds: 15,
        }
    }
}

impl Config {
    /// Adds an error to `errors` for each setting whose value is not allowed.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        errors.require(
            (1..=3600).contains(&self.approval_lease_seconds),
            "approval_lease_seconds",
            "must be between 1 and 3600",
        );
        errors.require(
            (1..=60_000).contains(&self.approval_retry_millis),
            "approval_retry_millis",
            "must be between 1 and 60000",
        );
        errors.require(
            (10..=60_000).contains(&self.approval_poll_millis),
            "approval_poll_millis",
            "must be between 10 and 60000",
        );
        errors.require(
            (10..=60_000).contains(&self.contest_poll_millis),
            "contest_poll_millis",
            "must be between 10 and 60000",
        );
        let is_lead_mail_valid = self.lead_mail.as_ref().is_none_or(|address| address.contains('@'));
        errors.require(is_lead_mail_valid, "lead_mail", "must be a valid e-mail address");
        errors.in_section("mail", |errors| self.mail.validate(errors));
        let is_in_range = (1..=60).contains(&self.watch_heartbeat_seconds);
        errors.require(is_in_range, "watch_heartbeat_seconds", "must be between 1 and 60");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid_keys(config: &Config) -> Vec<String> {
        let mut errors = ValidationErrors::default();
        config.validate(&mut errors);
        errors.errors().iter().map(|error| error.key.clone()).collect()
    }

    #[test]
    fn the_default_is_valid() {
        assert_eq!(invalid_keys(&Config::default()), Vec::<String>::new());
    }

    #[test]
    fn every_fault_is_named() {
        let config = Config { approval_lease_seconds: 0, contest_poll_millis: 0, ..Config::default() };
        assert_eq!(invalid_keys(&config), ["approval_lease_seconds", "contest_poll_millis"]);
    }
}
