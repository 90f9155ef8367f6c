//! What the directory (the registry service) says about a claim (R12), and how the claim stores it.
use super::{Claim, DirectoryLine, Violation};
use cpor_types::{LineId, TenantId};
use serde::{Deserialize, Serialize};

/// What the directory says about one version of a claim's content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DirectoryFacts {
    /// What the directory says about the claim as a whole.
    pub directory: DirectoryAnswer,
    /// What the directory knows about each line.
    pub lines: Vec<(LineId, DirectoryLine)>,
}

/// The directory's last answer about the claim's content. All fields are empty until the directory
/// was asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DirectoryAnswer {
    /// The partner's name; empty when unknown.
    pub partner_display_name: String,
    /// The calendar of the location that the MPN id names; `None` when the location is not the
    /// partner's.
    pub partner_calendar: Option<String>,
    /// The customer; `None` when unknown.
    pub tenant: Option<Tenant>,
    /// The violations that the directory found, including lines that the company has already
    /// claimed elsewhere (R38).
    pub violations: Vec<Violation>,
}

/// A customer as the directory knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// The customer's directory id.
    pub id: TenantId,
    /// The customer's name.
    pub display_name: String,
    /// The id of the customer's calendar.
    pub calendar: String,
}

impl DirectoryAnswer {
    /// The directory's reason for refusing an MPN id. R16: a draft is refused for it too.
    const LOCATION_NOT_OF_PARTNER: &'static str = "LOCATION_NOT_OF_PARTNER";

    /// Returns the customer's name, if it is known.
    #[must_use]
    pub fn customer_name(&self) -> Option<&str> {
        self.tenant.as_ref().map(|tenant| tenant.display_name.as_str()).filter(|name| !name.is_empty())
    }

    /// Returns whether the directory found that the MPN id is not a location of the company.
    #[must_use]
    pub fn denies_location(&self) -> bool {
        self.violations.iter().any(|violation| violation.reason == Self::LOCATION_NOT_OF_PARTNER)
    }
}

impl Claim {
    /// Stores what the directory says about the present content. `None` removes the answer about an
    /// earlier content.
    pub(super) fn set_directory_facts(&mut self, facts: Option<&DirectoryFacts>) {
        self.directory = facts.map(|facts| facts.directory.clone()).unwrap_or_default();
        let known = facts.map_or(&[][..], |facts| &facts.lines);
        for line in &mut self.content.lines {
            line.known = known.iter().find(|(id, _)| *id == line.id).map(|(_, known)| known.clone());
        }
    }
}
