//! What the model makes of a measure, kept until the series is filled again, and said in words.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::CompanyId;
use kernel::{Date, Dec, Result, Tx};
use processes::sentence::Sentence;

use crate::measure::{MeasureGrain, MeasureKey, MeasureUnit};
use crate::model::{Findings, Season, SeasonCycle, Steps, Trend, TrendDirection};
use crate::schema::analysis;

/// What the model makes of a measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// The company.
    pub company_id: CompanyId,
    /// The measure.
    pub measure: MeasureKey,
    /// The first day that was looked at.
    pub first_day: Date,
    /// The last one.
    pub last_day: Date,
    /// What the series says.
    pub findings: Findings,
    /// When that changed last.
    pub analysed_at: DateTime<Utc>,
}

/// What the model makes of the measures of some companies, as far as the actor may see them.
pub async fn of_companies(tx: &mut Tx, ids: &[CompanyId]) -> Result<Vec<Analysis>> {
    type Row = (
        CompanyId,
        MeasureKey,
        Date,
        Date,
        serde_json::Value,
        DateTime<Utc>,
    );
    let rows: Vec<Row> = analysis::table
        .filter(analysis::organisation_id.eq(tx.organisation()))
        .filter(analysis::company_id.eq_any(ids))
        .select((
            analysis::company_id,
            analysis::measure,
            analysis::first_day,
            analysis::last_day,
            analysis::result,
            analysis::analysed_at,
        ))
        .load(tx.conn())
        .await?;
    let seen = rows
        .into_iter()
        .filter(|(company, measure, ..)| measure.is_open_to(tx.actor(), *company));
    seen.map(
        |(company_id, measure, first_day, last_day, result, analysed_at)| {
            Ok(Analysis {
                company_id,
                measure,
                first_day,
                last_day,
                findings: serde_json::from_value(result)?,
                analysed_at,
            })
        },
    )
    .collect()
}

/// Keeps what a series says; a series that says the same is left as it is. Gives whether anything
/// changed.
pub(crate) async fn keep(
    tx: &mut Tx,
    key: MeasureKey,
    company: CompanyId,
    steps: &Steps,
    findings: &Findings,
) -> Result<bool> {
    let Some((first, last)) = steps.ends() else {
        return Ok(false);
    };
    let changed = diesel::sql_query(
        "INSERT INTO analytics.analysis AS kept (organisation_id, company_id, measure, first_day, \
            last_day, result, analysed_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (organisation_id, company_id, measure) DO UPDATE SET \
            first_day = EXCLUDED.first_day, last_day = EXCLUDED.last_day, \
            result = EXCLUDED.result, analysed_at = EXCLUDED.analysed_at \
         WHERE (kept.first_day, kept.last_day, kept.result) IS DISTINCT FROM \
            (EXCLUDED.first_day, EXCLUDED.last_day, EXCLUDED.result)",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(company)
    .bind::<sql::Text, _>(key)
    .bind::<sql::Date, _>(first)
    .bind::<sql::Date, _>(last)
    .bind::<sql::Jsonb, _>(serde_json::to_value(findings)?)
    .bind::<sql::Timestamptz, _>(tx.now())
    .execute(tx.conn())
    .await?;
    Ok(changed == 1)
}

/// A value as sentences show it.
pub(crate) fn shown(key: MeasureKey, value: Dec) -> String {
    let (places, unit) = match key.unit() {
        MeasureUnit::Money => (2, ""),
        MeasureUnit::Percent => (1, " %"),
        MeasureUnit::Times => (2, ""),
        MeasureUnit::Seconds => (1, " s"),
    };
    let mut rounded = value.0.round_dp(places);
    rounded.rescale(places);
    format!("{rounded}{unit}")
}

impl Trend {
    /// The trend in words.
    pub fn sentence(&self, key: MeasureKey) -> Sentence {
        let name = match self.direction {
            TrendDirection::Up => "analytics.trend_up",
            TrendDirection::Down => "analytics.trend_down",
            TrendDirection::Flat => "analytics.trend_flat",
        };
        let step = match self.step {
            MeasureGrain::Month => "analytics.per_month",
            _ => "analytics.per_week",
        };
        Sentence::new(name)
            .with("measure", Sentence::new(key.title()))
            .with("slope", shown(key, Dec(self.slope.0.abs())))
            .with("step", Sentence::new(step))
            .with("steps", self.steps)
            .with("confidence", self.confidence.0.round_dp(1).to_string())
    }
}

impl Season {
    /// The season in words: its strongest and its weakest part.
    pub fn sentence(&self, key: MeasureKey) -> Option<Sentence> {
        let high = self.effects.iter().max_by_key(|one| one.effect)?;
        let low = self.effects.iter().min_by_key(|one| one.effect)?;
        let (name, place) = match self.cycle {
            SeasonCycle::Weekly => ("analytics.season_weekly", "weekday"),
            SeasonCycle::Yearly => ("analytics.season_yearly", "month"),
        };
        let named = |position: u32| Sentence::new(format!("analytics.{place}_{position}"));
        let strength = self.strength.0 * rust_decimal::Decimal::ONE_HUNDRED;
        Some(
            Sentence::new(name)
                .with("measure", Sentence::new(key.title()))
                .with("high", named(high.position))
                .with("highEffect", shown(key, high.effect))
                .with("low", named(low.position))
                .with("lowEffect", shown(key, low.effect))
                .with("strength", strength.round_dp(0).to_string()),
        )
    }
}
