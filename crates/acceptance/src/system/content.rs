//! Creates the content of the system under test: directory entries, usage and draft claims. The
//! *directory* is the registry's data about partners and tenants. A *key* is a workload or
//! subscription of a tenant.

use cpor_proto::{
    claims::v1::Claim,
    eligibility::v1::{ImportUsageRequest, UsageMonth, import_usage_result::Outcome as UsageOutcome},
    registry::v1::{
        Association, DirectoryRow, ImportDirectoryRequest, LookupAssociationsRequest, Subscription, directory_row::Row,
        import_result::Outcome,
    },
};
use prost_types::Timestamp;
use uuid::Uuid;

use super::TestSystem;
use crate::{FABRIKAM, draft, rows};

impl TestSystem {
    /// Imports directory rows and returns their outcomes.
    ///
    /// # Panics
    /// Panics if a row is refused.
    pub async fn import_rows(&self, rows: Vec<DirectoryRow>) -> Vec<Outcome> {
        let results = self
            .directory
            .registry()
            .import_directory(ImportDirectoryRequest { rows, ..Default::default() })
            .await
            .expect("the import");
        let results = results.into_inner().results;
        assert!(results.iter().all(|result| result.error.is_none()), "refused: {results:#?}");
        results.iter().map(cpor_proto::registry::v1::ImportResult::outcome).collect()
    }

    /// Imports one directory row and returns its outcome.
    pub async fn import_row(&self, row: Row) -> Outcome {
        self.import_rows(vec![DirectoryRow { row: Some(row) }]).await[0]
    }

    /// Creates a claimable subscription of Fabrikam and returns its id.
    pub async fn create_subscription(&self, product: &str) -> String {
        self.import_subscription(rows::subscription(FABRIKAM, &self.next_uuid(), product)).await
    }

    /// Imports a subscription and returns its id.
    pub async fn import_subscription(&self, subscription: Subscription) -> String {
        let id = subscription.name.rsplit('/').next().unwrap_or_default().to_owned();
        self.import_row(Row::Subscription(subscription)).await;
        id
    }

    /// Returns a UUID that was not returned before.
    pub fn next_uuid(&self) -> String {
        Uuid::from_u128(0x0018_0000_0000_4000_8000_0000_0000_0000 + u128::from(self.next_number())).to_string()
    }

    /// Returns a pre-sales claim of Contoso for Fabrikam, with a new subscription of Dynamics 365
    /// Sales.
    pub async fn presales(&self) -> Claim {
        draft::presales(&self.create_subscription("dynamics-365-sales").await)
    }

    /// Returns a usage claim of Contoso for Fabrikam, with a new subscription of Power Apps.
    pub async fn usage(&self) -> Claim {
        draft::usage(&self.create_subscription("power-apps").await)
    }

    /// Returns a revenue association claim of Contoso for Fabrikam, with a new subscription of
    /// Power Apps.
    pub async fn revenue_association(&self) -> Claim {
        draft::revenue_association(&self.create_subscription("power-apps").await)
    }

    /// Returns a usage claim of Northwind for Litware, with the workloads Exchange Online and
    /// Teams.
    #[must_use]
    pub fn workloads(&self) -> Claim {
        draft::workloads(&["exchange-online", "teams"])
    }

    /// Returns a rival claim: the same claim by Northwind, for its location 2002.
    #[must_use]
    pub fn rival_of(&self, claim: &Claim) -> Claim {
        let contact = draft::contact("Nora Novak", "", "nora.novak@northwind.example");
        Claim { mpn_id: "2002".into(), partner_contact: contact, display_name: "Northwind's".into(), ..claim.clone() }
    }

    /// Imports the active usage of a key by month: active users of a workload, consumption of a
    /// subscription. Returns the outcomes of the rows.
    ///
    /// # Panics
    /// Panics if a row is refused.
    pub async fn import_usage(&self, key: &str, months: &[(&str, i64)]) -> Vec<UsageOutcome> {
        let rows = months.iter().map(|(month, active)| usage_row(key, month, *active)).collect();
        let response = self
            .directory
            .eligibility()
            .import_usage(ImportUsageRequest { rows, ..Default::default() })
            .await
            .expect("the import");
        let results = response.into_inner().results;
        assert!(results.iter().all(|result| result.error.is_none()), "refused: {results:#?}");
        results.iter().map(cpor_proto::eligibility::v1::ImportUsageResult::outcome).collect()
    }

    /// Returns the associations of a key, now or at a time.
    pub async fn associations_of_key(&self, key: &str, as_of_time: Option<Timestamp>) -> Vec<Association> {
        let request = LookupAssociationsRequest { key: key.to_owned(), as_of_time };
        self.manager.registry().lookup_associations(request).await.expect("the look-up").into_inner().associations
    }
}

fn usage_row(key: &str, month: &str, active: i64) -> UsageMonth {
    let (key, month) = (key.to_owned(), month.to_owned());
    if key.contains("/workloads/") {
        UsageMonth { key, month, active_users: active, paid_available_units: 2 * active, ..UsageMonth::default() }
    } else {
        UsageMonth { key, month, consumption: active, seats_sold: 50, ..UsageMonth::default() }
    }
}
