//! How many incidents there are, group by group.

use kernel::Date;
use technology::check::IncidentSeverity;
use technology::incident::{self, IncidentFilter, IncidentGroupBy, IncidentStatus};

use crate::aggregate;
use crate::directory::company::Company;
use crate::directory::user::User;
use crate::technology::system::System;

aggregate! {
    /// Incidents that agree on what they are grouped by.
    IncidentAggregate of IncidentGroupBy {
        /// How many incidents there are, group by group; all
        /// in one group where `groupBy` is empty. Needs `technology.incident.read`.
        query IncidentAggregateQuery incident_aggregates by IncidentFilter from incident::aggregate;
        values {
            /// Their status.
            status: IncidentStatus = Status,
            /// How grave they are.
            severity: IncidentSeverity = Severity,
            /// The first day of the month in which they began.
            month: Date = Month,
        }
        links {
            /// Their company.
            company: Company = Company,
            /// Their system.
            system: System = System,
            /// Who is at them.
            assignee: User = Assignee,
        }
        sums {}
    }
}
