//! Parses the filter and the order of a request.
use crate::{
    filter::{self, Comparison, Expr, Field, FilterError},
    order::{self, Order},
};
use cpor_call::status;
use tonic::Status;

/// The filter and the order of a request, each `None` if the request has none.
pub(crate) type FilterAndOrder<C, K> = (Option<Expr<Comparison<C>>>, Option<Order<K>>);

/// Parses `filter` and `order_by` over the declared fields and sort keys.
///
/// # Errors
/// Returns INVALID_ARGUMENT with every error in both.
pub(crate) fn parse<C: Copy, K: Copy>(
    (filter, fields): (&str, &[Field<C>]),
    (order_by, sort_keys): (&str, &[(&str, K)]),
) -> Result<FilterAndOrder<C, K>, Status> {
    match (filter::parse(filter, fields), order::parse(order_by, sort_keys)) {
        (Ok(filter), Ok(order)) => Ok((filter, order)),
        (filter, order) => {
            let filter_violations = filter.err().unwrap_or_default().into_iter().map(FilterError::into_violation);
            Err(status::invalid_fields(filter_violations.chain(order.err()).collect()))
        }
    }
}
