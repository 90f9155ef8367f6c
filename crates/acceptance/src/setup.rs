//! How a test's system is laid out.

use cpor_types::Service;

/// Which processes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// All five services in one.
    OneProcess,
    /// Each service in a process of its own.
    FiveProcesses,
    /// On PostgreSQL two processes that both host all five services on the same database; on SQLite, which belongs to one process, one.
    TwoReplicas,
}

/// What to boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The processes.
    pub layout: Layout,
    /// Whether there is a [`crate::MailServer`]; without one, mails are files.
    pub mail_server: bool,
    /// The policy profile in force (R61), for example `2023@1`; none: the default.
    pub policy: Option<&'static str>,
}

impl Setup {
    /// All five services in one process, mails as files: what most tests need.
    #[must_use]
    pub fn one_process() -> Self {
        Self { layout: Layout::OneProcess, mail_server: false, policy: None }
    }

    /// A process for each service.
    #[must_use]
    pub fn five_processes() -> Self {
        Self { layout: Layout::FiveProcesses, ..Self::one_process() }
    }

    /// Two replicas of everything, where the database allows it.
    #[must_use]
    pub fn two_replicas() -> Self {
        Self { layout: Layout::TwoReplicas, ..Self::one_process() }
    }

    /// One process where the profile of 2020 is in force.
    #[must_use]
    pub fn under_2020() -> Self {
        Self { policy: Some("2020@1"), ..Self::one_process() }
    }

    /// One process where the profile of 2023 is in force.
    #[must_use]
    pub fn under_2023() -> Self {
        Self { policy: Some("2023@1"), ..Self::one_process() }
    }

    /// One process and a mail server that refuses what it is told to refuse.
    #[must_use]
    pub fn with_mail_server() -> Self {
        Self { mail_server: true, ..Self::one_process() }
    }
}

impl Layout {
    /// The threads of each process, and the PostgreSQL connections of each of its pools. Replicas race, each with itself too. Elsewhere one has to do:
    /// starting the server's processes would be most of a test's time, and whoever took a second connection while holding the first would wait in vain.
    pub(crate) fn width(self) -> u8 {
        match self {
            Self::TwoReplicas => 2,
            Self::OneProcess | Self::FiveProcesses => 1,
        }
    }

    /// The services that each process hosts.
    pub(crate) fn processes(self, shared_database: bool) -> Vec<Vec<Service>> {
        match self {
            Self::FiveProcesses => Service::ALL.iter().map(|service| vec![*service]).collect(),
            Self::TwoReplicas if shared_database => vec![Service::ALL.to_vec(); 2],
            Self::OneProcess | Self::TwoReplicas => vec![Service::ALL.to_vec()],
        }
    }
}
