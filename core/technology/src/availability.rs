//! How much of a time systems were up: the time less that of their major and critical incidents,
//! where those that overlap count once.

use chrono::{DateTime, Days, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::SystemId;
use kernel::{Date, Fault, Result, Tx};
use rust_decimal::Decimal;

use crate::fault;

/// Days of a range at most.
pub const MOST_DAYS: i64 = 366;

/// How much of a time a system was up.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Availability {
    /// The system.
    #[diesel(sql_type = sql::Uuid)]
    pub system_id: SystemId,
    /// Seconds of the range in which the system was registered, and that are over.
    #[diesel(sql_type = sql::BigInt)]
    pub watched_seconds: i64,
    /// Seconds of them in which it was down.
    #[diesel(sql_type = sql::BigInt)]
    pub down_seconds: i64,
    /// Major and critical incidents in the range.
    #[diesel(sql_type = sql::BigInt)]
    pub incidents: i64,
}

impl Availability {
    /// Of a hundred, to three places; none when nothing was watched.
    pub fn percent(&self) -> Option<Decimal> {
        if self.watched_seconds <= 0 {
            return None;
        }
        let up = Decimal::from(self.watched_seconds - self.down_seconds);
        let share = up * Decimal::ONE_HUNDRED / Decimal::from(self.watched_seconds);
        Some(share.round_dp(3))
    }
}

/// The availability of some systems from a day to another, both inclusive, in UTC. For those who
/// see the systems; checks no permission.
///
/// # Errors
/// Days out of order, or more than 366 of them.
pub async fn of(
    tx: &mut Tx,
    systems: &[SystemId],
    from: Date,
    to: Date,
) -> Result<Vec<Availability>> {
    check_range(from, to)?;
    let begin = start_of(from);
    let end = start_of(Date(to.0.checked_add_days(Days::new(1)).unwrap_or(to.0)));
    let end = end.min(tx.now());
    Ok(diesel::sql_query(
        "WITH asked AS ( \
            SELECT s.id, greatest(s.created_at, $3) AS begin_at, \
                least(coalesce(s.retired_at, $4), $4) AS end_at \
            FROM technology.system s WHERE s.organisation_id = $1 AND s.id = ANY($2)), \
         down AS ( \
            SELECT a.id, count(*) AS incidents, range_agg(tstzrange( \
                greatest(i.began_at, a.begin_at), \
                least(coalesce(i.resolved_at, a.end_at), a.end_at))) AS times \
            FROM asked a JOIN technology.incident i ON i.organisation_id = $1 \
                AND i.system_id = a.id AND i.severity <> 'MINOR' AND i.began_at < a.end_at \
                AND (i.resolved_at IS NULL OR i.resolved_at > a.begin_at) \
            WHERE a.begin_at < a.end_at GROUP BY a.id) \
         SELECT a.id AS system_id, \
            greatest(extract(epoch FROM a.end_at - a.begin_at), 0)::bigint AS watched_seconds, \
            coalesce((SELECT sum(extract(epoch FROM upper(t) - lower(t))) \
                FROM unnest(d.times) AS t), 0)::bigint AS down_seconds, \
            coalesce(d.incidents, 0) AS incidents \
         FROM asked a LEFT JOIN down d ON d.id = a.id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(systems)
    .bind::<sql::Timestamptz, _>(begin)
    .bind::<sql::Timestamptz, _>(end)
    .load(tx.conn())
    .await?)
}

fn check_range(from: Date, to: Date) -> Result<()> {
    if from > to {
        return Err(Fault::invalid("kernel.dates_out_of_order")
            .at(["to"])
            .into());
    }
    if (to.0 - from.0).num_days() >= MOST_DAYS {
        return Err(Fault::invalid(fault::RANGE_TOO_LONG)
            .with("most", MOST_DAYS)
            .at(["to"])
            .into());
    }
    Ok(())
}

fn start_of(day: Date) -> DateTime<Utc> {
    day.0.and_time(chrono::NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_with_an_hour_down_was_up_for_the_rest_of_it() {
        let of = |watched_seconds, down_seconds| Availability {
            system_id: SystemId::generate(),
            watched_seconds,
            down_seconds,
            incidents: 1,
        };
        let percent = |watched, down| of(watched, down).percent().map(|it| it.to_string());
        assert_eq!(percent(86_400, 3_600).as_deref(), Some("95.833"));
        assert_eq!(percent(86_400, 0).as_deref(), Some("100"));
        assert_eq!(percent(0, 0), None);
    }

    #[test]
    fn a_range_is_in_order_and_no_longer_than_a_year() {
        let day = |text: &str| Date(text.parse().unwrap());
        assert!(check_range(day("2026-01-01"), day("2026-12-31")).is_ok());
        assert!(check_range(day("2026-01-02"), day("2026-01-01")).is_err());
        assert!(check_range(day("2026-01-01"), day("2027-01-02")).is_err());
    }
}
