//! The end of a run: its figures, and one digest for each person who cares.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, JobId, UserId};
use kernel::schema::job_item;
use kernel::{Result, Tx};
use processes::Sentence;
use processes::notification::{self, Notify};
use serde_json::{Value, json};

use crate::permission::REPLENISHMENT_MANAGE;

/// The kind of the digest.
pub(crate) const DIGEST: &str = "inventory.replenishment_digest";

/// What a run did in a company.
#[derive(Clone, Copy, Debug, Default, PartialEq, QueryableByName)]
struct Figures {
    #[diesel(sql_type = sql::BigInt)]
    proposed: i64,
    #[diesel(sql_type = sql::BigInt)]
    raised: i64,
    #[diesel(sql_type = sql::BigInt)]
    withdrawn: i64,
    #[diesel(sql_type = sql::BigInt)]
    without_supplier: i64,
    #[diesel(sql_type = sql::BigInt)]
    out: i64,
    #[diesel(sql_type = sql::BigInt)]
    low: i64,
    #[diesel(sql_type = sql::BigInt)]
    overstock: i64,
    #[diesel(sql_type = sql::BigInt)]
    late: i64,
}

impl Figures {
    fn plus(self, other: Self) -> Self {
        Self {
            proposed: self.proposed + other.proposed,
            raised: self.raised + other.raised,
            withdrawn: self.withdrawn + other.withdrawn,
            without_supplier: self.without_supplier + other.without_supplier,
            out: self.out + other.out,
            low: self.low + other.low,
            overstock: self.overstock + other.overstock,
            late: self.late + other.late,
        }
    }

    /// Whether there is anything that a buyer has to look at.
    fn is_news(self) -> bool {
        self.proposed + self.raised + self.out + self.low + self.overstock + self.late > 0
    }
}

/// Tells the people who care, and gives the figures of the run.
pub(super) async fn finish(
    tx: &mut Tx,
    job: JobId,
    since: DateTime<Utc>,
    looked_at: usize,
) -> Result<Value> {
    let by_company = figures(tx, job, since).await?;
    let failed: i64 = job_item::table
        .filter(job_item::organisation_id.eq(tx.organisation()))
        .filter(job_item::job_id.eq(job))
        .filter(job_item::status.eq("FAILED"))
        .count()
        .get_result(tx.conn())
        .await?;
    tell(tx, job, &by_company, failed).await?;
    let all = by_company
        .values()
        .fold(Figures::default(), |sum, figures| sum.plus(*figures));
    Ok(json!({
        "lookedAt": looked_at,
        "proposed": all.proposed,
        "raised": all.raised,
        "withdrawn": all.withdrawn,
        "withoutSupplier": all.without_supplier,
        "failed": failed,
        "out": all.out,
        "low": all.low,
        "overstock": all.overstock,
        "late": all.late,
    }))
}

/// What the run did, company by company; read from what it wrote, so that a run that was taken up
/// by another worker counts whole.
async fn figures(
    tx: &mut Tx,
    job: JobId,
    since: DateTime<Utc>,
) -> Result<HashMap<CompanyId, Figures>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Uuid)]
        company_id: CompanyId,
        #[diesel(embed)]
        figures: Figures,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT company_id, sum(proposed)::bigint AS proposed, sum(raised)::bigint AS raised, \
            sum(withdrawn)::bigint AS withdrawn, sum(orphans)::bigint AS without_supplier, \
            sum(out)::bigint AS out, sum(low)::bigint AS low, \
            sum(overstock)::bigint AS overstock, sum(late)::bigint AS late \
         FROM ( \
            SELECT company_id, \
                count(*) FILTER (WHERE status <> 'WITHDRAWN' AND created_at >= $3) AS proposed, \
                count(*) FILTER (WHERE status <> 'WITHDRAWN' AND created_at < $3) AS raised, \
                count(*) FILTER (WHERE status = 'WITHDRAWN') AS withdrawn, \
                count(*) FILTER (WHERE problem IS NOT NULL AND created_at >= $3) AS orphans, \
                0 AS out, 0 AS low, 0 AS overstock, 0 AS late \
            FROM inventory.proposal WHERE organisation_id = $1 AND job_id = $2 \
            GROUP BY company_id \
            UNION ALL \
            SELECT company_id, 0, 0, 0, 0, count(*) FILTER (WHERE kind = 'OUT'), \
                count(*) FILTER (WHERE kind = 'LOW'), \
                count(*) FILTER (WHERE kind = 'OVERSTOCK'), \
                count(*) FILTER (WHERE kind = 'LATE_ORDER') \
            FROM inventory.stock_alert \
            WHERE organisation_id = $1 AND job_id = $2 AND closed_at IS NULL \
            GROUP BY company_id \
         ) AS parts GROUP BY company_id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(job)
    .bind::<sql::Timestamptz, _>(since)
    .load(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.company_id, row.figures))
        .collect())
}

