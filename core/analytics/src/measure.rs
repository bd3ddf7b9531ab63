//! Measures: what is measured of a company each day, in which unit, and who may see it.

use kernel::ids::CompanyId;
use kernel::{Actor, Permission, Predicate};

use crate::permission::{MEASURE_READ, PAYROLL_READ};

kernel::text_enum! {
    /// What is measured.
    pub enum MeasureKey {
        /// Sales less returns and discounts, without tax.
        Revenue = "REVENUE",
        /// Revenue less the cost of what was sold.
        Margin = "MARGIN",
        /// Wages, salaries and what the employer pays on them.
        HeadcountCost = "HEADCOUNT_COST",
        /// How often in a year the stock is sold: cost of sales over the average stock.
        StockTurns = "STOCK_TURNS",
        /// What customers owe and should have paid.
        OverdueReceivables = "OVERDUE_RECEIVABLES",
        /// What suppliers are owed and should have been paid.
        OverduePayables = "OVERDUE_PAYABLES",
        /// Money in banks and on hand.
        Cash = "CASH",
        /// Of a hundred jobs that ended, how many succeeded.
        JobSuccess = "JOB_SUCCESS",
        /// How long nineteen of twenty jobs waited at most before they began.
        JobWait = "JOB_WAIT",
    }
}

kernel::text_enum! {
    /// What a measure counts.
    pub enum MeasureUnit {
        /// Money in the currency of the company's books.
        Money = "MONEY",
        /// Of a hundred.
        Percent = "PERCENT",
        /// How often.
        Times = "TIMES",
        /// Seconds.
        Seconds = "SECONDS",
    }
}

kernel::text_enum! {
    /// How the days of a week or month make one value.
    pub enum MeasureAggregation {
        /// They are added up.
        Sum = "SUM",
        /// The last one counts.
        Last = "LAST",
        /// Their mean counts.
        Mean = "MEAN",
    }
}

kernel::text_enum! {
    /// The steps of a series.
    pub enum MeasureGrain {
        /// Days.
        Day = "DAY",
        /// Weeks, from Monday on.
        Week = "WEEK",
        /// Months.
        Month = "MONTH",
    }
}

kernel::enum_filter! {
    /// Conditions on what is measured.
    MeasureKeyFilter of MeasureKey
}

/// How many days back a value is worked out anew when nothing else is asked: books are posted late.
const LATE_DAYS: i64 = 35;

impl MeasureKey {
    /// What it counts.
    pub const fn unit(self) -> MeasureUnit {
        match self {
            Self::StockTurns => MeasureUnit::Times,
            Self::JobSuccess => MeasureUnit::Percent,
            Self::JobWait => MeasureUnit::Seconds,
            _ => MeasureUnit::Money,
        }
    }

    /// How its days make a week or a month.
    pub const fn aggregation(self) -> MeasureAggregation {
        match self {
            Self::Revenue | Self::Margin | Self::HeadcountCost => MeasureAggregation::Sum,
            Self::JobSuccess | Self::JobWait => MeasureAggregation::Mean,
            _ => MeasureAggregation::Last,
        }
    }

    /// The steps in which it is analysed: what happens once a month says nothing by the day.
    pub const fn grain(self) -> MeasureGrain {
        match self {
            Self::HeadcountCost => MeasureGrain::Month,
            _ => MeasureGrain::Day,
        }
    }

    /// Whether single days, or months, can stand out. A balance carries its past along: what is
    /// unusual about it is unusual in what moved it.
    pub const fn finds_anomalies(self) -> bool {
        matches!(
            self,
            Self::Revenue | Self::Margin | Self::HeadcountCost | Self::JobSuccess | Self::JobWait
        )
    }

    /// What one must be allowed beside [`MEASURE_READ`] to see it.
    pub const fn also_needs(self) -> Option<Permission> {
        match self {
            Self::HeadcountCost => Some(PAYROLL_READ),
            _ => None,
        }
    }

    /// Days back to which a value is worked out anew by default.
    pub const fn late_days(self) -> i64 {
        match self.changes_for_days() {
            Some(days) => days,
            None => LATE_DAYS,
        }
    }

    /// Days after which a value no longer changes, because its source is pruned; none for the
    /// books, which are kept.
    pub const fn changes_for_days(self) -> Option<i64> {
        match self {
            Self::JobSuccess | Self::JobWait => Some(3),
            _ => None,
        }
    }

    /// The message key of its title.
    pub fn title(self) -> String {
        format!("analytics.{}", self.text().to_lowercase())
    }

    /// The message key of what it is.
    pub fn about(self) -> String {
        format!("{}.about", self.title())
    }

    /// Whether an actor may see it in a company.
    pub fn is_open_to(self, actor: &Actor, company: CompanyId) -> bool {
        let may = |permission| actor.scope(permission).covers(Some(company), None);
        may(MEASURE_READ) && self.also_needs().is_none_or(may)
    }
}

/// The rows of a table that are about measures the actor may see where they are.
pub(crate) fn visible(actor: &Actor, measure: &str, company: &str) -> Predicate {
    let each = MeasureKey::ALL.iter().map(|key| {
        let own = Predicate::equal(measure, key.text());
        let needed = [Some(MEASURE_READ), key.also_needs()].into_iter().flatten();
        needed.fold(own, |seen, permission| {
            let scope = actor.scope(permission);
            seen.and(Predicate::in_scope(&scope, Some(company), None))
        })
    });
    Predicate::some(each.collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kernel::Scope;
    use kernel::ids::OrganisationId;

    use super::*;

    #[test]
    fn what_staff_cost_takes_the_right_to_see_payroll_in_the_same_company() {
        let (mine, other) = (CompanyId::generate(), CompanyId::generate());
        let only = |company| Scope {
            companies: vec![company],
            ..Scope::default()
        };
        let mut actor = Actor {
            grants: BTreeMap::from([(MEASURE_READ.to_owned(), only(mine))]),
            ..Actor::system(OrganisationId::generate())
        };
        assert!(MeasureKey::Revenue.is_open_to(&actor, mine));
        assert!(!MeasureKey::Revenue.is_open_to(&actor, other));
        assert!(!MeasureKey::HeadcountCost.is_open_to(&actor, mine));
        actor.grants.insert(PAYROLL_READ.to_owned(), only(other));
        assert!(!MeasureKey::HeadcountCost.is_open_to(&actor, mine));
        actor.grants.insert(PAYROLL_READ.to_owned(), only(mine));
        assert!(MeasureKey::HeadcountCost.is_open_to(&actor, mine));
    }
}
