//! The RPC `ListProducts`.
use cpor_listing::filter::{Field, FieldType, Value};
use cpor_listing::order::Order;
use cpor_listing::page::{self, PageTokens};
use cpor_listing::{CursorValue, MemoryList};
use cpor_proto::registry::v1::{ListProductsRequest, ListProductsResponse};
use cpor_rpc::request;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert};
use crate::domain::catalog::Product;

/// The list of products, in the order of their ids.
static PRODUCTS: MemoryList<Product> = MemoryList {
    fields: &[
        Field {
            name: "display_name",
            field_type: FieldType::Text,
            column: |product| vec![Value::Text(product.display_name.to_lowercase())],
        },
        Field {
            name: "solution_area",
            field_type: FieldType::Enum("SOLUTION_AREA_", &["MICROSOFT_365", "BUSINESS_APPLICATIONS"]),
            column: |product| enum_value(product.solution_area.as_str()),
        },
        Field {
            name: "family",
            field_type: FieldType::Enum(
                "PRODUCT_FAMILY_",
                &["MICROSOFT_365", "DYNAMICS_365", "POWER_BI", "POWER_PLATFORM"],
            ),
            column: |product| enum_value(product.family.as_str()),
        },
        Field {
            name: "kind",
            field_type: FieldType::Enum("PRODUCT_KIND_", &["WORKLOAD", "SUBSCRIPTION"]),
            column: |product| enum_value(product.kind.as_str()),
        },
        Field {
            name: "incentivized",
            field_type: FieldType::Bool,
            column: |product| vec![Value::Bool(product.incentivized)],
        },
        Field {
            name: "claimable_start_time",
            field_type: FieldType::Time,
            column: |product| vec![Value::Time(product.claimable_from)],
        },
        Field {
            name: "claimable_end_time",
            field_type: FieldType::Time,
            column: |product| product.claimable_until.map(Value::Time).into_iter().collect(),
        },
    ],
    sort_keys: &[("name", id), ("display_name", |product| CursorValue::Text(product.display_name.to_lowercase()))],
    default_order: Order { key: id, descending: false },
    tie_break: |product| vec![id(product)],
};

/// Returns an enum value as the API names it, without its prefix.
fn enum_value(text: &str) -> Vec<Value> {
    vec![Value::Text(text.to_uppercase())]
}

fn id(product: &Product) -> CursorValue {
    CursorValue::Text(product.id.to_string())
}

/// Lists the products of the catalog, by default in the order of their ids. Uses no query: the
/// catalog is read when the service starts.
pub(super) fn list_products(api: &Api, request: Request<ListProductsRequest>) -> ApiResult<ListProductsResponse> {
    let (_, request) = request::validate(request)?;
    let query = PRODUCTS.parse(&request.filter, &request.order_by)?;
    let (page_tokens, size) = (PageTokens::for_request(&request), page::effective_size(request.page_size));
    let after = page_tokens.decode(&request.page_token)?;
    let products = query.select(api.catalog.products().cloned(), after.as_ref());
    let entries = products.iter().map(|(cursor, product)| (cursor, convert::product(product)));
    let (products, next_page_token) = page_tokens.paginate(size, entries)?;
    Ok(Response::new(ListProductsResponse { products, next_page_token }))
}
