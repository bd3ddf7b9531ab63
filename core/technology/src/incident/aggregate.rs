//! How many incidents there are, group by group.

use kernel::aggregate::Group;
use kernel::page::PageRequest;
use kernel::{Result, Tx, aggregate};

use super::{IncidentFilter, IncidentSortField, plan, visible};
use crate::permission::INCIDENT_READ;

aggregate! {
    /// What incidents can be grouped by.
    by IncidentGroupBy {
        /// By status.
        Status = "STATUS" => "status",
        /// By severity.
        Severity = "SEVERITY" => "severity",
        /// By company.
        Company = "COMPANY" => "company_id",
        /// By system.
        System = "SYSTEM" => "system_id",
        /// By who is at it.
        Assignee = "ASSIGNEE" => "assignee_id",
        /// By the month in which they began, as its first day.
        Month = "MONTH" => "date_trunc('month', began_at)::date",
    }
    always [];
    sums [];
    from "technology.incident" with IncidentFilter, IncidentSortField;
}

/// How many incidents the actor may see, group by group.
pub async fn aggregate(
    tx: &mut Tx,
    request: PageRequest<IncidentFilter, IncidentSortField>,
    by: Vec<IncidentGroupBy>,
) -> Result<Vec<Group<IncidentGroupBy>>> {
    let visible = visible(tx, INCIDENT_READ, "incident")?;
    grouped(tx, request, visible, by).await
}
