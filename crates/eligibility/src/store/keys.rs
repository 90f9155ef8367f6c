//! Which assessments look at the usage of which keys.
use cpor_durable::{Change, Key, Tx, rows};
use cpor_types::AssociationKey;
use sea_orm::{ActiveValue::Set, DbErr};

use super::entity::assessment_key::{ActiveModel, Entity};
use crate::domain::Assessment;

/// Keeps the keys of changed assessments. Nothing to do for most changes.
pub(super) async fn save(tx: &Tx, changes: &[Change<Assessment>]) -> Result<(), DbErr> {
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    for change in changes {
        let before = change.before.as_ref().map(|before| before.state.keys()).unwrap_or_default();
        let after = change.after.state.keys();
        gone.extend(before.difference(&after).map(|key| row(&change.key, key)));
        new.extend(after.difference(&before).map(|key| row(&change.key, key)));
    }
    rows::delete::<Entity>(tx, gone).await?;
    rows::insert::<Entity>(tx, new).await
}

fn row(Key { owner, id }: &Key, key: &AssociationKey) -> ActiveModel {
    ActiveModel { owner: Set(owner.clone()), id: Set(*id), key: Set(key.to_string()) }
}
