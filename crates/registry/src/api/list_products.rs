use cpor_kit::page::{self, Binding};
use cpor_kit::request;
use cpor_proto::registry::v1::{ListProductsRequest, ListProductsResponse};
use cpor_types::ProductId;
use tonic::{Request, Response};

use super::{Answer, Api, convert};

/// From memory: the catalog is read when the service starts.
pub(super) fn list_products(api: &Api, request: Request<ListProductsRequest>) -> Answer<ListProductsResponse> {
    let (_, request) = request::open(request)?;
    let (binding, size) = (Binding::of(&request), page::size(request.page_size));
    let after: Option<ProductId> = binding.decode(&request.page_token)?;
    let rows = api.catalog.after(after.as_ref()).zip(0..=size).map(|(product, _)| product).collect();
    let (rows, next_page_token) = convert::page(rows, size, |product| binding.encode(&product.id))?;
    Ok(Response::new(ListProductsResponse {
        products: rows.into_iter().map(convert::product).collect(),
        next_page_token,
    }))
}
