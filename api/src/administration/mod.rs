//! Administration: reports as rows and as files, their schedules, mails on their way out; what an
//! organisation tells its people, and the documents that it keeps.

pub mod announcement;
pub mod announcement_act;
pub mod announcement_reader;
pub mod document;
pub mod document_act;
pub mod document_search;
pub mod document_version;
pub mod mail;
pub mod report;
pub mod report_cell;
pub mod report_run;
pub mod report_schedule;

use async_graphql::MergedObject;

/// The queries of administration.
#[derive(MergedObject, Default)]
pub struct AdministrationQuery(
    report::ReportQuery,
    report_run::ReportRunQuery,
    report_schedule::ReportScheduleQuery,
    mail::MailQuery,
    announcement::AnnouncementQuery,
    document::DocumentQuery,
    document_search::DocumentSearchQuery,
    document_version::DocumentVersionQuery,
);

/// The mutations of administration.
#[derive(MergedObject, Default)]
pub struct AdministrationMutation(
    report_run::ReportRunMutation,
    report_schedule::ReportScheduleMutation,
    mail::MailMutation,
    announcement_act::AnnouncementMutation,
    document_act::DocumentMutation,
);
