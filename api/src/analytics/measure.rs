//! Measures through the API: what the business does, day by day, and what that says.

use analytics::fill::{self, AnalyticsFillRunInput};
use analytics::measure::{MeasureAggregation, MeasureGrain, MeasureKey, MeasureUnit};
use analytics::model::{Ahead, SeasonCycle, SeasonEffect, TrendDirection};
use analytics::series::{self, SeriesPoint};
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::COMPANY_READ;
use futures::future::FutureExt;
use kernel::ids::CompanyId;
use kernel::{CurrencyCode, Date, Dec};
use processes::sentence::{self, Sentence};

use crate::act::act;
use crate::analytics::anomaly::{Anomaly, AnomalyOf};
use crate::analytics::found::{Analysed, BookCurrency, Covered};
use crate::analytics::link::link;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect};
use crate::directory::company::Company;
use crate::kernel::job::Job;
use crate::payload;

/// A measure of a company.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    key: MeasureKey,
    company: CompanyId,
}

/// What a measure was on a day, in a week or in a month.
#[derive(SimpleObject)]
pub struct MeasurePoint {
    /// The first day that it is made of.
    first_date: Date,
    /// The last one.
    last_date: Date,
    /// How many days it is made of.
    day_count: i32,
    /// Its value.
    value: Dec,
}

impl From<SeriesPoint> for MeasurePoint {
    fn from(point: SeriesPoint) -> Self {
        Self {
            first_date: point.first_day,
            last_date: point.last_day,
            day_count: point.days,
            value: point.value,
        }
    }
}

/// Where a measure goes, without its seasons.
#[derive(SimpleObject)]
pub struct MeasureTrend {
    /// Where.
    direction: TrendDirection,
    /// By how much a step.
    slope: Dec,
    /// The step: weeks or months.
    grain: MeasureGrain,
    /// Steps that were looked at.
    step_count: i32,
    /// Of a hundred, how sure it is that it goes anywhere; 95 make a trend.
    confidence: Dec,
    /// The trend in a sentence, in the viewer's language.
    message: String,
}

/// What repeats itself in a measure.
#[derive(SimpleObject)]
pub struct MeasureSeason {
    /// Week or year.
    cycle: SeasonCycle,
    /// How much of the movement it explains: 0 nothing, 1 all.
    strength: Dec,
    /// The mean effect of each day of the week, or month of the year.
    effects: Vec<MeasureSeasonEffect>,
    /// The season in a sentence, in the viewer's language.
    message: Option<String>,
}

/// The mean effect of a day of the week or a month of the year.
#[derive(SimpleObject)]
pub struct MeasureSeasonEffect {
    /// Which: 1 is Monday, or January.
    position: i32,
    /// By how much it lies above or below the level.
    effect: Dec,
}

impl From<&SeasonEffect> for MeasureSeasonEffect {
    fn from(one: &SeasonEffect) -> Self {
        Self {
            position: whole(one.position),
            effect: one.effect,
        }
    }
}

/// What a measure is expected to be.
#[derive(SimpleObject)]
pub struct MeasureForecast {
    /// The day, or the first of the month.
    date: Date,
    /// What is expected.
    value: Dec,
    /// The lower end of the interval that holds nineteen of twenty.
    lower: Dec,
    /// Its upper end.
    upper: Dec,
}

impl From<&Ahead> for MeasureForecast {
    fn from(ahead: &Ahead) -> Self {
        Self {
            date: ahead.day,
            value: ahead.value,
            lower: ahead.lower,
            upper: ahead.upper,
        }
    }
}

/// Something that is measured of a company every day.
#[Object]
impl Measure {
    /// What is measured.
    async fn key(&self) -> MeasureKey {
        self.key
    }

