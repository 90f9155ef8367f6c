//! The table `assessment_month`: the result of each claim and month.
use std::collections::BTreeMap;

use cpor_durable::{Change, Tx, rows};
use sea_orm::DbErr;

use super::{entity::assessment_month::Entity, row};
use crate::domain::{Assessment, AssessmentEvent};

/// Stores the new results of changed assessments. A new result replaces the earlier one of its
/// month.
pub(super) async fn save(tx: &Tx, changes: &[Change<Assessment>]) -> Result<(), DbErr> {
    let mut last_results = BTreeMap::new();
    for change in changes {
        for recorded in &change.events {
            if let AssessmentEvent::MonthAssessed(result) = &recorded.event {
                last_results.insert((&change.key, result.month), result);
            }
        }
    }
    let rows = last_results.into_iter().map(|((key, _), result)| row::from_monthly_result(key, result));
    rows::upsert::<Entity>(tx, rows).await
}
