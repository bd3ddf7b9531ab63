//! How many findings there are, group by group.

use compliance::finding::{self, FindingFilter, FindingGroupBy, FindingStatus};
use compliance::rule::Severity;

use crate::aggregate;
use crate::directory::company::Company;
use crate::directory::user::User;

aggregate! {
    /// Findings that agree on what they are grouped by.
    FindingAggregate of FindingGroupBy {
        /// How many findings there are, group by group; all
        /// in one group where `groupBy` is empty. Needs `compliance.finding.read`.
        query FindingAggregateQuery finding_aggregates by FindingFilter from finding::aggregate;
        values {
            /// Their status.
            status: FindingStatus = Status,
            /// How grave they are.
            severity: Severity = Severity,
            /// The key of the rule that they break.
            rule_key: String = Rule,
            /// The GraphQL type of what they are about.
            subject_kind: String = SubjectKind,
        }
        links {
            /// Their company.
            company: Company = Company,
            /// Who sees to them.
            assignee: User = Assignee,
        }
        sums {}
    }
}
