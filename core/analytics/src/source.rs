//! Where measures come from: for each a statement that gives its value on each day of a range.
//!
//! Every statement speaks of `given`: the organisation, the company, the first and the last day,
//! and two patterns of account codes. The books are read from their daily balances, so that a
//! year of a company is some thousand rows however many lines were posted; closing entries, which
//! empty the accounts of a year, are taken out again.

use crate::measure::MeasureKey;

/// What every statement begins with.
const GIVEN: &str = "\
WITH given AS (SELECT $1::uuid AS org, $2::uuid AS company, $3::date AS first_day, \
    $4::date AS last_day, $5::text AS one, $6::text AS other), \
days AS (SELECT generate_series(g.first_day::timestamp, g.last_day::timestamp, \
    interval '1 day')::date AS day FROM given g), ";

/// Credits less debits a day of the accounts of a pattern, without closing entries.
const CREDITED: &str = "\
credited AS (SELECT m.day, sum(m.value) AS value FROM ( \
    SELECT b.starts_on AS day, b.credit - b.debit AS value FROM given g \
    JOIN ledger.account a ON a.organisation_id = g.org AND a.company_id = g.company \
        AND a.code ~ g.one \
    JOIN ledger.balance b ON b.organisation_id = g.org AND b.company_id = g.company \
        AND b.slice = '00000000-0000-0000-0000-000000000000' AND b.account_id = a.id \
        AND b.grain = 'DAY' AND b.starts_on BETWEEN g.first_day AND g.last_day \
    UNION ALL \
    SELECT l.posted_on, l.company_amount FROM given g \
    JOIN ledger.journal j ON j.organisation_id = g.org AND j.company_id = g.company \
        AND j.kind = 'CLOSING' \
    JOIN ledger.entry e ON e.organisation_id = g.org AND e.journal_id = j.id \
        AND e.posted_on BETWEEN g.first_day AND g.last_day \
    JOIN ledger.entry_line l ON l.organisation_id = g.org AND l.entry_id = e.id \
    JOIN ledger.account a ON a.organisation_id = g.org AND a.id = l.account_id \
        AND a.code ~ g.one) m GROUP BY m.day) ";

const FLOW_IN: &str = "\
SELECT d.day, coalesce(c.value, 0) AS value FROM days d LEFT JOIN credited c USING (day)";

const FLOW_OUT: &str = "\
SELECT d.day, -coalesce(c.value, 0) AS value FROM days d LEFT JOIN credited c USING (day)";

/// The balance of the accounts of a pattern at the end of each day.
const LEVEL: &str = "\
moved AS (SELECT greatest(b.starts_on, g.first_day) AS day, sum(b.debit - b.credit) AS value \
    FROM given g \
    JOIN ledger.account a ON a.organisation_id = g.org AND a.company_id = g.company \
        AND a.code ~ g.one \
    JOIN ledger.balance b ON b.organisation_id = g.org AND b.company_id = g.company \
        AND b.slice = '00000000-0000-0000-0000-000000000000' AND b.account_id = a.id \
        AND b.grain = 'DAY' AND b.starts_on <= g.last_day GROUP BY 1) \
SELECT d.day, sum(coalesce(m.value, 0)) OVER (ORDER BY d.day) AS value \
FROM days d LEFT JOIN moved m USING (day)";

