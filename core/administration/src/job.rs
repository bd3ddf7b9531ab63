//! The jobs of administration.

use kernel::job::Registry;

use crate::announcement::AnnouncementTell;
use crate::document::DocumentRead;
use crate::mail::MailSend;
use crate::notice::NotificationMail;
use crate::report::{ReportProduce, ReportTick};

/// The queue of administration.
pub(crate) const QUEUE: &str = "administration";

/// Adds the jobs of administration to the registry.
pub fn register(registry: &mut Registry) {
    registry
        .register::<MailSend>()
        .register::<ReportProduce>()
        .register::<ReportTick>()
        .register::<AnnouncementTell>()
        .register::<DocumentRead>()
        .react::<NotificationMail>();
}
