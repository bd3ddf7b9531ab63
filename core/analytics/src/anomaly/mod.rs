//! Anomalies: a day, or a month, that is not as its series would have it, and why.

mod settle;
mod why;

pub(crate) use settle::{Settled, settle};
pub use why::Contributor;

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self as input, Input};
use kernel::filter::{DateFilter, DateTimeFilter, DecimalFilter, IdFilter};
use kernel::ids::{CompanyId, InsightId, OrganisationId, UserId};
use kernel::page::{Page, PageRequest, quoted};
use kernel::{Date, Dec, Event, Fault, Predicate, Result, Tx, listing};
use processes::sentence::Sentence;
use serde_json::Value;

use crate::analysis::shown;
use crate::fault;
use crate::measure::{self, MeasureGrain, MeasureKey, MeasureKeyFilter};
use crate::permission::{MEASURE_MANAGE, MEASURE_READ};
use crate::schema::anomaly;

kernel::text_enum! {
    /// On which side of what was expected something lies.
    pub enum AnomalyDirection {
        /// It is more.
        Up = "UP",
        /// It is less.
        Down = "DOWN",
    }
}

kernel::enum_filter! {
    /// Conditions on which side an anomaly lies.
    AnomalyDirectionFilter of AnomalyDirection
}

/// Something that stands out of a series.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = anomaly,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Anomaly {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The anomaly.
    pub id: InsightId,
    /// The company.
    pub company_id: CompanyId,
    /// The measure.
    pub measure: MeasureKey,
    /// Whether a day or a month stands out.
    pub grain: MeasureGrain,
    /// The day, or the first of the month.
    pub day: Date,
    /// On which side.
    pub direction: AnomalyDirection,
    /// What it was.
    pub value: Dec,
    /// What was expected.
    pub expected: Dec,
    /// From how much on it would not have stood out.
    pub lower: Dec,
    /// Up to how much it would not have stood out.
    pub upper: Dec,
    /// How many robust standard deviations it is away from what was expected.
    pub score: Dec,
    /// Why, as sentences to be spoken.
    pub reasons: Value,
    /// What moved it most, the largest first.
    pub contributors: Value,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// When it stopped standing out, because its cause was corrected or time showed it usual.
    pub gone_at: Option<DateTime<Utc>>,
    /// When somebody dismissed it.
    pub dismissed_at: Option<DateTime<Utc>>,
    /// Who.
    pub dismissed_by: Option<UserId>,
    /// Why.
    pub dismissal: Option<String>,
    /// Counts the changes.
    pub version: i32,
}

impl Anomaly {
    /// The anomaly in one sentence.
    pub fn sentence(&self) -> Sentence {
        let name = match self.direction {
            AnomalyDirection::Up => "analytics.anomaly_up",
            AnomalyDirection::Down => "analytics.anomaly_down",
        };
        Sentence::new(name)
            .with("measure", Sentence::new(self.measure.title()))
            .with("date", why::date(self.grain, self.day))
            .with("value", shown(self.measure, self.value))
            .with("expected", shown(self.measure, self.expected))
            .with("score", self.score.0.round_dp(1).to_string())
    }

    /// Why it stands out, as sentences.
    pub fn sentences(&self) -> Vec<Sentence> {
        let reasons = self.reasons.as_array().into_iter().flatten();
        let each = reasons.filter_map(|reason| {
            Some(Sentence {
                key: reason.get("key")?.as_str()?.to_owned(),
                args: reason.get("args")?.clone(),
            })
        });
        each.collect()
    }

    /// What moved it most.
    pub fn contributors(&self) -> Vec<Contributor> {
        serde_json::from_value(self.contributors.clone()).unwrap_or_default()
    }
}

