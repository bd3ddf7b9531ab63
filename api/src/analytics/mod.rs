//! Measures: their series, trends, seasons, anomalies and forecasts.

pub mod anomaly;
mod found;
mod link;
pub mod measure;
mod reach;

use async_graphql::MergedObject;

/// The queries of analytics.
#[derive(MergedObject, Default)]
pub struct AnalyticsQuery(measure::MeasureQuery, anomaly::AnomalyQuery);

/// The mutations of analytics.
#[derive(MergedObject, Default)]
pub struct AnalyticsMutation(measure::MeasureMutation, anomaly::AnomalyMutation);
