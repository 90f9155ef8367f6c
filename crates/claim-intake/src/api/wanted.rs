//! Which claims a list or an export is about.
use crate::{
    intake::Failed,
    store::{FIELDS, KEYS, Scope, SortKey, Wanted},
};
use cpor_kit::{
    filter,
    order::{self, Order},
    status,
};
use cpor_types::PartnerName;
use tonic::Status;

/// What a request's `parent`, `filter` and `order_by` ask for.
///
/// # Errors
/// INVALID_ARGUMENT that names every fault of both; NOT_FOUND for a parent that names nothing.
pub(super) fn wanted(parent: &str, filter: &str, order_by: &str) -> Result<Wanted, Status> {
    let (filter, order) = (filter::parse(filter, FIELDS), order::parse(order_by, KEYS));
    match (filter, order) {
        (Ok(filter), Ok(order)) => {
            let order = order.unwrap_or(Order { key: SortKey::CreateTime, descending: true });
            Ok(Wanted { scope: scope(parent)?, filter, order })
        }
        (filter, order) => {
            let of_filter = filter.err().unwrap_or_default().into_iter().map(filter::Fault::violation);
            Err(status::invalid(of_filter.chain(order.err()).collect()))
        }
    }
}

/// `partners/-` is everybody; that the vendor's staff alone may ask so is the auth layer's to see.
fn scope(parent: &str) -> Result<Scope, Failed> {
    if parent == "partners/-" {
        return Ok(Scope::All);
    }
    let name: PartnerName = parent.parse().map_err(|_| Failed::NotFound(parent.to_owned()))?;
    Ok(Scope::Partner(name.partner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpor_kit::filter::Kind;
    use cpor_proto::claims::v1 as wire;

    #[test]
    fn filters_know_every_word_of_the_contract() {
        let known = |word: String| {
            let fits = |kind: Kind| match kind {
                Kind::Word(prefix, words) | Kind::Words(prefix, words) => {
                    word.strip_prefix(prefix).is_some_and(|word| words.contains(&word))
                }
                Kind::Text | Kind::Texts | Kind::Time => false,
            };
            assert!(FIELDS.iter().any(|field| fits(field.kind)), "{word}");
        };
        let names =
            |range: std::ops::RangeInclusive<i32>, name: fn(i32) -> &'static str| range.map(name).map(str::to_owned);
        names(1..=7, |n| wire::ClaimState::try_from(n).unwrap().as_str_name()).for_each(known);
        names(0..=3, |n| wire::AssociationState::try_from(n).unwrap().as_str_name()).for_each(known);
        names(1..=11, |n| wire::WaitsFor::try_from(n).unwrap().as_str_name()).for_each(known);
        names(0..=2, |n| wire::SolutionArea::try_from(n).unwrap().as_str_name()).for_each(known);
        names(1..=3, |n| wire::Activity::try_from(n).unwrap().as_str_name()).for_each(known);
    }

    #[test]
    fn the_faults_of_filter_and_order_are_told_together() {
        let refused = wanted("partners/contoso", "stat = OPEN AND policy < 3", "age").unwrap_err();
        let told: Vec<_> = status::violations(&refused).into_iter().map(|one| (one.field, one.reason)).collect();
        let expected = [("filter", "INVALID_FILTER"), ("filter", "INVALID_FILTER"), ("order_by", "INVALID_ORDER_BY")];
        assert_eq!(told, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
    }
}