listing! {
    /// Conditions on anomalies.
    filter AnomalyFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By what is measured.
        measure: MeasureKeyFilter => measure,
        /// By day.
        day: DateFilter => day,
        /// By side.
        direction: AnomalyDirectionFilter => direction,
        /// By how far they are away.
        score: DecimalFilter => score,
        /// By when they were found.
        found_at: DateTimeFilter => found_at,
        /// By when they stopped standing out; `isNull` finds those that still do.
        gone_at: DateTimeFilter => gone_at,
        /// By when they were dismissed; `isNull` finds those that were not.
        dismissed_at: DateTimeFilter => dismissed_at,
    }
    /// An order of anomalies.
    sort AnomalySort;
    /// What anomalies can be sorted by.
    by AnomalySortField {
        /// By day.
        Day = "DAY" => day,
        /// By how far they are away.
        Score = "SCORE" => score,
        /// By when they were found.
        FoundAt = "FOUND_AT" => found_at,
    }
    default Day Desc;
    search [measure, dismissal];
    from "analytics" anomaly as Anomaly;
}

fn visible(tx: &Tx) -> Result<Predicate> {
    tx.require(MEASURE_READ)?;
    let column = |name| quoted("analytics", "anomaly", name);
    let own = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    let seen = measure::visible(tx.actor(), &column("measure"), &column("company_id"));
    Ok(own.and(seen))
}

/// A page of the anomalies that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<AnomalyFilter, AnomalySortField>,
) -> Result<Page<Anomaly>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many anomalies of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<AnomalyFilter, AnomalySortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// Those among some anomalies that the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[InsightId]) -> Result<Vec<Anomaly>> {
    let visible = visible(tx)?;
    Ok(anomaly::table
        .filter(anomaly::organisation_id.eq(tx.organisation()))
        .filter(anomaly::id.eq_any(ids))
        .filter(visible)
        .select(Anomaly::as_select())
        .load(tx.conn())
        .await?)
}

/// One anomaly, if the actor may see it.
pub async fn find(tx: &mut Tx, id: InsightId) -> Result<Option<Anomaly>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// Dismisses an anomaly: somebody knows why, and it is well so.
#[derive(Clone, Debug, InputObject)]
pub struct AnomalyDismissInput {
    /// The anomaly.
    pub id: InsightId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Why, in at most 500 characters.
    pub reason: String,
}

/// Dismisses an anomaly.
///
/// # Errors
/// One that was dismissed before, or is not the actor's to see and manage.
#[tracing::instrument(skip_all, fields(anomaly.id = %command.id), err)]
pub async fn dismiss(tx: &mut Tx, command: AnomalyDismissInput) -> Result<Anomaly> {
    let scope = tx.require(MEASURE_MANAGE)?;
    let visible = visible(tx)?;
    let row: Option<Anomaly> = anomaly::table
        .find((tx.organisation(), command.id))
        .filter(visible)
        .for_update()
        .select(Anomaly::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let mut row = row
        .filter(|row| scope.covers(Some(row.company_id), None))
        .ok_or_else(|| Fault::not_found(fault::ANOMALY_NOT_FOUND).at(["id"]))?;
    input::version(row.version, command.expected_version)?;
    if row.dismissed_at.is_some() {
        return Err(Fault::not_allowed(fault::DISMISSED_ALREADY)
            .at(["id"])
            .into());
    }
    let mut input = Input::new();
    row.dismissal = Some(input.take("reason", input::text(&command.reason, 500)));
    input.finish()?;
    row.dismissed_at = Some(tx.now());
    row.dismissed_by = tx.actor().principal.user();
    row.version += 1;
    store(tx, &row).await?;
    tx.emit(event("analytics.anomaly.dismissed", &row)).await?;
    Ok(row)
}

async fn store(tx: &mut Tx, row: &Anomaly) -> Result<()> {
    diesel::update(anomaly::table.find((row.organisation_id, row.id)))
        .set(row)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What happened to an anomaly. Whoever may see only some measures learns of those alone.
fn event(action: &'static str, row: &Anomaly) -> Event {
    let permission = row.measure.also_needs().unwrap_or(MEASURE_READ);
    Event::new(action, "Anomaly", row.id, permission)
        .company(row.company_id)
        .set("measure", row.measure)
        .set("day", row.day)
}
