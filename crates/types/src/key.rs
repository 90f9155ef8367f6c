//! Association keys. A key is one workload or subscription of a tenant. Each line of a claim asks
//! for one key. At most one company can hold a key, that is, have it reserved or be on record for
//! it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::text_conversions;
use crate::{Malformed, ProductId, ProductKind, SubscriptionId, TenantId};

/// A workload or subscription of a tenant, which at most one company can hold (R34).
///
/// It is written `workloads/teams` or `subscriptions/{uuid}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AssociationKey {
    /// A Microsoft 365 workload of the tenant.
    Workload(ProductId),
    /// A Business Applications subscription of the tenant.
    Subscription(SubscriptionId),
}

impl AssociationKey {
    /// The expected form in parse errors.
    const EXPECTED: &'static str = "a key like workloads/{product} or subscriptions/{uuid}";

    /// Returns the kind of the key: workload or subscription.
    #[must_use]
    pub const fn kind(&self) -> ProductKind {
        match self {
            Self::Workload(_) => ProductKind::Workload,
            Self::Subscription(_) => ProductKind::Subscription,
        }
    }
}

impl fmt::Display for AssociationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload(product) => write!(f, "workloads/{product}"),
            Self::Subscription(id) => write!(f, "subscriptions/{id}"),
        }
    }
}

impl FromStr for AssociationKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let parsed = match text.split_once('/') {
            Some(("workloads", product)) => product.parse().ok().map(Self::Workload),
            Some(("subscriptions", id)) => id.parse().ok().map(Self::Subscription),
            Some(_) | None => None,
        };
        parsed.ok_or_else(|| Malformed::new(Self::EXPECTED, text))
    }
}

text_conversions!(AssociationKey);

/// A key with its tenant, written `tenants/{tenant}/workloads/teams` for example.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantKey {
    /// The tenant that has the workload or subscription.
    pub tenant: TenantId,
    /// The workload or subscription.
    pub key: AssociationKey,
}

impl TenantKey {
    /// The expected form in parse errors.
    const EXPECTED: &'static str =
        "a name like tenants/{tenant}/workloads/{product} or tenants/{tenant}/subscriptions/{uuid}";
}

impl fmt::Display for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenants/{}/{}", self.tenant, self.key)
    }
}

impl FromStr for TenantKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let parse = || {
            let (tenant, key) = text.strip_prefix("tenants/")?.split_once('/')?;
            Some(Self { tenant: tenant.parse().ok()?, key: key.parse().ok()? })
        };
        parse().ok_or_else(|| Malformed::new(Self::EXPECTED, text))
    }
}

text_conversions!(TenantKey);

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10";

    #[test]
    fn r34_a_key_is_a_workload_or_a_subscription() {
        let workload: AssociationKey = "workloads/teams".parse().unwrap();
        assert_eq!(workload, AssociationKey::Workload("teams".parse().unwrap()));
        assert_eq!((workload.kind(), workload.to_string().as_str()), (ProductKind::Workload, "workloads/teams"));

        let subscription: AssociationKey = format!("subscriptions/{ID}").parse().unwrap();
        assert_eq!(subscription.kind(), ProductKind::Subscription);
        assert_eq!(subscription.to_string(), format!("subscriptions/{ID}"));

        for bad in ["", "teams", "workloads/", "workloads/a/b", "subscriptions/teams", "products/teams"] {
            assert!(bad.parse::<AssociationKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn r34_a_tenant_key_names_its_tenant() {
        let text = format!("tenants/{ID}/subscriptions/{ID}");
        let key: TenantKey = text.parse().unwrap();
        assert_eq!(key.to_string(), text);
        assert_eq!(serde_json::to_value(&key).unwrap(), text);
        for bad in ["", "tenants/x/workloads/teams", &format!("tenants/{ID}"), &format!("tenants/{ID}/workloads")] {
            assert!(bad.parse::<TenantKey>().is_err(), "{bad}");
        }
    }
}
