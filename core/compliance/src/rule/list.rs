//! Reading rules. They are few and part of the program, so that lists are filtered, sorted and cut
//! in memory; in the shape of every other list.

use async_graphql::{Enum, InputObject};
use kernel::filter::{BooleanFilter, TextFilter};
use kernel::ids::ComplianceRuleId;
use kernel::page::{DEFAULT_SIZE, MAX_SIZE, Page, PageRequest, Sort, SortDirection};
use kernel::{Fault, Result, Tx};

use super::Severity;
use super::setting::{ComplianceRule, in_force};
use crate::permission::RULE_READ;

kernel::enum_filter! {
    /// Conditions on how grave a breach is.
    SeverityFilter of Severity
}

/// Conditions on rules.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ComplianceRuleFilter {
    /// All of these hold.
    pub and: Option<Vec<ComplianceRuleFilter>>,
    /// Any of these holds.
    pub or: Option<Vec<ComplianceRuleFilter>>,
    /// This does not hold.
    pub not: Option<Box<ComplianceRuleFilter>>,
    /// By key, `finance.payment_too_late`.
    pub key: Option<TextFilter>,
    /// By the domain that they look at.
    pub domain: Option<TextFilter>,
    /// By how grave a breach is.
    pub severity: Option<SeverityFilter>,
    /// By whether scans take them.
    pub is_enabled: Option<BooleanFilter>,
}

/// What rules can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ComplianceRuleSortField {
    /// By key.
    #[graphql(name = "KEY")]
    Key,
    /// By how grave a breach is.
    #[graphql(name = "SEVERITY")]
    Severity,
}

/// An order of rules.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct ComplianceRuleSort {
    /// The field.
    pub field: ComplianceRuleSortField,
    /// The direction.
    #[graphql(default_with = "SortDirection::Asc")]
    pub direction: SortDirection,
}

impl From<ComplianceRuleSort> for Sort<ComplianceRuleSortField> {
    fn from(sort: ComplianceRuleSort) -> Self {
        Self {
            field: sort.field,
            direction: sort.direction,
        }
    }
}

/// What is asked of the rules.
pub type RuleRequest = PageRequest<ComplianceRuleFilter, ComplianceRuleSortField>;

/// A page of the rules, and how many the request finds.
pub async fn page(tx: &mut Tx, request: RuleRequest) -> Result<(Page<ComplianceRule>, i64)> {
    tx.require(RULE_READ)?;
    let mut rules = in_force(tx).await?;
    rules.retain(|rule| wanted(rule, &request));
    if let Some(sort) = request.sort {
        order(&mut rules, sort);
    }
    let total = i64::try_from(rules.len()).unwrap_or(i64::MAX);
    Ok((cut(rules, &request)?, total))
}

/// The rules of these ids.
pub async fn by_ids(tx: &mut Tx, ids: &[ComplianceRuleId]) -> Result<Vec<ComplianceRule>> {
    tx.require(RULE_READ)?;
    let mut rules = in_force(tx).await?;
    rules.retain(|rule| ids.contains(&rule.id));
    Ok(rules)
}

/// One rule.
pub async fn find(tx: &mut Tx, id: ComplianceRuleId) -> Result<Option<ComplianceRule>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

fn wanted(rule: &ComplianceRule, request: &RuleRequest) -> bool {
    let text = request.search.as_deref().unwrap_or_default().trim();
    let text = text.to_lowercase();
    let said = [
        &rule.rule.key,
        &rule.rule.title.es,
        &rule.rule.title.en,
        &rule.rule.source.norm,
    ];
    let found = text.is_empty() || said.iter().any(|it| it.to_lowercase().contains(&text));
    found && request.filter.as_ref().is_none_or(|it| it.admits(rule))
}

impl ComplianceRuleFilter {
    fn admits(&self, rule: &ComplianceRule) -> bool {
        let every = |parts: &Option<Vec<Self>>| {
            parts
                .as_ref()
                .is_none_or(|all| all.iter().all(|it| it.admits(rule)))
        };
        let some = |parts: &Option<Vec<Self>>| {
            parts
                .as_ref()
                .is_none_or(|any| any.iter().any(|it| it.admits(rule)))
        };
        let severity = self.severity.as_ref();
        every(&self.and)
            && some(&self.or)
            && self.not.as_ref().is_none_or(|not| !not.admits(rule))
            && says(self.key.as_ref(), &rule.rule.key)
            && says(self.domain.as_ref(), &rule.rule.domain)
            && severity.is_none_or(|it| grave(it, rule.severity))
            && self
                .is_enabled
                .as_ref()
                .and_then(|it| it.eq)
                .is_none_or(|enabled| enabled == rule.enabled)
    }
}

