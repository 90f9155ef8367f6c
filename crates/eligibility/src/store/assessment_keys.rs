//! The table `assessment_key`: the keys (workloads and subscriptions of a tenant) whose usage each
//! assessment depends on.
use cpor_durable::{AggregateKey, Change, Tx, rows};
use cpor_types::AssociationKey;
use sea_orm::{ActiveValue::Set, DbErr};

use super::entity::assessment_key::{ActiveModel, Entity};
use crate::domain::Assessment;

/// Inserts the added keys of changed assessments and deletes the removed ones. Most changes affect
/// no key.
pub(super) async fn save(tx: &Tx, changes: &[Change<Assessment>]) -> Result<(), DbErr> {
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for change in changes {
        let before = change.before.as_ref().map(|before| before.state.keys()).unwrap_or_default();
        let after = change.after.state.keys();
        removed.extend(before.difference(&after).map(|key| key_row(&change.key, key)));
        added.extend(after.difference(&before).map(|key| key_row(&change.key, key)));
    }
    rows::delete::<Entity>(tx, removed).await?;
    rows::insert::<Entity>(tx, added).await
}

fn key_row(AggregateKey { owner, id }: &AggregateKey, key: &AssociationKey) -> ActiveModel {
    ActiveModel { owner: Set(owner.clone().into()), id: Set((*id).into()), key: Set(key.to_string()) }
}
