//! Adds an index on the claims of `tenant_claim`.
use sea_orm_migration::{prelude::*, sea_orm::DeriveIden};

/// The migration of this file.
#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum TenantClaim {
    Table,
    Claim,
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the same signature as the trait, which elides the lifetime"
)]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(tenant_claim_claim()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Returns the index that serves the search for the records of given claims. The cost does not
/// depend on the number of records of the tenant.
fn tenant_claim_claim() -> IndexCreateStatement {
    use TenantClaim as T;
    Index::create().name("tenant_claim_claim").table(T::Table).col(T::Claim).take()
}
