//! The index of the keys that live cases compete for (R37).
use super::entity::case_key::{ActiveModel, Entity};
use crate::domain::ReviewCase;
use cpor_durable::{Change, Key, Tx, Versioned, rows};
use sea_orm::{DbErr, Set};
use std::collections::BTreeSet;

/// Lets the index follow these changes.
pub(super) async fn follow(tx: &Tx, changes: &[Change<ReviewCase>]) -> Result<(), DbErr> {
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for Change { key, before, after, .. } in changes {
        let (before, after) = (indexed(before.as_ref()), indexed(Some(after)));
        gone.extend(before.difference(&after).map(|name| row(key, name)));
        come.extend(after.difference(&before).map(|name| row(key, name)));
    }
    rows::delete::<Entity>(tx, gone).await?;
    rows::insert::<Entity>(tx, come).await
}

/// The keys that a case is found by: none once it is over.
pub(super) fn indexed(case: Option<&Versioned<ReviewCase>>) -> BTreeSet<String> {
    case.into_iter().flat_map(|case| case.state.contended_keys()).map(|key| key.to_string()).collect()
}

fn row(Key { owner, id }: &Key, key: &str) -> ActiveModel {
    ActiveModel { owner: Set(owner.clone()), key: Set(key.to_owned()), id: Set(*id) }
}
