//! What administration refuses, and the sentences it speaks.

use kernel::Messages;

/// The sentences of this crate.
pub const MESSAGES: Messages = Messages {
    es: include_str!("../locales/es.ftl"),
    en: include_str!("../locales/en.ftl"),
};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)*) => {
        $($(#[doc = $doc])+ pub const $name: &str = $text;)*

        /// Every reason for which this crate refuses.
        pub const REASONS: &[&str] = &[$($name),*];
    };
}

reasons! {
    /// The mail server was away for as long as it was tried.
    MAIL_SERVER_AWAY = "administration.mail_server_away";
    /// The mail server refused a mail for good.
    MAIL_REJECTED = "administration.mail_rejected";
    /// A mail can't be written to its address or with its parts.
    MAIL_IMPOSSIBLE = "administration.mail_impossible";
    /// A mail was sent and stays so.
    MAIL_SENT_ALREADY = "administration.mail_sent_already";
    /// A mail is on its way.
    MAIL_UNDER_WAY = "administration.mail_under_way";
    /// There is no such report.
    REPORT_UNKNOWN = "administration.report_unknown";
    /// There is no such company, or the report may not be seen there.
    REPORT_COMPANY_UNKNOWN = "administration.report_company_unknown";
    /// Reports are produced for people.
    REPORT_FOR_PEOPLE = "administration.report_for_people";
    /// A report has more rows than paper takes.
    REPORT_TOO_LONG = "administration.report_too_long";
    /// A produced report is its reader's alone.
    REPORT_OF_ANOTHER = "administration.report_of_another";
    /// A report is not made, or not yet.
    REPORT_NOT_MADE = "administration.report_not_made";
    /// A report can't be written in its format.
    REPORT_UNPRINTABLE = "administration.report_unprintable";
    /// There is no such recipient who can log in.
    RECIPIENT_UNKNOWN = "administration.recipient_unknown";
    /// A recipient may not see the report.
    RECIPIENT_MAY_NOT = "administration.recipient_may_not";
    /// There are no recipients, or too many.
    RECIPIENTS_OUT_OF_RANGE = "administration.recipients_out_of_range";
    /// There is no such schedule of a report, or it is not the reader's to see.
    REPORT_SCHEDULE_NOT_FOUND = "administration.report_schedule_not_found";
    /// Another schedule of a report has the name.
    REPORT_SCHEDULE_NAME_TAKEN = "administration.report_schedule_name_taken";
    /// The record is archived.
    ARCHIVED = "administration.archived";
    /// There is no such announcement, or it is not the reader's to see.
    ANNOUNCEMENT_NOT_FOUND = "administration.announcement_not_found";
    /// What was published keeps its words.
    ANNOUNCEMENT_PUBLISHED_ALREADY = "administration.announcement_published_already";
    /// The time of the announcement has passed.
    ANNOUNCEMENT_OVER = "administration.announcement_over";
    /// A second language needs title and text.
    BOTH_LANGUAGES = "administration.both_languages";
    /// An audience names nobody, or too many.
    AUDIENCE_OUT_OF_RANGE = "administration.audience_out_of_range";
    /// An audience names what does not exist.
    AUDIENCE_UNKNOWN = "administration.audience_unknown";
    /// An audience goes beyond the writer's right.
    AUDIENCE_TOO_WIDE = "administration.audience_too_wide";
    /// People announce.
    PEOPLE_ANNOUNCE = "administration.people_announce";
    /// People read.
    PEOPLE_READ = "administration.people_read";
    /// The announcement asks for no acknowledgement.
    ACKNOWLEDGEMENT_NOT_ASKED = "administration.acknowledgement_not_asked";
    /// There is no such document, or it is not the reader's to see.
    DOCUMENT_NOT_FOUND = "administration.document_not_found";
    /// The text of a version can't be read.
    DOCUMENT_UNREADABLE = "administration.document_unreadable";
    /// People keep documents.
    PEOPLE_KEEP = "administration.people_keep";
    /// There is no such department or role.
    READERS_UNKNOWN = "administration.readers_unknown";
    /// The readers go beyond the keeper's right.
    READERS_TOO_WIDE = "administration.readers_too_wide";
    /// The company of a document is that of its readers.
    COMPANY_OF_READERS = "administration.company_of_readers";
    /// There is no such owner who can log in.
    OWNER_UNKNOWN = "administration.owner_unknown";
    /// There are too many tags.
    TAGS_OUT_OF_RANGE = "administration.tags_out_of_range";
    /// A search is too long.
    SEARCH_TOO_LONG = "administration.search_too_long";
}

/// The kinds of notification that administration sends.
pub const NOTICES: &[&str] = &[
    crate::report::REPORT_READY,
    crate::report::REPORT_FAILED,
    crate::announcement::ANNOUNCEMENT_PUBLISHED,
];

#[cfg(test)]
mod tests {
    use kernel::{Locale, Speaker};

    use super::*;

    #[test]
    fn every_refusal_and_notice_has_its_sentence_in_both_languages() {
        let speaker = Speaker::new(&[kernel::message::MESSAGES, MESSAGES]).unwrap();
        let notices = NOTICES
            .iter()
            .flat_map(|kind| [format!("{kind}.title"), format!("{kind}.body")]);
        let words = [
            "period",
            "as_of",
            "made_for",
            "amounts_in",
            "attached",
            "without_rows",
        ]
        .map(|word| format!("administration.report_{word}"));
        let keys = REASONS
            .iter()
            .map(|reason| (*reason).to_owned())
            .chain(notices)
            .chain(words);
        for key in keys {
            for locale in Locale::ALL {
                assert!(speaker.knows(*locale, &key), "{key} in {locale}");
            }
        }
    }
}
