//! The gRPC API of the registry. Each RPC has a file of its own. A *legacy* association was
//! recorded before claims existed (R58); its *holder* is the partner that is on record by it.
mod arbitrate_holds;
mod check_claim;
mod check_claims;
mod check_usage_access;
pub(crate) mod convert;
mod decline_legacy_association;
mod erase_legacy_holder;
mod error;
mod get_association;
mod get_partner;
mod get_product;
mod get_subscription;
mod get_tenant;
mod get_workload;
mod import_directory;
mod import_legacy_associations;
mod list_associations;
mod list_partners;
mod list_products;
mod list_subscriptions;
mod list_tenants;
mod list_workloads;
mod lookup_associations;
mod lookup_keys;
mod lookup_tenant;
mod place_hold;
mod shared_outcome;

use std::sync::Arc;

use chrono::Days;
use cpor_call::directory_budget::DirectoryBudget;
use cpor_database::Db;
use cpor_durable::{BusinessClock, Writer};
use cpor_proto::registry::v1::registry_service_server::RegistryService;
use cpor_proto::registry::v1::{
    ArbitrateHoldsRequest, ArbitrateHoldsResponse, Association, CheckClaimRequest, CheckClaimResponse,
    CheckClaimsRequest, CheckClaimsResponse, CheckUsageAccessRequest, CheckUsageAccessResponse,
    DeclineLegacyAssociationRequest, EraseLegacyHolderRequest, GetAssociationRequest, GetPartnerRequest,
    GetProductRequest, GetSubscriptionRequest, GetTenantRequest, GetWorkloadRequest, ImportDirectoryRequest,
    ImportDirectoryResponse, ImportLegacyAssociationsRequest, ImportLegacyAssociationsResponse,
    ListAssociationsRequest, ListAssociationsResponse, ListPartnersRequest, ListPartnersResponse, ListProductsRequest,
    ListProductsResponse, ListSubscriptionsRequest, ListSubscriptionsResponse, ListTenantsRequest, ListTenantsResponse,
    ListWorkloadsRequest, ListWorkloadsResponse, LookupAssociationsRequest, LookupAssociationsResponse,
    LookupKeysRequest, LookupKeysResponse, LookupTenantRequest, LookupTenantResponse, Partner, PlaceHoldRequest,
    PlaceHoldResponse, Product, Subscription, Tenant, Workload,
};
use cpor_types::Calendars;
use tonic::{Request, Response, Status};

use crate::domain::catalog::Catalog;
use crate::store::{PartnerStore, TenantStore};

/// The implementation of the gRPC service. It is cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) db: Db,
    /// The business clock, which deadlines use. It can be virtual.
    pub(crate) clock: BusinessClock,
    /// The products and workloads that can be claimed.
    pub(crate) catalog: Arc<Catalog>,
    /// The business calendars that partners and tenants can have.
    pub(crate) calendars: Calendars,
    /// The length of the grace period: from the end of a subscription to the end of the partners'
    /// associations with it.
    pub(crate) grace: Days,
    /// Limits how often partners look up domains.
    pub(crate) domain_lookups: Arc<DirectoryBudget>,
    /// Commits the changes of tenants and of their associations.
    pub(crate) tenants: Writer<TenantStore>,
    /// Commits the changes of partners.
    pub(crate) partners: Writer<PartnerStore>,
}

