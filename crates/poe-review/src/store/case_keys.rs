//! The table `case_key`: an index of the keys that live cases compete for (R37). A case is live
//! while it is open, or while it is approved and a line has not ended.
use super::entity::case_key::{ActiveModel, Entity};
use crate::domain::ReviewCase;
use cpor_durable::{AggregateKey, Change, Tx, Versioned, rows};
use sea_orm::{DbErr, Set};
use std::collections::BTreeSet;

/// Updates the index after these changes of cases.
pub(super) async fn save_for_changes(tx: &Tx, changes: &[Change<ReviewCase>]) -> Result<(), DbErr> {
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for Change { key, before, after, .. } in changes {
        let (before, after) = (indexed_keys(before.as_ref()), indexed_keys(Some(after)));
        removed.extend(before.difference(&after).map(|name| row(key, name)));
        added.extend(after.difference(&before).map(|name| row(key, name)));
    }
    rows::delete::<Entity>(tx, removed).await?;
    rows::insert::<Entity>(tx, added).await
}

/// Returns the keys under which a case is indexed: those that it competes for. Empty if there is no
/// case, or if it is rejected or closed.
pub(super) fn indexed_keys(case: Option<&Versioned<ReviewCase>>) -> BTreeSet<String> {
    case.into_iter().flat_map(|case| case.state.competing_keys()).map(|key| key.to_string()).collect()
}

fn row(AggregateKey { owner, id }: &AggregateKey, key: &str) -> ActiveModel {
    ActiveModel { owner: Set(owner.clone()), key: Set(key.to_owned()), id: Set(*id) }
}
