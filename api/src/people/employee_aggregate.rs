//! How many employees there are, group by group.

use kernel::Date;
use people::employee::{self, EmployeeFilter, EmployeeGroupBy};

use crate::aggregate;
use crate::directory::company::Company;
use crate::directory::department::Department;

aggregate! {
    /// Employees that agree on what they are grouped by.
    EmployeeAggregate of EmployeeGroupBy {
        /// How many employees there are, group by group; all
        /// in one group where `groupBy` is empty. Needs `people.employee.read`.
        query EmployeeAggregateQuery employee_aggregates by EmployeeFilter from employee::aggregate;
        values {
            /// The first day of the month in which they were hired.
            hired_month: Date = HiredMonth,
            /// The first day of the month in which they left.
            left_month: Date = LeftMonth,
        }
        links {
            /// Their company.
            company: Company = Company,
            /// Their department.
            department: Department = Department,
        }
        sums {}
    }
}