/// The result of an RPC.
type ApiResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl RegistryService for Api {
    async fn import_directory(&self, request: Request<ImportDirectoryRequest>) -> ApiResult<ImportDirectoryResponse> {
        import_directory::import_directory(self, request).await
    }

    async fn get_partner(&self, request: Request<GetPartnerRequest>) -> ApiResult<Partner> {
        get_partner::get_partner(self, request).await
    }

    async fn list_partners(&self, request: Request<ListPartnersRequest>) -> ApiResult<ListPartnersResponse> {
        list_partners::list_partners(self, request).await
    }

    async fn list_tenants(&self, request: Request<ListTenantsRequest>) -> ApiResult<ListTenantsResponse> {
        list_tenants::list_tenants(self, request).await
    }

    async fn lookup_tenant(&self, request: Request<LookupTenantRequest>) -> ApiResult<LookupTenantResponse> {
        lookup_tenant::lookup_tenant(self, request).await
    }

    async fn get_tenant(&self, request: Request<GetTenantRequest>) -> ApiResult<Tenant> {
        get_tenant::get_tenant(self, request).await
    }

    async fn get_subscription(&self, request: Request<GetSubscriptionRequest>) -> ApiResult<Subscription> {
        get_subscription::get_subscription(self, request).await
    }

    async fn list_subscriptions(
        &self,
        request: Request<ListSubscriptionsRequest>,
    ) -> ApiResult<ListSubscriptionsResponse> {
        list_subscriptions::list_subscriptions(self, request).await
    }

    async fn get_workload(&self, request: Request<GetWorkloadRequest>) -> ApiResult<Workload> {
        get_workload::get_workload(self, request).await
    }

    async fn list_workloads(&self, request: Request<ListWorkloadsRequest>) -> ApiResult<ListWorkloadsResponse> {
        list_workloads::list_workloads(self, request).await
    }

    async fn get_product(&self, request: Request<GetProductRequest>) -> ApiResult<Product> {
        get_product::get_product(self, request)
    }

    async fn list_products(&self, request: Request<ListProductsRequest>) -> ApiResult<ListProductsResponse> {
        list_products::list_products(self, request)
    }

    async fn lookup_associations(
        &self,
        request: Request<LookupAssociationsRequest>,
    ) -> ApiResult<LookupAssociationsResponse> {
        lookup_associations::lookup_associations(self, request).await
    }

    async fn get_association(&self, request: Request<GetAssociationRequest>) -> ApiResult<Association> {
        get_association::get_association(self, request).await
    }

    async fn list_associations(
        &self,
        request: Request<ListAssociationsRequest>,
    ) -> ApiResult<ListAssociationsResponse> {
        list_associations::list_associations(self, request).await
    }

    async fn check_usage_access(
        &self,
        request: Request<CheckUsageAccessRequest>,
    ) -> ApiResult<CheckUsageAccessResponse> {
        check_usage_access::check_usage_access(self, request).await
    }

    async fn lookup_keys(&self, request: Request<LookupKeysRequest>) -> ApiResult<LookupKeysResponse> {
        lookup_keys::lookup_keys(self, request).await
    }

    async fn check_claim(&self, request: Request<CheckClaimRequest>) -> ApiResult<CheckClaimResponse> {
        check_claim::check_claim(self, request).await
    }

    async fn check_claims(&self, request: Request<CheckClaimsRequest>) -> ApiResult<CheckClaimsResponse> {
        check_claims::check_claims(self, request).await
    }

    async fn place_hold(&self, request: Request<PlaceHoldRequest>) -> ApiResult<PlaceHoldResponse> {
        place_hold::place_hold(self, request).await
    }

    async fn arbitrate_holds(&self, request: Request<ArbitrateHoldsRequest>) -> ApiResult<ArbitrateHoldsResponse> {
        arbitrate_holds::arbitrate_holds(self, request).await
    }

    async fn import_legacy_associations(
        &self,
        request: Request<ImportLegacyAssociationsRequest>,
    ) -> ApiResult<ImportLegacyAssociationsResponse> {
        import_legacy_associations::import_legacy_associations(self, request).await
    }

    async fn decline_legacy_association(
        &self,
        request: Request<DeclineLegacyAssociationRequest>,
    ) -> ApiResult<Association> {
        decline_legacy_association::decline_legacy_association(self, request).await
    }

    async fn erase_legacy_holder(&self, request: Request<EraseLegacyHolderRequest>) -> ApiResult<Association> {
        erase_legacy_holder::erase_legacy_holder(self, request).await
    }
}
