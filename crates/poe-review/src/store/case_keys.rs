//! The table `case_key`: an index of the keys (workloads and subscriptions of a tenant) that live
//! cases compete for (rule R37 in `docs/rules.md`). A case is live while it is open, or while it is
//! approved and one of its lines has not ended. A case whose claim is not exclusive competes for no
//! key.
use super::entity::case_key::{ActiveModel, Entity};
use crate::domain::ReviewCase;
use cpor_durable::{AggregateKey, Change, Tx, Versioned, rows};
use sea_orm::{DbErr, Set};
use std::collections::BTreeSet;

/// Updates the index after these changes of cases.
pub(super) async fn save_for_changes(tx: &Tx, changes: &[Change<ReviewCase>]) -> Result<(), DbErr> {
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for Change { key: case_key, before, after, .. } in changes {
        let (before, after) = (indexed_keys(before.as_ref()), indexed_keys(Some(after)));
        removed.extend(before.difference(&after).map(|key_name| row(case_key, key_name)));
        added.extend(after.difference(&before).map(|key_name| row(case_key, key_name)));
    }
    rows::delete::<Entity>(tx, removed).await?;
    rows::insert::<Entity>(tx, added).await
}

/// Returns the names of the keys under which a case is indexed: the keys that the case competes
/// for. The result is empty if `case` is `None` or the case is not live.
pub(super) fn indexed_keys(case: Option<&Versioned<ReviewCase>>) -> BTreeSet<String> {
    case.into_iter().flat_map(|case| case.state.competing_keys()).map(|key| key.to_string()).collect()
}

fn row(AggregateKey { owner, id }: &AggregateKey, key: &str) -> ActiveModel {
    ActiveModel { owner: Set(owner.clone().into()), key: Set(key.to_owned()), id: Set((*id).into()) }
}