    /// The company; null when the viewer may not see it.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.company)).await
    }

    /// Its title in the viewer's language.
    async fn title(&self, graph: &Context<'_>) -> Result<String> {
        say(graph, &Sentence::new(self.key.title()))
    }

    /// What it is, in the viewer's language.
    async fn description(&self, graph: &Context<'_>) -> Result<String> {
        say(graph, &Sentence::new(self.key.about()))
    }

    /// What it counts.
    async fn unit(&self) -> MeasureUnit {
        self.key.unit()
    }

    /// The currency of its values; null for what is no money, and without books.
    async fn currency_code(&self, graph: &Context<'_>) -> Result<Option<CurrencyCode>> {
        if self.key.unit() != MeasureUnit::Money {
            return Ok(None);
        }
        let found = Call::of(graph)?.parts::<BookCurrency>(self.company).await?;
        Ok(found.into_iter().next().map(|currency| currency.0))
    }

    /// How its days make a week or a month.
    async fn aggregation(&self) -> MeasureAggregation {
        self.key.aggregation()
    }

    /// The first day of which it is known; null before it was filled.
    async fn first_date(&self, graph: &Context<'_>) -> Result<Option<Date>> {
        Ok(self.covered(graph).await?.map(|it| it.0.first_day))
    }

    /// The last day of which it is known.
    async fn last_date(&self, graph: &Context<'_>) -> Result<Option<Date>> {
        Ok(self.covered(graph).await?.map(|it| it.0.last_day))
    }

    /// What it was on that day.
    async fn last_value(&self, graph: &Context<'_>) -> Result<Option<Dec>> {
        Ok(self.covered(graph).await?.map(|it| it.0.last_value))
    }

    /// What it was from a day to another, both inclusive; 1,100 days by the day and ten years by
    /// the week or month at most. What is not known is left out.
    async fn series(
        &self,
        graph: &Context<'_>,
        from_date: Date,
        to_date: Date,
        #[graphql(default_with = "MeasureGrain::Day")] grain: MeasureGrain,
    ) -> Result<Vec<MeasurePoint>> {
        let Self { key, company } = *self;
        let found = Call::of(graph)?
            .read(move |tx| {
                async move { series::read(tx, key, company, (from_date, to_date), grain).await }
                    .boxed()
            })
            .await?;
        Ok(found.into_iter().map(MeasurePoint::from).collect())
    }

    /// Where it goes; null for a series that is too short.
    async fn trend(&self, graph: &Context<'_>) -> Result<Option<MeasureTrend>> {
        let Some(trend) = self
            .analysed(graph)
            .await?
            .and_then(|it| it.0.findings.trend)
        else {
            return Ok(None);
        };
        let message = say(graph, &trend.sentence(self.key))?;
        Ok(Some(MeasureTrend {
            direction: trend.direction,
            slope: trend.slope,
            grain: trend.step,
            step_count: whole(trend.steps),
            confidence: trend.confidence,
            message,
        }))
    }

    /// What repeats itself in it: the week from four weeks on, the year from two years on.
    async fn seasonality(&self, graph: &Context<'_>) -> Result<Vec<MeasureSeason>> {
        let Some(analysed) = self.analysed(graph).await? else {
            return Ok(Vec::new());
        };
        let each = analysed.0.findings.seasons.iter().map(|season| {
            let said = season.sentence(self.key);
            Ok(MeasureSeason {
                cycle: season.cycle,
                strength: season.strength,
                effects: season.effects.iter().map(Into::into).collect(),
                message: said.map(|said| say(graph, &said)).transpose()?,
            })
        });
        each.collect()
    }

    /// What stands out of it, the latest first.
    async fn anomalies(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<analytics::anomaly::AnomalyFilter>,
        sort: Option<analytics::anomaly::AnomalySort>,
    ) -> Result<Connection<Anomaly>> {
        let own = AnomalyOf::measure(self.key, self.company).and(filter);
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(Some(own), sort, None)).await
    }

    /// What it is expected to be after its last day: so many days, 90 at most, or months, 6 at
    /// most.
    async fn forecast(
        &self,
        graph: &Context<'_>,
        #[graphql(default = 30, validator(minimum = 1, maximum = 90))] steps: i32,
    ) -> Result<Vec<MeasureForecast>> {
        let analysed = self.analysed(graph).await?;
        let ahead = analysed.iter().flat_map(|it| &it.0.findings.forecast);
        let steps = usize::try_from(steps).unwrap_or_default();
        Ok(ahead.take(steps).map(MeasureForecast::from).collect())
    }

    /// When its trend, seasons and forecast changed last; null before it was filled.
    async fn analysed_at(&self, graph: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        Ok(self.analysed(graph).await?.map(|it| it.0.analysed_at))
    }
}

impl Measure {
    /// A measure of a company, for who may see it.
    pub(super) fn open(call: &Call, key: MeasureKey, company: CompanyId) -> Option<Self> {
        let is_open = key.is_open_to(call.actor(), company);
        is_open.then_some(Self { key, company })
    }

    async fn analysed(&self, graph: &Context<'_>) -> Result<Option<Analysed>> {
        let found = Call::of(graph)?.parts::<Analysed>(self.company).await?;
        Ok(found.into_iter().find(|it| it.0.measure == self.key))
    }

    async fn covered(&self, graph: &Context<'_>) -> Result<Option<Covered>> {
        let found = Call::of(graph)?.parts::<Covered>(self.company).await?;
        Ok(found.into_iter().find(|it| it.0.measure == self.key))
    }
}

/// A sentence in the viewer's language.
pub(super) fn say(graph: &Context<'_>, said: &Sentence) -> Result<String> {
    let call = Call::of(graph)?;
    let (speaker, locale) = (&call.core().speaker, call.context().locale);
    Ok(sentence::say(speaker, locale, &said.key, &said.args))
}

fn whole(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

payload! {
    /// What having measures filled gives.
    AnalyticsFillRunPayload {
        /// The job that fills them.
        job: Job
    }
}

/// Looks at measures.
#[derive(Default)]
pub struct MeasureQuery;

#[Object]
impl MeasureQuery {
    /// The measures of a company. Needs `analytics.measure.read` there; what staff cost needs
    /// `people.payroll.read`, too.
    async fn measures(&self, graph: &Context<'_>, company: CompanyId) -> Result<Vec<Measure>> {
        let call = Call::of(graph)?;
        let each = MeasureKey::ALL.iter();
        Ok(each
            .filter_map(|key| Measure::open(call, *key, company))
            .collect())
    }

    /// One measure of a company; null when the viewer may not see it.
    async fn measure(
        &self,
        graph: &Context<'_>,
        company: CompanyId,
        key: MeasureKey,
    ) -> Result<Option<Measure>> {
        Ok(Measure::open(Call::of(graph)?, key, company))
    }
}

/// Acts on measures.
#[derive(Default)]
pub struct MeasureMutation;

#[Object]
impl MeasureMutation {
    /// Has measures filled and analysed: of some days or since they were filled last. Filling
    /// twice changes nothing. Needs `analytics.measure.manage`.
    async fn analytics_fill_run(
        &self,
        graph: &Context<'_>,
        input: AnalyticsFillRunInput,
    ) -> Result<AnalyticsFillRunPayload> {
        act(graph, false, |tx| {
            async move { Ok(Job(fill::enqueue_run(tx, input).await?)) }.boxed()
        })
        .await
    }
}
