//! What the directory says of a claim (R12), and how the claim takes it in.
use super::{Claim, KnownLine, Violation};
use cpor_types::{LineId, TenantId};
use serde::{Deserialize, Serialize};

/// Everything that had to be asked about one content of a claim before it can be judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// What the directory says of the whole.
    pub directory: Directory,
    /// What it knows of each line.
    pub lines: Vec<(LineId, KnownLine)>,
}

/// What the directory said of the claim's content when it was last asked; all empty until then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Directory {
    /// The partner's name; empty when unknown.
    pub partner_display_name: String,
    /// Calendar of the location that the MPN id names; `None` when it is not the partner's.
    pub partner_calendar: Option<String>,
    /// The customer; `None` when unknown.
    pub tenant: Option<Tenant>,
    /// What it does not admit, the company's own other claims included (R38).
    pub violations: Vec<Violation>,
}

/// A customer as the directory knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its directory id.
    pub id: TenantId,
    /// Its name.
    pub display_name: String,
    /// Its calendar.
    pub calendar: String,
}

impl Directory {
    /// The reason that a draft is refused for, too (R16).
    const LOCATION_NOT_OF_PARTNER: &'static str = "LOCATION_NOT_OF_PARTNER";

    /// The customer's name, where it is known.
    #[must_use]
    pub fn customer(&self) -> Option<&str> {
        self.tenant.as_ref().map(|tenant| tenant.display_name.as_str()).filter(|name| !name.is_empty())
    }

    /// Whether the MPN id is known to be no location of the company.
    #[must_use]
    pub fn denies_location(&self) -> bool {
        self.violations.iter().any(|violation| violation.reason == Self::LOCATION_NOT_OF_PARTNER)
    }
}

impl Claim {
    /// Takes in what the directory says of the present content; `None` forgets what it said of an earlier one.
    pub(super) fn set_directory_facts(&mut self, facts: Option<&Facts>) {
        self.directory = facts.map(|facts| facts.directory.clone()).unwrap_or_default();
        let known = facts.map_or(&[][..], |facts| &facts.lines);
        for line in &mut self.content.lines {
            line.known = known.iter().find(|(id, _)| *id == line.id).map(|(_, known)| known.clone());
        }
    }
}
