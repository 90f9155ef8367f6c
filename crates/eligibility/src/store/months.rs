//! The answers for each month.
use std::collections::BTreeMap;

use cpor_durable::{Change, StoreError, Tx, rows};

use super::{entity::assessment_month::Entity, row};
use crate::domain::{Assessment, Event};

/// Keeps the new answers, each in the place of the one before.
pub(super) async fn save(tx: &Tx, changes: &[Change<Assessment>]) -> Result<(), StoreError> {
    let mut last = BTreeMap::new();
    for change in changes {
        for recorded in &change.events {
            if let Event::Assessed(answer) = &recorded.event {
                last.insert((&change.key, answer.month), answer);
            }
        }
    }
    let rows = last.into_iter().map(|((key, _), answer)| row::of_answer(key, answer));
    Ok(rows::upsert::<Entity>(tx, rows.collect::<Result<Vec<_>, _>>()?).await?)
}
