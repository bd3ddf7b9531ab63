//! Systems, their checks, what those saw, and incidents.

pub mod check;
pub mod check_result;
pub mod incident;
pub mod incident_aggregate;
mod link;
pub mod note;
mod reach;
pub mod system;

use async_graphql::MergedObject;

/// The queries of technology.
#[derive(MergedObject, Default)]
pub struct TechnologyQuery(
    system::SystemQuery,
    check::SystemCheckQuery,
    check_result::CheckResultQuery,
    incident::IncidentQuery,
    incident_aggregate::IncidentAggregateQuery,
);

/// The mutations of technology.
#[derive(MergedObject, Default)]
pub struct TechnologyMutation(
    system::SystemMutation,
    check::SystemCheckMutation,
    incident::IncidentMutation,
);
