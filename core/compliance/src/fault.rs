//! What compliance refuses, and the sentences it speaks.

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
    /// There is no such rule.
    RULE_UNKNOWN = "compliance.rule_unknown";
    /// The rule is turned off.
    RULE_OFF = "compliance.rule_off";
    /// The rule looks at the whole organisation, not at one company.
    RULE_NOT_OF_COMPANY = "compliance.rule_not_of_company";
    /// The rule has no such parameter.
    PARAMETER_UNKNOWN = "compliance.parameter_unknown";
    /// The value is not of the parameter's kind.
    PARAMETER_INVALID = "compliance.parameter_invalid";
    /// The value is out of the parameter's bounds.
    PARAMETER_OUT_OF_RANGE = "compliance.parameter_out_of_range";
    /// The rule's query failed.
    RULE_FAILED = "compliance.rule_failed";
    /// The rule's query took too long.
    RULE_TOO_SLOW = "compliance.rule_too_slow";
    /// There is no such finding, or it is not the reader's to see.
    FINDING_NOT_FOUND = "compliance.finding_not_found";
    /// The finding is closed.
    FINDING_CLOSED = "compliance.finding_closed";
    /// The finding is accepted already.
    FINDING_ACCEPTED = "compliance.finding_accepted";
    /// There is no such user.
    USER_UNKNOWN = "compliance.user_unknown";
    /// There is no such company.
    COMPANY_UNKNOWN = "compliance.company_unknown";
    /// The finding has a proposal to accept it already.
    ACCEPTANCE_PROPOSED = "compliance.acceptance_proposed";
    /// An acceptance ends in the future.
    ACCEPTANCE_OVER = "compliance.acceptance_over";
    /// An acceptance lasts a year at most.
    ACCEPTANCE_TOO_LONG = "compliance.acceptance_too_long";
    /// There is no such acceptance, or it is not the reader's to see.
    ACCEPTANCE_NOT_FOUND = "compliance.acceptance_not_found";
    /// The acceptance was decided before.
    ACCEPTANCE_DECIDED = "compliance.acceptance_decided";
    /// Who proposed never grants.
    ACCEPTANCE_OWN = "compliance.acceptance_own";
    /// Automations accept nothing.
    ONLY_PEOPLE_ACCEPT = "compliance.only_people_accept";
}

#[cfg(test)]
mod tests {
    use kernel::{Locale, Speaker};

    use super::*;

    const SPOKEN: &[&str] = &[
        "compliance.finding_task",
        "compliance.rule_task",
        "compliance.acceptance_title",
    ];

    #[test]
    fn every_refusal_and_title_has_its_sentence_in_both_languages() {
        let speaker = Speaker::new(&[kernel::message::MESSAGES, MESSAGES]).unwrap();
        let columns = crate::report::COLUMNS
            .iter()
            .map(|column| format!("report.compliance.findings.{}", column.key))
            .chain(["report.compliance.findings".to_owned()]);
        let keys = REASONS.iter().chain(SPOKEN).map(|key| (*key).to_owned());
        for key in keys.chain(columns) {
            for locale in Locale::ALL {
                assert!(speaker.knows(*locale, &key), "{key} in {locale}");
            }
        }
    }
}
