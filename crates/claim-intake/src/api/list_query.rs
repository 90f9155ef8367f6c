//! Parses the parent, filter and order of requests that list or export claims.
use crate::{
    error::CallError,
    store::{CLAIMS, ListQuery, Scope},
};
use cpor_types::PartnerName;
use tonic::Status;

/// Parses a request's `parent`, `filter` and `order_by`.
///
/// # Errors
/// Returns the status INVALID_ARGUMENT with every fault of `filter` and `order_by`, or NOT_FOUND if
/// `parent` is not the name of a partner.
pub(super) fn parse_list_query(parent: &str, filter: &str, order_by: &str) -> Result<ListQuery, Status> {
    let query = CLAIMS.parse(filter, order_by)?;
    Ok(ListQuery { scope: parse_scope(parent)?, query })
}

/// Parses the parent. `partners/-` means all partners; the auth layer allows it only for vendor
/// users.
fn parse_scope(parent: &str) -> Result<Scope, CallError> {
    if parent == "partners/-" {
        return Ok(Scope::All);
    }
    let name: PartnerName = parent.parse().map_err(|_| CallError::NotFound(parent.to_owned()))?;
    Ok(Scope::Partner(name.partner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpor_call::status;
    use cpor_listing::filter::FieldType;
    use cpor_proto::claims::v1 as wire;

    #[test]
    fn filters_accept_every_enum_value_of_the_api() {
        let assert_accepted = |value: String| {
            let accepts = |kind: FieldType| match kind {
                FieldType::Enum(prefix, values) | FieldType::EnumList(prefix, values) => {
                    value.strip_prefix(prefix).is_some_and(|value| values.contains(&value))
                }
                FieldType::Text
                | FieldType::TextList
                | FieldType::Id(_)
                | FieldType::Ordered(_)
                | FieldType::Bool
                | FieldType::Number
                | FieldType::Time => false,
            };
            assert!(CLAIMS.fields.iter().any(|field| accepts(field.field_type)), "{value}");
        };
        let names =
            |range: std::ops::RangeInclusive<i32>, name: fn(i32) -> &'static str| range.map(name).map(str::to_owned);
        names(1..=7, |n| wire::ClaimState::try_from(n).unwrap().as_str_name()).for_each(assert_accepted);
        names(0..=3, |n| cpor_proto::r#type::v1::AssociationState::try_from(n).unwrap().as_str_name())
            .for_each(assert_accepted);
        names(1..=11, |n| wire::WaitsFor::try_from(n).unwrap().as_str_name()).for_each(assert_accepted);
        names(0..=7, |n| wire::Party::try_from(n).unwrap().as_str_name()).for_each(assert_accepted);
        names(0..=2, |n| cpor_proto::r#type::v1::SolutionArea::try_from(n).unwrap().as_str_name())
            .for_each(assert_accepted);
        names(1..=3, |n| cpor_proto::r#type::v1::Activity::try_from(n).unwrap().as_str_name())
            .for_each(assert_accepted);
    }

    #[test]
    fn faults_of_filter_and_order_are_reported_together() {
        let refused = parse_list_query("partners/contoso", "stat = OPEN AND policy < 3", "age").unwrap_err();
        let reported: Vec<_> = status::field_violations(&refused)
            .into_iter()
            .map(|violation| (violation.field, violation.reason))
            .collect();
        let expected = [("filter", "INVALID_FILTER"), ("filter", "INVALID_FILTER"), ("order_by", "INVALID_ORDER_BY")];
        assert_eq!(reported, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
    }
}
