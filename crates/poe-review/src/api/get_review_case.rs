//! GetReviewCase: returns one case, and what has changed in the registry's directory (the data
//! about partners, customers and subscriptions) since the claim was submitted (R2a). Executes one
//! query and calls the registry once. If the registry does not answer, the case is returned without
//! the changes.
use super::{Api, case_for_caller, from_proto, to_proto};
use crate::{domain::ReviewCase, store::case_query::CaseQuery};
use cpor_call::status;
use cpor_proto::reviews::v1::{GetReviewCaseRequest, ReviewCase as ProtoReviewCase};
use cpor_registry_client::{ClaimToCheck, LineToCheck, SubmittedFields};
use cpor_rpc::request::validate;
use cpor_types::{AssociationKey, SubscriptionId};
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<GetReviewCaseRequest>,
) -> Result<Response<ProtoReviewCase>, Status> {
    let (caller, request) = validate(request)?;
    let name = from_proto::case_name(&request.name)?;
    let case = CaseQuery::for_tenant(api.db.reader(), name.tenant).find(name.case).await;
    let case = case
        .map_err(|cause| cpor_durable::status::store_error(&cause))?
        .ok_or_else(|| status::not_found(&request.name))?;
    let mut response = case_for_caller(&caller, &case);
    match api.approval_runner.registry.check_claim(&caller.actor, claim_to_check(&case.state)).await {
        Ok(checked) => response.directory_comparison = Some(to_proto::directory_comparison(checked)),
        Err(error) => tracing::warn!(%error, "a review case is shown without a comparison with the directory"),
    }
    Ok(Response::new(response))
}

/// Builds the registry's check request for the claim of the case.
fn claim_to_check(case: &ReviewCase) -> ClaimToCheck {
    let snapshot = &case.snapshot;
    let subscription_id = |key: &AssociationKey| match key {
        AssociationKey::Workload(_) => None,
        AssociationKey::Subscription(id) => Some(SubscriptionId::to_string(id)),
    };
    let line = |line: &crate::domain::Line| LineToCheck {
        line_id: line.id,
        product: line.product.clone(),
        subscription_id: subscription_id(&line.key),
    };
    ClaimToCheck {
        partner: snapshot.claim.partner.clone(),
        mpn_id: Some(snapshot.mpn_id.clone()),
        tenant_id: Some(case.tenant.to_string()),
        customer_domain: Some(snapshot.customer_domain.clone()),
        solution_area: Some(snapshot.solution_area),
        lines: snapshot.lines.iter().map(line).collect(),
        suggest_lines: false,
        submitted: Some(SubmittedFields {
            mpn_id: snapshot.mpn_id.clone(),
            customer_domain: snapshot.customer_domain.clone(),
        }),
    }
}
