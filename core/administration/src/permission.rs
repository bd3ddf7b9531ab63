//! What one may be allowed to do with administration.

kernel::permissions! {
    /// Write, publish and archive announcements, and see who has read them.
    ANNOUNCEMENT_MANAGE = "administration.announcement.manage";
    /// Read the announcements that are addressed to oneself.
    ANNOUNCEMENT_READ = "administration.announcement.read";
    /// Add documents and versions, change and archive them.
    DOCUMENT_MANAGE = "administration.document.manage";
    /// Read documents that are open to oneself.
    DOCUMENT_READ = "administration.document.read";
    /// Produce reports as files and mail them to users who may see them too.
    REPORT_RUN = "administration.report.run";
    /// Have reports produced and sent on a schedule.
    REPORT_SCHEDULE = "administration.report.schedule";
}