/// Cost of sales (the other pattern) of the year that ends on each day, over the average stock (the
/// first pattern) of the same days, as of a whole year; nothing before there was any stock.
const TURNS: &str = "\
moved AS (SELECT b.starts_on AS day, \
        coalesce(sum(b.debit - b.credit) FILTER (WHERE a.code ~ g.one), 0) AS stock, \
        coalesce(sum(b.debit - b.credit) FILTER (WHERE a.code ~ g.other), 0) AS cost \
    FROM given g \
    JOIN ledger.account a ON a.organisation_id = g.org AND a.company_id = g.company \
        AND (a.code ~ g.one OR a.code ~ g.other) \
    JOIN ledger.balance b ON b.organisation_id = g.org AND b.company_id = g.company \
        AND b.slice = '00000000-0000-0000-0000-000000000000' AND b.account_id = a.id \
        AND b.grain = 'DAY' AND b.starts_on <= g.last_day GROUP BY 1), \
closed AS (SELECT l.posted_on AS day, sum(l.company_amount) AS cost FROM given g \
    JOIN ledger.journal j ON j.organisation_id = g.org AND j.company_id = g.company \
        AND j.kind = 'CLOSING' \
    JOIN ledger.entry e ON e.organisation_id = g.org AND e.journal_id = j.id \
        AND e.posted_on <= g.last_day \
    JOIN ledger.entry_line l ON l.organisation_id = g.org AND l.entry_id = e.id \
    JOIN ledger.account a ON a.organisation_id = g.org AND a.id = l.account_id \
        AND a.code ~ g.other GROUP BY 1), \
since AS (SELECT min(m.day) AS day FROM moved m), \
every AS (SELECT generate_series(greatest(s.day, g.first_day - 364)::timestamp, \
    g.last_day::timestamp, interval '1 day')::date AS day FROM given g, since s), \
before AS (SELECT coalesce(sum(m.stock), 0) AS stock FROM given g, since s, moved m \
    WHERE m.day < greatest(s.day, g.first_day - 364)), \
level AS (SELECT e.day, b.stock + sum(coalesce(m.stock, 0)) OVER (ORDER BY e.day) AS stock, \
        coalesce(m.cost, 0) - coalesce(c.cost, 0) AS cost \
    FROM before b, every e LEFT JOIN moved m USING (day) LEFT JOIN closed c USING (day)), \
year AS (SELECT l.day, avg(l.stock) OVER w AS stock, \
        sum(l.cost) OVER w / count(*) OVER w * 365 AS cost \
    FROM level l WINDOW w AS (ORDER BY l.day ROWS 364 PRECEDING)) \
SELECT d.day, CASE WHEN y.stock > 0 THEN y.cost / y.stock END AS value \
FROM days d JOIN year y USING (day)";

/// What of one side's open items was past its due date at the end of each day.
macro_rules! overdue {
    ($side:literal) => {
        concat!(
            "charge AS (SELECT i.id, greatest(i.posted_on, i.due_on + 1) AS day, \
                i.company_amount AS value FROM given g JOIN finance.open_item i \
                ON i.organisation_id = g.org AND i.company_id = g.company \
                AND i.side = '",
            $side,
            "' AND i.company_amount > 0 AND greatest(i.posted_on, i.due_on + 1) <= g.last_day), \
            moved AS (SELECT greatest(c.day, g.first_day) AS day, c.value FROM given g, charge c \
                UNION ALL \
                SELECT greatest(a.allocated_on, c.day, g.first_day), -a.charge_company \
                FROM given g, charge c JOIN finance.allocation a ON a.charge_id = c.id \
                WHERE a.organisation_id = g.org AND a.allocated_on <= g.last_day), \
            daily AS (SELECT m.day, sum(m.value) AS value FROM moved m GROUP BY m.day) \
            SELECT d.day, sum(coalesce(m.value, 0)) OVER (ORDER BY d.day) AS value \
            FROM days d LEFT JOIN daily m USING (day)"
        )
    };
}

/// Of a hundred jobs of the company, or of no company, that ended on a day: how many succeeded.
const SUCCESS: &str = "\
ended AS (SELECT (j.finished_at AT TIME ZONE 'UTC')::date AS day, \
        100.0 * count(*) FILTER (WHERE j.status = 'SUCCEEDED') / count(*) AS value \
    FROM given g JOIN kernel.job j ON j.organisation_id = g.org \
        AND (j.company_id = g.company OR j.company_id IS NULL) \
        AND j.status IN ('SUCCEEDED', 'FAILED') \
        AND j.finished_at >= g.first_day::timestamp AT TIME ZONE 'UTC' \
        AND j.finished_at < (g.last_day + 1)::timestamp AT TIME ZONE 'UTC' GROUP BY 1) \
SELECT e.day, e.value FROM ended e";

/// Seconds that nineteen of twenty jobs waited at most from when they were due.
const WAIT: &str = "\
begun AS (SELECT (j.started_at AT TIME ZONE 'UTC')::date AS day, \
        (percentile_cont(0.95) WITHIN GROUP (ORDER BY \
            extract(epoch FROM j.started_at - j.run_at)::double precision))::numeric AS value \
    FROM given g JOIN kernel.job j ON j.organisation_id = g.org \
        AND (j.company_id = g.company OR j.company_id IS NULL) AND j.attempt = 1 \
        AND j.started_at >= g.first_day::timestamp AT TIME ZONE 'UTC' \
        AND j.started_at < (g.last_day + 1)::timestamp AT TIME ZONE 'UTC' GROUP BY 1) \
SELECT b.day, greatest(b.value, 0) AS value FROM begun b";

