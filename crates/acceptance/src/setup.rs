//! The setup of the system under test.

use cpor_types::Service;

use crate::system::START;

/// The distribution of the services over processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessLayout {
    /// One process hosts all five services.
    OneProcess,
    /// Each service has a process of its own.
    FiveProcesses,
    /// On PostgreSQL two processes host all five services on the same database. On SQLite, which
    /// only one process can use, there is one process.
    TwoReplicas,
}

/// The setup of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The layout of the processes.
    pub layout: ProcessLayout,
    /// Whether the system sends its mails to a [`crate::MailServer`]. Otherwise it writes them to
    /// files.
    pub mail_server: bool,
    /// The policy profiles (named sets of the values that the rules leave to policy) with the times
    /// from which they are in force (R61), for example `2023@1` and `2026-04-01T00:00:00Z`. Empty
    /// for the default profile.
    pub policies: &'static [(&'static str, &'static str)],
    /// Whether the system trusts a [`cpor_testing::TestIssuer`] with the name `corp` too.
    pub identity_provider: bool,
    /// Whether the system reads the catalog from [`TestStorage::catalog`](crate::TestStorage). The
    /// file starts as a copy of the shipped catalog.
    pub catalog_file: bool,
    /// Whether the system reads the calendar `de` from the file
    /// [`crate::TestStorage::calendar_file`].
    pub calendar_file: bool,
    /// Whether the processes read their keys from files, as `cpor keys` makes them in
    /// [`crate::TestStorage::keys`].
    pub key_files: bool,
}

impl Setup {
    /// Returns the setup of one process that hosts all five services, with mails as files.
    #[must_use]
    pub fn one_process() -> Self {
        Self {
            layout: ProcessLayout::OneProcess,
            mail_server: false,
            identity_provider: false,
            policies: &[],
            catalog_file: false,
            calendar_file: false,
            key_files: false,
        }
    }

    /// Returns the setup of one process for each service.
    #[must_use]
    pub fn five_processes() -> Self {
        Self { layout: ProcessLayout::FiveProcesses, ..Self::one_process() }
    }

    /// Returns the setup of one process for each service, with keys in files.
    #[must_use]
    pub fn five_processes_with_key_files() -> Self {
        Self { key_files: true, ..Self::five_processes() }
    }

    /// Returns the setup of two replicas of all services, on PostgreSQL.
    #[must_use]
    pub fn two_replicas() -> Self {
        Self { layout: ProcessLayout::TwoReplicas, ..Self::one_process() }
    }

    /// Returns the setup of one process with the policy profile of 2020.
    #[must_use]
    pub fn policy_2020() -> Self {
        Self { policies: &[("2020@1", START)], ..Self::one_process() }
    }

    /// Returns the setup of one process with the policy profile of 2023.
    #[must_use]
    pub fn policy_2023() -> Self {
        Self { policies: &[("2023@1", START)], ..Self::one_process() }
    }

    /// Returns the setup of one process with the policy profile of 2021, and that of 2023 from 18
    /// March 2026 on.
    #[must_use]
    pub fn policy_2023_from_18_march() -> Self {
        Self { policies: &[("2021@1", START), ("2023@1", "2026-03-18T00:00:00Z")], ..Self::one_process() }
    }

    /// Returns the setup of one process with a catalog that the test can change.
    #[must_use]
    pub fn own_catalog() -> Self {
        Self { catalog_file: true, ..Self::one_process() }
    }

    /// Returns the setup of one process that reads the calendar `de` from a file.
    #[must_use]
    pub fn with_calendar_file() -> Self {
        Self { calendar_file: true, ..Self::one_process() }
    }

    /// Returns the setup of one process and an identity provider.
    #[must_use]
    pub fn with_identity_provider() -> Self {
        Self { identity_provider: true, ..Self::one_process() }
    }

    /// Returns the setup of one process and a mail server.
    #[must_use]
    pub fn with_mail_server() -> Self {
        Self { mail_server: true, ..Self::one_process() }
    }
}

impl ProcessLayout {
    /// Returns the number of threads of a process, and of PostgreSQL connections of each pool.
    ///
    /// Replicas have two, so that requests run concurrently. Other layouts have one: connecting is
    /// slow, and code that takes a second connection while it holds the first then blocks and fails
    /// the test.
    pub(crate) fn concurrency(self) -> u8 {
        match self {
            Self::TwoReplicas => 2,
            Self::OneProcess | Self::FiveProcesses => 1,
        }
    }

    /// Returns the services that each process hosts.
    pub(crate) fn processes(self, shared_database: bool) -> Vec<Vec<Service>> {
        match self {
            Self::FiveProcesses => Service::ALL.iter().map(|service| vec![*service]).collect(),
            Self::TwoReplicas if shared_database => vec![Service::ALL.to_vec(); 2],
            Self::OneProcess | Self::TwoReplicas => vec![Service::ALL.to_vec()],
        }
    }
}
