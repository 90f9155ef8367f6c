//! What can be claimed (R9): data, checked when it is read.
use std::collections::BTreeMap;
use std::ops::Bound;

use cpor_types::{ProductFamily, ProductId, ProductKind, SolutionArea, Timestamp};
use serde::Deserialize;

/// The catalog that ships with the service.
const DEFAULT: &str = include_str!("../../catalog.toml");

/// Every product and workload that the vendor lists, by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Catalog(BTreeMap<ProductId, Product>);

/// A product of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) id: ProductId,
    pub(crate) display_name: String,
    pub(crate) solution_area: SolutionArea,
    pub(crate) family: ProductFamily,
    pub(crate) kind: ProductKind,
    pub(crate) claimable_from: Timestamp,
    /// Exclusive; `None` is open-ended.
    pub(crate) claimable_until: Option<Timestamp>,
    /// Otherwise it is recognition-only: associated, never paid.
    pub(crate) incentivised: bool,
}

/// Why a catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// It is not the TOML that is expected.
    #[error("catalog: {0}")]
    Malformed(#[from] toml::de::Error),
    /// An id is listed twice.
    #[error("catalog: product `{0}` is listed twice")]
    Duplicate(ProductId),
    /// The product can never be claimed.
    #[error("catalog: product `{0}` is claimable until before it is claimable from")]
    EmptyPeriod(ProductId),
    /// Workloads are Microsoft 365, subscriptions are Business Applications (R7).
    #[error("catalog: product `{0}` is of a kind or family that its solution area does not have")]
    Mismatch(ProductId),
}

impl Catalog {
    /// The catalog of R9.
    pub(crate) fn shipped() -> Result<Self, CatalogError> {
        Self::parse(DEFAULT)
    }

    /// Reads a catalog and refuses it whole when anything in it is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, CatalogError> {
        let file: File = toml::from_str(text)?;
        let mut products = BTreeMap::new();
        for product in file.group.into_iter().flat_map(Group::products) {
            product.check()?;
            if let Some(twice) = products.insert(product.id.clone(), product) {
                return Err(CatalogError::Duplicate(twice.id));
            }
        }
        Ok(Self(products))
    }

    /// The product of this id.
    pub(crate) fn get(&self, id: &ProductId) -> Option<&Product> {
        self.0.get(id)
    }

    /// All products, by id, those after `after` only.
    pub(crate) fn after(&self, after: Option<&ProductId>) -> impl Iterator<Item = &Product> {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.clone()));
        self.0.range((from, Bound::Unbounded)).map(|(_, product)| product)
    }
}

impl Product {
    /// Whether a claim of it is taken at this time.
    pub(crate) fn claimable_at(&self, now: Timestamp) -> bool {
        self.claimable_from <= now && self.claimable_until.is_none_or(|until| now < until)
    }

    fn check(&self) -> Result<(), CatalogError> {
        if self.claimable_until.is_some_and(|until| until <= self.claimable_from) {
            return Err(CatalogError::EmptyPeriod(self.id.clone()));
        }
        let microsoft_365 = self.solution_area == SolutionArea::Microsoft365;
        if self.kind != self.solution_area.claims() || microsoft_365 != (self.family == ProductFamily::Microsoft365) {
            return Err(CatalogError::Mismatch(self.id.clone()));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    group: Vec<Group>,
}

/// Products that have their area, family, kind and first day in common.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    solution_area: SolutionArea,
    family: ProductFamily,
    kind: ProductKind,
    since: Timestamp,
    products: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: ProductId,
    name: String,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    #[serde(default = "paid")]
    incentivised: bool,
}

fn paid() -> bool {
    true
}

impl Group {
    fn products(self) -> impl Iterator<Item = Product> {
        let Self { solution_area, family, kind, since, products } = self;
        products.into_iter().map(move |entry| Product {
            id: entry.id,
            display_name: entry.name,
            solution_area,
            family,
            kind,
            claimable_from: entry.since.unwrap_or(since),
            claimable_until: entry.until,
            incentivised: entry.incentivised,
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn ships_what_r9_lists() {
        let catalog = Catalog::shipped().unwrap();
        let of = |family| catalog.after(None).filter(|product| product.family == family).count();
        assert_eq!(
            [
                ProductFamily::Microsoft365,
                ProductFamily::Dynamics365,
                ProductFamily::PowerBi,
                ProductFamily::PowerPlatform
            ]
            .map(of),
            [10, 14, 1, 2]
        );
        let recognised: Vec<_> =
            catalog.after(None).filter(|product| !product.incentivised).map(|product| product.id.as_str()).collect();
        assert_eq!(recognised, ["azure-information-protection", "outlook-mobile", "yammer"]);
    }

    #[test]
    fn a_wrong_catalog_is_refused() {
        let one = |area: &str, kind: &str, id: &str, more: &str| {
            Catalog::parse(&format!(
                "[[group]]\nsolution_area = \"{area}\"\nfamily = \"microsoft_365\"\nkind = \"{kind}\"\nsince = \"2020-01-01T00:00:00Z\"\nproducts = [{{ id = \"{id}\", name = \"X\"{more} }}, {{ id = \"b\", name = \"B\" }}]"
            ))
        };
        assert!(one("microsoft_365", "workload", "a", "").is_ok());
        assert!(matches!(one("microsoft_365", "workload", "b", ""), Err(CatalogError::Duplicate(_))));
        assert!(matches!(one("microsoft_365", "workload", "A b", ""), Err(CatalogError::Malformed(_))));
        assert!(matches!(one("microsoft_365", "subscription", "a", ""), Err(CatalogError::Mismatch(_))));
        assert!(matches!(one("business_applications", "subscription", "a", ""), Err(CatalogError::Mismatch(_))));
        assert!(matches!(
            one("microsoft_365", "workload", "a", ", until = \"2019-01-01T00:00:00Z\""),
            Err(CatalogError::EmptyPeriod(_))
        ));
        assert!(matches!(one("microsoft_365", "workload", "a", ", price = 1"), Err(CatalogError::Malformed(_))));
    }

    #[test]
    fn claimable_from_is_inclusive_and_until_exclusive() {
        let mut product = Catalog::shipped().unwrap().get(&"teams".parse().unwrap()).unwrap().clone();
        let from = product.claimable_from;
        let until = from + TimeDelta::microseconds(10);
        product.claimable_until = Some(until);
        assert!(product.claimable_at(from));
        assert!(!product.claimable_at(from - TimeDelta::microseconds(1)));
        assert!(!product.claimable_at(until));
    }
}
