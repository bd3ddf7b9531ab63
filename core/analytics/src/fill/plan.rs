//! Which series are to be filled over which days, and how one is.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::id::TypedId;
use kernel::ids::CompanyId;
use kernel::{Clock, Date, Result, Tx};
use uuid::Uuid;

use super::FillMeasures;
use crate::measure::MeasureKey;
use crate::model::{Findings, Steps};
use crate::permission::MEASURE_MANAGE;
use crate::{analysis, anomaly, series, source};

/// Days that are filled of the jobs' measures when nothing is known yet.
const JOB_DAYS: u64 = 30;

/// One series to be filled.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub key: MeasureKey,
    pub company: CompanyId,
    chart: String,
    from: NaiveDate,
    to: NaiveDate,
    /// Values before this day are no longer changed.
    changes_from: NaiveDate,
}

/// A company and what is known of its books and series.
#[derive(Clone, Debug, QueryableByName)]
struct Subject {
    #[diesel(sql_type = sql::Uuid)]
    company: CompanyId,
    #[diesel(sql_type = sql::Text)]
    zone: String,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    chart: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Date>)]
    books_since: Option<NaiveDate>,
}

#[derive(QueryableByName)]
struct LastDay {
    #[diesel(sql_type = sql::Uuid)]
    company_id: CompanyId,
    #[diesel(sql_type = sql::Text)]
    measure: MeasureKey,
    #[diesel(sql_type = sql::Date)]
    day: NaiveDate,
}

impl FillMeasures {
    /// The series to fill, company by company.
    pub(super) async fn plans(&self, tx: &mut Tx, clock: &Clock) -> Result<Vec<Plan>> {
        let scope = tx.require(MEASURE_MANAGE)?;
        let mut subjects = subjects(tx, &self.companies).await?;
        subjects.retain(|one| scope.covers(Some(one.company), None));
        let ids: Vec<CompanyId> = subjects.iter().map(|one| one.company).collect();
        let last = last_days(tx, &ids).await?;
        let mut plans = Vec::new();
        for subject in &subjects {
            for key in MeasureKey::ALL {
                let is_wanted = self.measures.is_empty() || self.measures.contains(key);
                let known = last
                    .iter()
                    .find(|one| one.company_id == subject.company && one.measure == *key);
                if is_wanted {
                    plans.extend(self.plan(*key, subject, known.map(|it| it.day), clock));
                }
            }
        }
        Ok(plans)
    }

    fn plan(
        &self,
        key: MeasureKey,
        subject: &Subject,
        last: Option<NaiveDate>,
        clock: &Clock,
    ) -> Option<Plan> {
        let today = clock.today(subject.zone.parse().unwrap_or(Tz::UTC));
        let to = match self.to {
            Some(to) => to.0.min(today),
            None => today.pred_opt()?,
        };
        let is_of_jobs = key.changes_for_days().is_some();
        let begin = if is_of_jobs {
            to.checked_sub_days(Days::new(JOB_DAYS))?
        } else {
            subject.books_since?
        };
        let late = Days::new(u64::try_from(key.late_days()).unwrap_or_default());
        let usual = last.map_or(Some(begin), |last| last.checked_sub_days(late));
        let longest = Days::new(u64::try_from(series::MOST_DAYS - 1).unwrap_or_default());
        let from = self
            .from
            .map_or(usual?, |from| from.0)
            .max(to.checked_sub_days(longest)?);
        let from = if is_of_jobs { from } else { from.max(begin) };
        let kept = key
            .changes_for_days()
            .and_then(|days| u64::try_from(days).ok());
        let changes_from = kept.map_or(Some(NaiveDate::MIN), |days| {
            today.checked_sub_days(Days::new(days))
        });
        (from <= to).then_some(Plan {
            key,
            company: subject.company,
            chart: subject.chart.clone().unwrap_or_default(),
            from,
            to,
            changes_from: changes_from?.max(NaiveDate::from_ymd_opt(1, 1, 1)?),
        })
    }
}

/// Companies in use with their books.
async fn subjects(tx: &mut Tx, only: &[CompanyId]) -> Result<Vec<Subject>> {
    Ok(diesel::sql_query(
        "SELECT c.id AS company, c.zone, b.chart, (SELECT min(l.starts_on) FROM ledger.balance l \
            WHERE l.organisation_id = c.organisation_id AND l.company_id = c.id \
                AND l.slice = '00000000-0000-0000-0000-000000000000' AND l.grain = 'DAY') \
            AS books_since \
         FROM directory.company c LEFT JOIN ledger.book b \
            ON b.organisation_id = c.organisation_id AND b.company_id = c.id \
         WHERE c.organisation_id = $1 AND c.archived_at IS NULL \
            AND (cardinality($2) = 0 OR c.id = ANY($2)) ORDER BY c.id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(only)
    .load(tx.conn())
    .await?)
}

async fn last_days(tx: &mut Tx, companies: &[CompanyId]) -> Result<Vec<LastDay>> {
    Ok(diesel::sql_query(
        "SELECT company_id, measure, max(day) AS day FROM analytics.observation \
         WHERE organisation_id = $1 AND company_id = ANY($2) GROUP BY company_id, measure",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(companies)
    .load(tx.conn())
    .await?)
}

impl Plan {
    /// The key of its item: the same for the same measure and company.
    pub fn item(&self) -> Uuid {
        Uuid::new_v5(&self.company.uuid(), self.key.text().as_bytes())
    }

    /// Writes the values of the range that are new or different; gives how many.
    pub async fn fill(&self, tx: &mut Tx) -> Result<u64> {
        let accounts = source::accounts(self.key, &self.chart);
        let text = format!(
            "INSERT INTO analytics.observation AS kept \
                (organisation_id, company_id, measure, day, value, filled_at) \
             SELECT $1, $2, $7, s.day, round(s.value, 6), $8 FROM ({}) s \
             WHERE s.value IS NOT NULL \
             ON CONFLICT (organisation_id, company_id, measure, day) DO UPDATE \
                SET value = EXCLUDED.value, filled_at = EXCLUDED.filled_at \
             WHERE kept.value <> EXCLUDED.value AND kept.day >= $9",
            source::statement(self.key)
        );
        let changed = diesel::sql_query(text)
            .bind::<sql::Uuid, _>(tx.organisation())
            .bind::<sql::Uuid, _>(self.company)
            .bind::<sql::Date, _>(Date(self.from))
            .bind::<sql::Date, _>(Date(self.to))
            .bind::<sql::Text, _>(accounts.one)
            .bind::<sql::Text, _>(accounts.other)
            .bind::<sql::Text, _>(self.key)
            .bind::<sql::Timestamptz, _>(tx.now())
            .bind::<sql::Date, _>(Date(self.changes_from))
            .execute(tx.conn())
            .await?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// Keeps what the series says and what stands out of it.
    pub async fn keep(
        &self,
        tx: &mut Tx,
        steps: &Steps,
        findings: Findings,
    ) -> Result<anomaly::Settled> {
        analysis::keep(tx, self.key, self.company, steps, &findings).await?;
        let Some((first, _)) = steps.ends() else {
            return Ok(anomaly::Settled::default());
        };
        let pattern = source::accounts(self.key, &self.chart).one;
        let outliers = (first, findings.outliers.as_slice());
        anomaly::settle(tx, self.key, self.company, pattern, outliers).await
    }
}
