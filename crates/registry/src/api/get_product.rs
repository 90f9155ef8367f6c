//! The RPC `GetProduct`.
use cpor_call::status;
use cpor_proto::registry::v1::{GetProductRequest, Product};
use cpor_rpc::request;
use cpor_types::ProductName;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert, error};

/// Returns a product of the catalog. Uses no query: the catalog is read when the service starts.
pub(super) fn get_product(api: &Api, request: Request<GetProductRequest>) -> ApiResult<Product> {
    let (_, request) = request::validate(request)?;
    let ProductName { product } = request.name.parse().map_err(error::malformed_field("name"))?;
    let found = api.catalog.get(&product).ok_or_else(|| status::not_found(&request.name))?;
    Ok(Response::new(convert::product(found)))
}
