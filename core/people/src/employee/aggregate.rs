//! How many employees there are, group by group.

use kernel::aggregate::Group;
use kernel::page::PageRequest;
use kernel::{Result, Tx, aggregate};

use super::{EmployeeFilter, EmployeeSortField, plan, visible};

aggregate! {
    /// What employees can be grouped by.
    by EmployeeGroupBy {
        /// By company.
        Company = "COMPANY" => "company_id",
        /// By department.
        Department = "DEPARTMENT" => "department_id",
        /// By the month in which they were hired, as its first day.
        HiredMonth = "HIRED_MONTH" => "date_trunc('month', hired_on)::date",
        /// By the month in which they left, as its first day; those who are there have none.
        LeftMonth = "LEFT_MONTH" => "date_trunc('month', left_on)::date",
    }
    always [];
    sums [];
    from "people.employee" with EmployeeFilter, EmployeeSortField;
}

/// How many employees the actor may see, group by group.
pub async fn aggregate(
    tx: &mut Tx,
    request: PageRequest<EmployeeFilter, EmployeeSortField>,
    by: Vec<EmployeeGroupBy>,
) -> Result<Vec<Group<EmployeeGroupBy>>> {
    let visible = visible(tx)?;
    grouped(tx, request, visible, by).await
}
