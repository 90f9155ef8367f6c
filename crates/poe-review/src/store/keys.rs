//! The index of keys of open cases.
use super::entity::case_key::{ActiveModel, Column, Entity};
use crate::domain::ReviewCase;
use cpor_durable::{Change, Key, Tx, Versioned, rows};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, Set};
use std::collections::BTreeSet;

/// Lets the index follow these changes.
pub(super) async fn follow(tx: &Tx, changes: &[Change<ReviewCase>]) -> Result<(), DbErr> {
    let moved: Vec<&Change<ReviewCase>> = changes.iter().filter(|change| indexed(change.before.as_ref()) != indexed(Some(&change.after))).collect();
    forget(tx, moved.iter().filter(|change| !indexed(change.before.as_ref()).is_empty()).map(|change| &change.key)).await?;
    rows::insert::<Entity>(tx, moved.iter().flat_map(|change| entries(change))).await
}

fn indexed(case: Option<&Versioned<ReviewCase>>) -> BTreeSet<String> {
    let open = case.map(|case| &case.state).filter(|case| case.phase().is_open());
    open.into_iter().flat_map(|case| case.snapshot.lines.iter().map(|line| line.key.to_string())).collect()
}

fn entries(change: &Change<ReviewCase>) -> impl Iterator<Item = ActiveModel> {
    let Key { owner, id } = change.key.clone();
    indexed(Some(&change.after)).into_iter().map(move |key| ActiveModel { owner: Set(owner.clone()), key: Set(key), id: Set(id) })
}

async fn forget(tx: &Tx, cases: impl Iterator<Item = &Key>) -> Result<(), DbErr> {
    let mut any = Condition::any();
    for Key { owner, id } in cases {
        any = any.add(Column::Owner.eq(owner).and(Column::Id.eq(*id)));
    }
    if !any.is_empty() {
        Entity::delete_many().filter(any).exec(tx).await?;
    }
    Ok(())
}
