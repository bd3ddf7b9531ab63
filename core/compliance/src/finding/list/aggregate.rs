//! How many findings there are, group by group.

use kernel::aggregate::Group;
use kernel::page::PageRequest;
use kernel::{Result, Tx, aggregate};

use super::{FindingFilter, FindingSortField, plan, visible};

aggregate! {
    /// What findings can be grouped by.
    by FindingGroupBy {
        /// By status.
        Status = "STATUS" => "status",
        /// By severity.
        Severity = "SEVERITY" => "severity",
        /// By the key of the rule.
        Rule = "RULE" => "rule_key",
        /// By company.
        Company = "COMPANY" => "company_id",
        /// By who sees to them.
        Assignee = "ASSIGNEE" => "assignee_id",
        /// By the GraphQL type of what they are about.
        SubjectKind = "SUBJECT_KIND" => "subject_kind",
    }
    always [];
    sums [];
    from "compliance.finding" with FindingFilter, FindingSortField;
}

/// How many findings the actor may see, group by group.
pub async fn aggregate(
    tx: &mut Tx,
    request: PageRequest<FindingFilter, FindingSortField>,
    by: Vec<FindingGroupBy>,
) -> Result<Vec<Group<FindingGroupBy>>> {
    let visible = visible(tx)?;
    grouped(tx, request, visible, by).await
}