/// Which accounts a measure reads: patterns of codes of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// The first pattern.
    pub one: &'static str,
    /// The other, of measures that relate two.
    pub other: &'static str,
}

/// A pattern that no account has.
const NONE: &str = "^$";

/// The statement of a measure; it gives `day` and `value`, which may be null.
pub fn statement(key: MeasureKey) -> String {
    let parts: &[&str] = match key {
        MeasureKey::Revenue | MeasureKey::Margin => &[GIVEN, CREDITED, FLOW_IN],
        MeasureKey::HeadcountCost => &[GIVEN, CREDITED, FLOW_OUT],
        MeasureKey::StockTurns => &[GIVEN, TURNS],
        MeasureKey::Cash => &[GIVEN, LEVEL],
        MeasureKey::OverdueReceivables => &[GIVEN, overdue!("RECEIVABLE")],
        MeasureKey::OverduePayables => &[GIVEN, overdue!("PAYABLE")],
        MeasureKey::JobSuccess => &[GIVEN, SUCCESS],
        MeasureKey::JobWait => &[GIVEN, WAIT],
    };
    parts.concat()
}

/// The accounts of a measure in a chart: the Spanish chart (Plan General de Contabilidad, groups
/// 3, 57, 60, 61, 64 and 70) or the generic one.
pub fn accounts(key: MeasureKey, chart: &str) -> Accounts {
    let is_spanish = chart.starts_with("es_");
    let pick = |spanish, generic| if is_spanish { spanish } else { generic };
    let (one, other) = match key {
        MeasureKey::Revenue => (pick("^70", "^4[01]"), NONE),
        MeasureKey::Margin => (pick("^(70|60|61)", "^(4[01]|5)"), NONE),
        MeasureKey::HeadcountCost => (pick("^64", "^61"), NONE),
        MeasureKey::StockTurns => (pick("^3", "^14[0-8]"), pick("^(60|61)", "^5")),
        MeasureKey::Cash => (pick("^57", "^11[123]"), NONE),
        _ => (NONE, NONE),
    };
    Accounts { one, other }
}

/// The entries that moved a measure most in a range of days: `entry_id` and `amount`, the largest
/// first; not those that close a year. Of measures that are flows of the books.
pub const LARGEST: &str = "\
SELECT l.entry_id, -sum(l.company_amount) AS amount FROM ledger.account a \
JOIN ledger.entry_line l ON l.organisation_id = a.organisation_id AND l.account_id = a.id \
    AND l.posted_on BETWEEN $3 AND $4 \
JOIN ledger.entry e ON e.organisation_id = a.organisation_id AND e.id = l.entry_id \
JOIN ledger.journal j ON j.organisation_id = a.organisation_id AND j.id = e.journal_id \
    AND j.kind <> 'CLOSING' \
WHERE a.organisation_id = $1 AND a.company_id = $2 AND a.code ~ $5 \
GROUP BY l.entry_id ORDER BY abs(sum(l.company_amount)) DESC, l.entry_id LIMIT 3";

/// Whether the entries that moved a measure can be told.
pub const fn has_entries(key: MeasureKey) -> bool {
    matches!(
        key,
        MeasureKey::Revenue | MeasureKey::Margin | MeasureKey::HeadcountCost
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_has_a_statement_over_what_is_given() {
        for key in MeasureKey::ALL {
            let text = statement(*key);
            assert!(text.starts_with("WITH given AS"), "{key}");
            assert!(text.contains(" AS value"), "{key}");
        }
    }

    #[test]
    fn what_is_overdue_is_asked_of_one_side() {
        let of = |key| statement(key).contains("i.side = 'RECEIVABLE'");
        assert!(of(MeasureKey::OverdueReceivables) && !of(MeasureKey::OverduePayables));
    }

    #[test]
    fn accounts_follow_the_chart() {
        let revenue = |chart| accounts(MeasureKey::Revenue, chart).one;
        assert_eq!(revenue("es_pyme"), "^70");
        assert_eq!(revenue("generic"), "^4[01]");
        assert_eq!(accounts(MeasureKey::JobWait, "es_pyme").one, NONE);
    }
}
