//! This service's own part of the configuration.
use cpor_kit::config::Faults;
use cpor_mail::MailConfig;
use serde::{Deserialize, Serialize};

/// `[poe_review]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The calendar that review clocks run by (R46).
    pub calendar: String,
    /// Seconds until an approval that its beginner has not completed is taken up by somebody else. Longer than a call
    /// of the registry may take, or the work is done twice (which does no harm).
    pub approval_lease_seconds: u64,
    /// Milliseconds that an approval rests after its first failure; doubles with each, up to the lease.
    pub approval_retry_millis: u64,
    /// Milliseconds between two looks for approvals to take up.
    pub approval_poll_millis: u64,
    /// Milliseconds between two looks for cases that may have rivals.
    pub contest_poll_millis: u64,
    /// Where leads are told by mail that a case is overdue (R45), and of deadlines ahead of cases that nobody has; absent: they
    /// are not. Reviewers are reminded by mail where their subjects are addresses (R48).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_mail: Option<String>,
    /// How mail leaves.
    pub mail: MailConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            calendar: "vendor-us".to_owned(),
            approval_lease_seconds: 15,
            approval_retry_millis: 500,
            approval_poll_millis: 500,
            contest_poll_millis: 200,
            lead_mail: None,
            mail: MailConfig::default(),
        }
    }
}

impl Config {
    /// Notes everything that is wrong.
    pub fn validate(&self, faults: &mut Faults) {
        faults.require(
            (1..=3600).contains(&self.approval_lease_seconds),
            "approval_lease_seconds",
            "must be between 1 and 3600",
        );
        faults.require(
            (1..=60_000).contains(&self.approval_retry_millis),
            "approval_retry_millis",
            "must be between 1 and 60000",
        );
        faults.require(
            (10..=60_000).contains(&self.approval_poll_millis),
            "approval_poll_millis",
            "must be between 10 and 60000",
        );
        faults.require(
            (10..=60_000).contains(&self.contest_poll_millis),
            "contest_poll_millis",
            "must be between 10 and 60000",
        );
        let lead_mail = self.lead_mail.as_ref().is_none_or(|address| address.contains('@'));
        faults.require(lead_mail, "lead_mail", "must be an e-mail address");
        faults.within("mail", |faults| self.mail.validate(faults));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(config: &Config) -> Vec<String> {
        let mut faults = Faults::default();
        config.validate(&mut faults);
        faults.found().iter().map(|fault| fault.key.clone()).collect()
    }

    #[test]
    fn the_default_is_sound() {
        assert_eq!(faults(&Config::default()), Vec::<String>::new());
    }

    #[test]
    fn every_fault_is_named() {
        let config = Config { approval_lease_seconds: 0, contest_poll_millis: 0, ..Config::default() };
        assert_eq!(faults(&config), ["approval_lease_seconds", "contest_poll_millis"]);
    }
}
