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
    let shown = api.catalog.after(after.as_ref()).map(|product| (&product.id, convert::product(product)));
    let (products, next_page_token) = binding.page(size, shown)?;
    Ok(Response::new(ListProductsResponse { products, next_page_token }))
}
