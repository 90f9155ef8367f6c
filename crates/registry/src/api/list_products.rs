//! The RPC `ListProducts`.
use cpor_listing::page::{self, PageTokens};
use cpor_proto::registry::v1::{ListProductsRequest, ListProductsResponse};
use cpor_rpc::request;
use cpor_types::ProductId;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert};

/// Lists the products of the catalog. Uses no query: the catalog is read when the service starts.
pub(super) fn list_products(api: &Api, request: Request<ListProductsRequest>) -> ApiResult<ListProductsResponse> {
    let (_, request) = request::validate(request)?;
    let (page_tokens, size) = (PageTokens::for_request(&request), page::effective_size(request.page_size));
    let after: Option<ProductId> = page_tokens.decode(&request.page_token)?;
    let entries = api.catalog.products_after(after.as_ref()).map(|product| (&product.id, convert::product(product)));
    let (products, next_page_token) = page_tokens.paginate(size, entries)?;
    Ok(Response::new(ListProductsResponse { products, next_page_token }))
}
