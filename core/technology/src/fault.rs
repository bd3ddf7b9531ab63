//! What technology refuses, what checks find, and the sentences for both.

use kernel::Messages;

/// The sentences of this crate.
pub const MESSAGES: Messages = Messages {
    es: include_str!("../locales/es.ftl"),
    en: include_str!("../locales/en.ftl"),
};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)*) => {
        $($(#[doc = $doc])+ pub const $name: &str = $text;)*

        /// Every reason for which this crate refuses or a check fails.
        pub const REASONS: &[&str] = &[$($name),*];
    };
}

reasons! {
    /// There is no such system, or it is not the reader's to see.
    SYSTEM_NOT_FOUND = "technology.system_not_found";
    /// Another system of the company has the name.
    SYSTEM_NAME_TAKEN = "technology.system_name_taken";
    /// A retired system is neither watched nor changed.
    SYSTEM_RETIRED = "technology.system_retired";
    /// There is no such department in the company.
    DEPARTMENT_NOT_FOUND = "technology.department_not_found";
    /// There is no such active user.
    USER_NOT_FOUND = "technology.user_not_found";
    /// There is no such check, or it is not the reader's to see.
    CHECK_NOT_FOUND = "technology.check_not_found";
    /// Another check of the system has the name.
    CHECK_NAME_TAKEN = "technology.check_name_taken";
    /// The check rests already, or runs already.
    CHECK_STATE = "technology.check_state";
    /// A number is out of bounds.
    OUT_OF_BOUNDS = "technology.out_of_bounds";
    /// A queue is named by small letters.
    QUEUE_INVALID = "technology.queue_invalid";
    /// There is no such schedule.
    SCHEDULE_NOT_FOUND = "technology.schedule_not_found";
    /// An answer's text can't be looked for when only its headers are asked for.
    TEXT_NEEDS_GET = "technology.text_needs_get";
    /// An address is not written as one.
    ADDRESS_MALFORMED = "technology.address_malformed";
    /// An address may not be reached.
    ADDRESS_FORBIDDEN = "technology.address_forbidden";
    /// There is no such incident, or it is not the reader's to see.
    INCIDENT_NOT_FOUND = "technology.incident_not_found";
    /// The state of the incident does not allow it.
    INCIDENT_STATE = "technology.incident_state";
    /// Another incident of the check is open.
    INCIDENT_OPEN = "technology.incident_open";
    /// An incident has as many notes as it can have.
    INCIDENT_FULL = "technology.incident_full";
    /// The incident would have begun in the future.
    BEGAN_IN_FUTURE = "technology.began_in_future";
    /// A range of days is too long.
    RANGE_TOO_LONG = "technology.range_too_long";
    /// A check found that a name has no address.
    SEEN_UNRESOLVED = "technology.seen_unresolved";
    /// A check found nobody listening.
    SEEN_UNREACHABLE = "technology.seen_unreachable";
    /// A check got nothing in time.
    SEEN_TIMED_OUT = "technology.seen_timed_out";
    /// A check got no secure connection.
    SEEN_TLS = "technology.seen_tls";
    /// A check could not read the answer.
    SEEN_ANSWER = "technology.seen_answer";
    /// A check got another status than expected.
    SEEN_STATUS = "technology.seen_status";
    /// A check did not find the expected text.
    SEEN_NO_TEXT = "technology.seen_no_text";
    /// A check found a certificate that ends soon.
    SEEN_EXPIRES = "technology.seen_expires";
    /// A check found a certificate that has ended.
    SEEN_EXPIRED = "technology.seen_expired";
    /// A check found a certificate of another name.
    SEEN_OTHER_NAME = "technology.seen_other_name";
    /// A check found too many jobs waiting.
    SEEN_WAITING = "technology.seen_waiting";
    /// A check found a job waiting too long.
    SEEN_OLDEST = "technology.seen_oldest";
    /// A check found that a schedule's job was not done in time.
    SEEN_MISSED = "technology.seen_missed";
    /// A check found that a schedule's tick did not come.
    SEEN_NO_TICK = "technology.seen_no_tick";
}

/// The keys of what is told or titled, beside the reasons.
pub const SENTENCES: &[&str] = &[
    "technology.incident_opened.title",
    "technology.incident_opened.body",
    "technology.incident_resolved.title",
    "technology.incident_resolved.body",
    "technology.incident_assigned.title",
    "technology.incident_assigned.body",
    "technology.by_hand",
    "report.technology.availability",
    "report.technology.availability.system",
    "report.technology.availability.criticality",
    "report.technology.availability.incidents",
    "report.technology.availability.down_minutes",
    "report.technology.availability.percent",
];

#[cfg(test)]
mod tests {
    use kernel::{Locale, Speaker};

    use super::*;

    #[test]
    fn every_reason_and_notice_has_its_sentence_in_both_languages() {
        let speaker = Speaker::new(&[kernel::message::MESSAGES, MESSAGES]).unwrap();
        for key in REASONS.iter().chain(SENTENCES) {
            for locale in Locale::ALL {
                assert!(speaker.knows(*locale, key), "{key} in {locale}");
            }
        }
    }
}