fn says(filter: Option<&TextFilter>, text: &str) -> bool {
    let Some(filter) = filter else { return true };
    let low = text.to_lowercase();
    let holds =
        |part: &Option<String>, test: &dyn Fn(&str) -> bool| part.as_deref().is_none_or(test);
    holds(&filter.eq, &|it| it == text)
        && holds(&filter.ne, &|it| it != text)
        && holds(&filter.contains, &|it| low.contains(&it.to_lowercase()))
        && holds(&filter.starts_with, &|it| {
            low.starts_with(&it.to_lowercase())
        })
        && filter
            .one_of
            .as_ref()
            .is_none_or(|any| any.iter().any(|it| it == text))
        && filter.is_null.is_none_or(|null| !null)
}

fn grave(filter: &SeverityFilter, severity: Severity) -> bool {
    filter.eq.is_none_or(|it| it == severity)
        && filter.ne.is_none_or(|it| it != severity)
        && filter
            .one_of
            .as_ref()
            .is_none_or(|any| any.contains(&severity))
}

fn order(rules: &mut [ComplianceRule], sort: Sort<ComplianceRuleSortField>) {
    rules.sort_by(|one, other| {
        let by = match sort.field {
            ComplianceRuleSortField::Key => one.rule.key.cmp(&other.rule.key),
            ComplianceRuleSortField::Severity => one
                .severity
                .gravity()
                .cmp(&other.severity.gravity())
                .then_with(|| one.rule.key.cmp(&other.rule.key)),
        };
        match sort.direction {
            SortDirection::Asc => by,
            SortDirection::Desc => by.reverse(),
        }
    });
}

/// The page of a whole list; the cursor of a rule is its key.
fn cut(rules: Vec<ComplianceRule>, request: &RuleRequest) -> Result<Page<ComplianceRule>> {
    let forward = request.first.is_some() || request.after.is_some();
    let backward = request.last.is_some() || request.before.is_some();
    if forward && backward {
        return Err(Fault::invalid("kernel.page_both_ends").into());
    }
    let size = request.first.or(request.last).unwrap_or(DEFAULT_SIZE);
    if !(1..=MAX_SIZE).contains(&size) {
        return Err(Fault::invalid("kernel.page_too_large")
            .with("most", MAX_SIZE)
            .into());
    }
    let size = usize::try_from(size).unwrap_or_default();
    let place = |cursor: &Option<String>| -> Result<Option<usize>> {
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        let at = rules.iter().position(|rule| rule.rule.key == *cursor);
        Ok(Some(at.ok_or_else(|| Fault::invalid("kernel.bad_cursor"))?))
    };
    let (start, end) = if backward {
        let end = place(&request.before)?.unwrap_or(rules.len());
        (end.saturating_sub(size), end)
    } else {
        let start = place(&request.after)?.map_or(0, |at| at + 1);
        (start, start.saturating_add(size).min(rules.len()))
    };
    let (has_next, has_previous) = (end < rules.len(), start > 0);
    let rows = rules
        .into_iter()
        .skip(start)
        .take(end.saturating_sub(start));
    Ok(Page {
        rows: rows.map(|rule| (rule.rule.key.clone(), rule)).collect(),
        has_next,
        has_previous,
    })
}

#[cfg(test)]
mod tests {
    use kernel::ids::OrganisationId;

    use super::*;
    use crate::rule::{all, as_set};

    fn rules() -> Vec<ComplianceRule> {
        let rules = all().unwrap().iter();
        rules
            .map(|rule| as_set(OrganisationId::generate(), rule, None).unwrap())
            .collect()
    }

    fn keys(request: &RuleRequest) -> Vec<String> {
        let mut rules = rules();
        rules.retain(|rule| wanted(rule, request));
        let page = cut(rules, request).unwrap();
        page.rows.into_iter().map(|(cursor, _)| cursor).collect()
    }

    #[test]
    fn pages_go_on_where_the_last_one_ended() {
        let whole = keys(&RuleRequest::default());
        let first = RuleRequest {
            first: Some(3),
            ..RuleRequest::default()
        };
        assert_eq!(keys(&first), whole[..3]);
        let next = RuleRequest {
            first: Some(2),
            after: Some(whole[2].clone()),
            ..RuleRequest::default()
        };
        assert_eq!(keys(&next), whole[3..5]);
        let last = RuleRequest {
            last: Some(2),
            ..RuleRequest::default()
        };
        assert_eq!(keys(&last), whole[whole.len() - 2..]);
    }

    #[test]
    fn filters_and_search_choose() {
        let domain = |name: &str| ComplianceRuleFilter {
            domain: Some(TextFilter {
                eq: Some(name.into()),
                ..TextFilter::default()
            }),
            ..ComplianceRuleFilter::default()
        };
        let found = |filter| {
            keys(&RuleRequest {
                filter: Some(filter),
                ..RuleRequest::default()
            })
        };
        let people = found(domain("people"));
        assert!(people.len() >= 4 && people.iter().all(|key| key.starts_with("people.")));
        let others = found(ComplianceRuleFilter {
            not: Some(Box::new(domain("people"))),
            ..ComplianceRuleFilter::default()
        });
        assert_eq!(people.len() + others.len(), rules().len());
        let search = RuleRequest {
            search: Some("NÓMINA".into()),
            ..RuleRequest::default()
        };
        assert_eq!(keys(&search), ["people.payslip_under_minimum_wage"]);
    }
}
