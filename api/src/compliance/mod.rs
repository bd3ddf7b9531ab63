//! Compliance: rules, scans with what they covered, findings with their acceptances.

pub mod acceptance;
pub mod evidence;
pub mod finding;
pub mod finding_act;
pub mod finding_aggregate;
mod reach;
pub mod rule;
pub mod scan;

use async_graphql::MergedObject;

/// The queries of compliance.
#[derive(MergedObject, Default)]
pub struct ComplianceQuery(
    rule::ComplianceRuleQuery,
    scan::ComplianceScanQuery,
    finding::FindingQuery,
    finding_aggregate::FindingAggregateQuery,
);

/// The mutations of compliance.
#[derive(MergedObject, Default)]
pub struct ComplianceMutation(
    rule::ComplianceRuleMutation,
    scan::ComplianceScanMutation,
    finding_act::FindingMutation,
);
