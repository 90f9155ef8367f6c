//! Return addresses: each notice (a mail to the customer contact) has an envelope sender of its own
//! (a variable envelope return path), so that a report of a failed delivery identifies the notice.

use cpor_types::TenantId;
use data_encoding::BASE32_NOPAD;
use uuid::Uuid;

/// The beginning of the local part of each return address.
const PREFIX: &str = "bounce+";

/// The tenant and the notice that a return address contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReturnAddress {
    /// The tenant whose contact gets the notice.
    pub(crate) tenant: TenantId,
    /// The id of the notice.
    pub(crate) notice: Uuid,
}

/// Creates and reads return addresses at one domain.
#[derive(Clone, Debug)]
pub(crate) struct ReturnAddresses {
    /// The domain, in lower case.
    domain: String,
}

impl ReturnAddresses {
    pub(crate) fn at(domain: &str) -> Self {
        Self { domain: domain.to_ascii_lowercase() }
    }

    /// Returns the return address as text. Its local part has 59 characters; RFC 5321 allows 64.
    pub(crate) fn format(&self, address: ReturnAddress) -> String {
        let ids = [address.tenant.0.into_bytes(), address.notice.into_bytes()];
        let [tenant, notice] = ids.map(|id| BASE32_NOPAD.encode(&id).to_ascii_lowercase());
        format!("{PREFIX}{tenant}{notice}@{}", self.domain)
    }

    /// Finds a return address in the value of a header. Mail systems may have changed the case.
    pub(crate) fn find_in(&self, value: &str) -> Option<ReturnAddress> {
        value.split(|c: char| c.is_whitespace() || "<>,;\"()".contains(c)).find_map(|word| self.parse(word))
    }

    fn parse(&self, text: &str) -> Option<ReturnAddress> {
        let (local, domain) = text.split_once('@')?;
        let ids = local.to_ascii_lowercase().strip_prefix(PREFIX)?.to_ascii_uppercase();
        // An id of 16 bytes has 26 characters in Base32.
        let (tenant, notice) = ids.split_at_checked(26).filter(|_| domain.eq_ignore_ascii_case(&self.domain))?;
        let id = |text: &str| Uuid::from_slice(&BASE32_NOPAD.decode(text.as_bytes()).ok()?).ok();
        Some(ReturnAddress { tenant: TenantId(id(tenant)?), notice: id(notice)? })
    }
}
