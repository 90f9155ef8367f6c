//! The catalog: the products and workloads that can be claimed (R9). It is a TOML
//! file and is checked when it is read.
use std::collections::BTreeMap;

use cpor_types::{ProductFamily, ProductId, ProductKind, SolutionArea, Timestamp};
use serde::Deserialize;

/// The catalog that ships with the service.
const SHIPPED_CATALOG: &str = include_str!("../../catalog.toml");

/// The products and workloads of the catalog, by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Catalog(BTreeMap<ProductId, Product>);

/// A product or workload of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) id: ProductId,
    pub(crate) display_name: String,
    pub(crate) solution_area: SolutionArea,
    pub(crate) family: ProductFamily,
    /// Whether the product is claimed as a workload or by subscription.
    pub(crate) kind: ProductKind,
    /// The inclusive start of the period in which the product can be claimed.
    pub(crate) claimable_from: Timestamp,
    /// The exclusive end of the period in which the product can be claimed, or `None` when it is
    /// open-ended.
    pub(crate) claimable_until: Option<Timestamp>,
    /// Whether partners are paid for the product. A partner on record for another product is
    /// recognised, but not paid.
    pub(crate) incentivized: bool,
}

/// The reason why a catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The text is not TOML, or does not have the structure of a catalog.
    #[error("catalog: {0}")]
    Malformed(#[from] toml::de::Error),
    /// A product id occurs twice.
    #[error("catalog: product `{0}` is listed twice")]
    Duplicate(ProductId),
    /// The end of the claimable period is not after its start.
    #[error("catalog: product `{0}`: `until` must be after `since`")]
    EmptyPeriod(ProductId),
    /// The kind or the family does not match the solution area: Microsoft 365 has workloads,
    /// Business Applications has subscriptions (R7).
    #[error("catalog: product `{0}`: `kind` and `family` must match `solution_area`")]
    Mismatch(ProductId),
}

impl Catalog {
    /// Returns the catalog that ships with the service (R9).
    pub(crate) fn shipped() -> Result<Self, CatalogError> {
        Self::parse(SHIPPED_CATALOG)
    }

    /// Parses a catalog from TOML.
    ///
    /// # Errors
    /// Returns the first error. A catalog with any error is refused as a whole.
    pub(crate) fn parse(text: &str) -> Result<Self, CatalogError> {
        let file: CatalogFile = toml::from_str(text)?;
        let mut products = BTreeMap::new();
        for product in file.group.into_iter().flat_map(Group::products) {
            product.check()?;
            if let Some(duplicate) = products.insert(product.id.clone(), product) {
                return Err(CatalogError::Duplicate(duplicate.id));
            }
        }
        Ok(Self(products))
    }

    pub(crate) fn get(&self, id: &ProductId) -> Option<&Product> {
        self.0.get(id)
    }

    /// Returns the products in the order of their ids.
    pub(crate) fn products(&self) -> impl Iterator<Item = &Product> {
        self.0.values()
    }
}

impl Product {
    /// Returns whether the product can be claimed at this time.
    pub(crate) fn is_claimable_at(&self, now: Timestamp) -> bool {
        self.claimable_from <= now && self.claimable_until.is_none_or(|until| now < until)
    }

    /// Checks that the fields of the product are consistent.
    fn check(&self) -> Result<(), CatalogError> {
        if self.claimable_until.is_some_and(|until| until <= self.claimable_from) {
            return Err(CatalogError::EmptyPeriod(self.id.clone()));
        }
        let is_microsoft_365 = self.solution_area == SolutionArea::Microsoft365;
        if self.kind != self.solution_area.claimed_kind()
            || is_microsoft_365 != (self.family == ProductFamily::Microsoft365)
        {
            return Err(CatalogError::Mismatch(self.id.clone()));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogFile {
    group: Vec<Group>,
}

/// Products that share a solution area, a family, a kind and the default of `since`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    solution_area: SolutionArea,
    family: ProductFamily,
    kind: ProductKind,
    /// The start of the claimable period of products that set no `since` of their own.
    since: Timestamp,
    products: Vec<ProductEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductEntry {
    id: ProductId,
    name: String,
    /// The start of the claimable period, or `None` for that of the group.
    since: Option<Timestamp>,
    /// The exclusive end of the claimable period, or `None` when it is open-ended.
    until: Option<Timestamp>,
    #[serde(default = "incentivized_by_default")]
    incentivized: bool,
}

/// Returns the value of `incentivized` for products that do not set it.
fn incentivized_by_default() -> bool {
    true
}

impl Group {
    /// Returns the products of the group, with the values that they share.
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
            incentivized: entry.incentivized,
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn r9_the_shipped_catalog_is_complete() {
        let catalog = Catalog::shipped().unwrap();
        let count = |family| catalog.products().filter(|product| product.family == family).count();
        assert_eq!(
            [
                ProductFamily::Microsoft365,
                ProductFamily::Dynamics365,
                ProductFamily::PowerBi,
                ProductFamily::PowerPlatform
            ]
            .map(count),
            [10, 14, 1, 2]
        );
        let recognition_only: Vec<_> =
            catalog.products().filter(|product| !product.incentivized).map(|product| product.id.as_str()).collect();
        assert_eq!(recognition_only, ["azure-information-protection", "outlook-mobile", "yammer"]);
    }

    #[test]
    fn an_inconsistent_catalog_is_refused() {
        let parse_with = |area: &str, kind: &str, id: &str, extra: &str| {
            Catalog::parse(&format!(
                "[[group]]\nsolution_area = \"{area}\"\nfamily = \"microsoft_365\"\nkind = \"{kind}\"\nsince = \"2020-01-01T00:00:00Z\"\nproducts = [{{ id = \"{id}\", name = \"X\"{extra} }}, {{ id = \"b\", name = \"B\" }}]"
            ))
        };
        assert!(parse_with("microsoft_365", "workload", "a", "").is_ok());
        assert!(matches!(parse_with("microsoft_365", "workload", "b", ""), Err(CatalogError::Duplicate(_))));
        assert!(matches!(parse_with("microsoft_365", "workload", "A b", ""), Err(CatalogError::Malformed(_))));
        assert!(matches!(parse_with("microsoft_365", "subscription", "a", ""), Err(CatalogError::Mismatch(_))));
        assert!(matches!(parse_with("business_applications", "subscription", "a", ""), Err(CatalogError::Mismatch(_))));
        assert!(matches!(
            parse_with("microsoft_365", "workload", "a", ", until = \"2019-01-01T00:00:00Z\""),
            Err(CatalogError::EmptyPeriod(_))
        ));
        assert!(matches!(parse_with("microsoft_365", "workload", "a", ", price = 1"), Err(CatalogError::Malformed(_))));
    }

    #[test]
    fn claimable_from_is_inclusive_and_until_exclusive() {
        let mut product = Catalog::shipped().unwrap().get(&"teams".parse().unwrap()).unwrap().clone();
        let from = product.claimable_from;
        let until = from + TimeDelta::microseconds(10);
        product.claimable_until = Some(until);
        assert!(product.is_claimable_at(from));
        assert!(!product.is_claimable_at(from - TimeDelta::microseconds(1)));
        assert!(!product.is_claimable_at(until));
    }
}
