//! Bringing what is kept of a series' anomalies in step with what the model finds.

use std::collections::HashMap;

use chrono::Months;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, EntryId, InsightId};
use kernel::{Date, Dec, Result, Tx};
use serde_json::json;

use super::why::{Contributor, reasons};
use super::{Anomaly, AnomalyDirection, event, store};
use crate::measure::{MeasureGrain, MeasureKey};
use crate::model::Outlier;
use crate::schema::anomaly;
use crate::source;

/// What changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Anomalies found that were not known.
    pub found: u64,
    /// Known ones that no longer stand out.
    pub gone: u64,
}

/// Keeps the anomalies of a series: new ones are found, known ones that no longer stand out are
/// gone, and the rest stays as it is. Finding the same again changes nothing.
pub(crate) async fn settle(
    tx: &mut Tx,
    key: MeasureKey,
    company: CompanyId,
    pattern: &str,
    (first_day, outliers): (Date, &[Outlier]),
) -> Result<Settled> {
    let known: Vec<Anomaly> = anomaly::table
        .filter(anomaly::organisation_id.eq(tx.organisation()))
        .filter(anomaly::company_id.eq(company))
        .filter(anomaly::measure.eq(key))
        .filter(anomaly::day.ge(first_day))
        .order(anomaly::id)
        .for_update()
        .select(Anomaly::as_select())
        .load(tx.conn())
        .await?;
    let mut known: HashMap<Date, Anomaly> = known.into_iter().map(|one| (one.day, one)).collect();
    let (mut fresh, mut events) = (Vec::new(), Vec::new());
    for outlier in outliers {
        let before = known.remove(&outlier.day);
        let contributors = contributors(tx, key, company, pattern, outlier.day).await?;
        let next = drawn(tx, key, company, outlier, &contributors)?;
        match before {
            None => {
                events.push(event("analytics.anomaly.found", &next));
                fresh.push(next);
            }
            Some(before) => refresh(tx, before, next).await?,
        }
    }
    let mut gone = 0;
    for mut row in known.into_values().filter(|row| row.gone_at.is_none()) {
        row.gone_at = Some(tx.now());
        row.version += 1;
        store(tx, &row).await?;
        events.push(event("analytics.anomaly.gone", &row));
        gone += 1;
    }
    if !fresh.is_empty() {
        diesel::insert_into(anomaly::table)
            .values(&fresh)
            .execute(tx.conn())
            .await?;
    }
    tx.emit_all(events).await?;
    let found = u64::try_from(fresh.len()).unwrap_or_default();
    Ok(Settled { found, gone })
}

/// Takes over what is new about a known anomaly, if anything is.
async fn refresh(tx: &mut Tx, before: Anomaly, next: Anomaly) -> Result<()> {
    let next = Anomaly {
        id: before.id,
        found_at: before.found_at,
        dismissed_at: before.dismissed_at,
        dismissed_by: before.dismissed_by,
        dismissal: before.dismissal.clone(),
        version: before.version,
        ..next
    };
    if next == before {
        return Ok(());
    }
    let next = Anomaly {
        version: before.version + 1,
        ..next
    };
    store(tx, &next).await
}

fn drawn(
    tx: &Tx,
    key: MeasureKey,
    company: CompanyId,
    outlier: &Outlier,
    contributors: &[Contributor],
) -> Result<Anomaly> {
    let grain = key.grain();
    let direction = if outlier.value > outlier.upper {
        AnomalyDirection::Up
    } else {
        AnomalyDirection::Down
    };
    Ok(Anomaly {
        organisation_id: tx.organisation(),
        id: InsightId::generate(),
        company_id: company,
        measure: key,
        grain,
        day: outlier.day,
        direction,
        value: outlier.value,
        expected: outlier.expected,
        lower: outlier.lower,
        upper: outlier.upper,
        score: Dec(outlier.score.0.round_dp(3)),
        reasons: json!(reasons(key, grain, outlier, contributors)),
        contributors: serde_json::to_value(contributors)?,
        found_at: tx.now(),
        gone_at: None,
        dismissed_at: None,
        dismissed_by: None,
        dismissal: None,
        version: 1,
    })
}

/// The entries that moved a measure most on a day or in a month.
async fn contributors(
    tx: &mut Tx,
    key: MeasureKey,
    company: CompanyId,
    pattern: &str,
    day: Date,
) -> Result<Vec<Contributor>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Uuid)]
        entry_id: EntryId,
        #[diesel(sql_type = sql::Numeric)]
        amount: Dec,
    }
    if !source::has_entries(key) {
        return Ok(Vec::new());
    }
    let last = match key.grain() {
        MeasureGrain::Month => {
            let next = day.0.checked_add_months(Months::new(1));
            next.and_then(|next| next.pred_opt()).unwrap_or(day.0)
        }
        _ => day.0,
    };
    let rows: Vec<Row> = diesel::sql_query(source::LARGEST)
        .bind::<sql::Uuid, _>(tx.organisation())
        .bind::<sql::Uuid, _>(company)
        .bind::<sql::Date, _>(day)
        .bind::<sql::Date, _>(Date(last))
        .bind::<sql::Text, _>(pattern)
        .load(tx.conn())
        .await?;
    let sign = |amount: Dec| match key {
        MeasureKey::HeadcountCost => Dec(-amount.0),
        _ => amount,
    };
    let each = rows.into_iter().map(|row| Contributor {
        entry: row.entry_id,
        amount: sign(row.amount),
    });
    Ok(each.collect())
}
