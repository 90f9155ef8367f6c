//! Implements SuggestClaimLines: the workloads and subscriptions of the customer that the claim can
//! have as lines. Cost: one read of the claim and one call to the registry service.
use super::RpcResult;
use crate::{call::Call, service::ClaimIntake};
use cpor_proto::claims::v1 as wire;
use cpor_proto::wire_time::to_wire_time;
use cpor_registry_client::SuggestedLine;
use cpor_rpc::request::validate;
use tonic::{Request, Response};

/// The maximum number of suggestions in a response.
const MAX_SUGGESTIONS: usize = 1_000;

pub(super) async fn suggest_claim_lines(
    intake: &ClaimIntake,
    request: Request<wire::SuggestClaimLinesRequest>,
) -> RpcResult<wire::SuggestClaimLinesResponse> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "SuggestClaimLines", &request.name)?;
    let claim = intake.read(&call).await?.state;
    let mut suggestions: Vec<_> =
        intake.fetch_suggestions(&call, &claim).await?.into_iter().map(suggestion_to_wire).collect();
    suggestions.retain(|suggestion| request.product.is_empty() || suggestion.product == request.product);
    let total_size = i32::try_from(suggestions.len()).unwrap_or(i32::MAX);
    suggestions.truncate(MAX_SUGGESTIONS);
    Ok(Response::new(wire::SuggestClaimLinesResponse { suggestions, total_size }))
}

fn suggestion_to_wire(
    SuggestedLine { product, subscription_id, end_time }: SuggestedLine,
) -> wire::ClaimLineSuggestion {
    wire::ClaimLineSuggestion {
        product: format!("products/{}", product.id),
        product_display_name: product.display_name,
        subscription_id: subscription_id.map(String::from).unwrap_or_default(),
        end_time: end_time.map(to_wire_time),
    }
}