/// One digest a person: of the companies in which they manage replenishment.
async fn tell(
    tx: &mut Tx,
    job: JobId,
    by_company: &HashMap<CompanyId, Figures>,
    failed: i64,
) -> Result<()> {
    let mut digests: HashMap<UserId, HashMap<CompanyId, Figures>> = HashMap::new();
    for (user, company) in people(tx).await? {
        let own = digests.entry(user).or_default();
        let covered = by_company
            .iter()
            .filter(|(id, _)| company.is_none_or(|company| company == **id));
        own.extend(covered.map(|(id, figures)| (*id, *figures)));
    }
    let notices = digests
        .into_iter()
        .map(|(user, own)| {
            let sum = own
                .values()
                .fold(Figures::default(), |sum, it| sum.plus(*it));
            (user, sum)
        })
        .filter(|(_, sum)| sum.is_news())
        .map(|(user, sum)| notice(job, user, sum, failed))
        .collect();
    notification::notify_all(tx, notices).await?;
    Ok(())
}

fn notice(job: JobId, user: UserId, sum: Figures, failed: i64) -> Notify {
    let args = Sentence::new(DIGEST)
        .with("proposed", sum.proposed)
        .with("raised", sum.raised)
        .with("orphans", sum.without_supplier)
        .with("out", sum.out)
        .with("low", sum.low)
        .with("overstock", sum.overstock)
        .with("late", sum.late)
        .with("failed", failed)
        .args;
    Notify {
        args,
        urgent: sum.out > 0,
        key: Some(format!("{DIGEST}:{job}")),
        ..Notify::new(DIGEST, "Job", job, vec![user])
    }
}

/// The users who manage replenishment, each with a company or none for all.
async fn people(tx: &mut Tx) -> Result<Vec<(UserId, Option<CompanyId>)>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = sql::Uuid)]
        user_id: UserId,
        #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
        company_id: Option<CompanyId>,
    }
    let found: Vec<Found> = diesel::sql_query(
        "SELECT DISTINCT a.user_id, a.company_id FROM directory.role_assignment a \
         JOIN directory.role r ON r.organisation_id = a.organisation_id AND r.id = a.role_id \
         JOIN directory.\"user\" u ON u.organisation_id = a.organisation_id AND u.id = a.user_id \
         WHERE a.organisation_id = $1 AND u.active AND r.archived_at IS NULL \
            AND $2 = ANY(r.permissions) AND a.department_id IS NULL",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Text, _>(REPLENISHMENT_MANAGE)
    .load(tx.conn())
    .await?;
    Ok(found
        .into_iter()
        .map(|row| (row.user_id, row.company_id))
        .collect())
}

#[cfg(test)]
mod tests {
    use kernel::{Locale, Speaker};

    use super::*;

    #[test]
    fn what_is_told_is_told_in_both_languages() {
        let speaker = Speaker::new(&[kernel::message::MESSAGES, crate::MESSAGES]).unwrap();
        let told = [format!("{DIGEST}.title"), format!("{DIGEST}.body")];
        let other = [
            "inventory.purchase_order_title",
            "inventory.need_gone",
            super::super::record::NOT_KEPT,
            crate::proposal::task::TITLE,
        ]
        .map(str::to_owned);
        for key in told.iter().chain(&other) {
            for locale in Locale::ALL {
                assert!(speaker.knows(*locale, key), "{key} in {locale}");
            }
        }
    }

    #[test]
    fn only_what_a_buyer_has_to_look_at_is_news() {
        let none = Figures {
            withdrawn: 3,
            ..Figures::default()
        };
        assert!(!none.is_news());
        let late = Figures { late: 1, ..none };
        assert!(
            late.is_news()
                && none.plus(late)
                    == Figures {
                        withdrawn: 6,
                        ..late
                    }
        );
    }
}
