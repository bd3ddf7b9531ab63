//! Breaches in the books.

use super::{Breach, Ground};

impl Ground {
    /// An entry by hand of two lines at an instant; one that reverses another turns its sides.
    pub(super) fn entry(
        &self,
        id: &str,
        accounts: [&str; 2],
        at: &str,
        reverses: Option<&str>,
    ) -> String {
        let (org, com, user) = (&self.organisation, &self.company, &self.user);
        let of = reverses.map_or("NULL".to_owned(), |id| format!("'{id}'"));
        let amount = if reverses.is_some() { -750 } else { 750 };
        let [debit, credit] = accounts;
        format!(
            "INSERT INTO ledger.entry (organisation_id, id, company_id, fiscal_year_id, \
                period_id, journal_id, posted_on, memo, source_kind, source_id, source_purpose, \
                reverses_id, line_count, total, posted_at, actor_kind, actor_id) \
             SELECT '{org}', '{id}', '{com}', p.fiscal_year_id, p.id, j.id, p.starts_on, \
                'Asiento de prueba', 'ledger.manual', '{id}', 'post', {of}, 2, 750, {at}, \
                'user', '{user}' \
             FROM (SELECT * FROM ledger.period WHERE company_id = '{com}' AND status = 'OPEN' \
                    ORDER BY starts_on LIMIT 1) p, \
                (SELECT * FROM ledger.journal WHERE company_id = '{com}' \
                    AND kind = 'GENERAL' LIMIT 1) j;
             INSERT INTO ledger.entry_line (organisation_id, id, entry_id, position, line_count, \
                company_id, account_id, posted_on, amount, currency, company_amount, rate) \
             SELECT '{org}', gen_random_uuid(), '{id}', l.position, 2, '{com}', a.id, \
                e.posted_on, l.sign * {amount}, 'EUR', l.sign * {amount}, 1 \
             FROM (VALUES (1, '{debit}', 1), (2, '{credit}', -1)) AS l(position, code, sign) \
             JOIN ledger.account a ON a.company_id = '{com}' AND a.code = l.code \
             JOIN ledger.entry e ON e.id = '{id}';"
        )
    }

    fn by_hand(&self, rule: &'static str, at: &str) -> Breach {
        let (entry, back) = (self.id(), self.id());
        let accounts = ["600", "572"];
        Breach {
            rule,
            plant: self.entry(&entry, accounts, at, None),
            mend: self.entry(&back, accounts, at, Some(&entry)),
            subject: format!("'{entry}'::uuid"),
        }
    }

    pub(super) fn books(&self) -> Vec<Breach> {
        let (com, entry, back) = (&self.company, self.id(), self.id());
        let accounts = ["600", "400"];
        let noon = "date_trunc('week', now()) - interval '5 days' + interval '11 hours'";
        vec![
            self.by_hand(
                "ledger.entry_on_closed_day",
                "date_trunc('week', now()) - interval '12 hours'",
            ),
            self.by_hand(
                "ledger.entry_at_night",
                "date_trunc('week', now()) - interval '5 days' + interval '1 hour'",
            ),
            Breach {
                rule: "finance.subledger_unbalanced",
                plant: self.entry(&entry, accounts, noon, None),
                mend: self.entry(&back, accounts, noon, Some(&entry)),
                subject: format!(
                    "(SELECT id FROM ledger.account WHERE company_id = '{com}' AND code = '400')"
                ),
            },
        ]
    }
}
