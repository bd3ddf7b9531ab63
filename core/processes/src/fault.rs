//! What processes refuse, and the sentences they speak.

use kernel::{Fault, Messages, UserErrorCode};

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
    /// There is no such approval, or it is not the reader's to see.
    APPROVAL_NOT_FOUND = "processes.approval_not_found";
    /// The approval is no longer open.
    APPROVAL_CLOSED = "processes.approval_closed";
    /// The record has an open approval already.
    APPROVAL_OPEN_ALREADY = "processes.approval_open_already";
    /// Who prepared never approves.
    PREPARED_BY_YOU = "processes.prepared_by_you";
    /// Who prepared never approves, not even by a delegate.
    PREPARED_BY_DELEGATOR = "processes.prepared_by_delegator";
    /// A person has one hand in a step.
    ALREADY_DECIDED = "processes.already_decided";
    /// The delegator has had their hand in the step.
    DELEGATOR_ALREADY_DECIDED = "processes.delegator_already_decided";
    /// The step asks for somebody else.
    NOT_DECIDER = "processes.not_decider";
    /// Automations decide nothing.
    ONLY_PEOPLE_DECIDE = "processes.only_people_decide";
    /// The domain of the record takes its decisions, by mutations of its own.
    APPROVAL_DECIDE_ELSEWHERE = "processes.approval_decide_elsewhere";
    /// A rejection needs its reason.
    COMMENT_REQUIRED = "processes.comment_required";
    /// There is no such policy, or it is not the reader's to see.
    POLICY_NOT_FOUND = "processes.policy_not_found";
    /// A policy has between one step and twenty.
    POLICY_STEPS_OUT_OF_RANGE = "processes.policy_steps_out_of_range";
    /// A kind of record is named as in the API.
    SUBJECT_KIND_INVALID = "processes.subject_kind_invalid";
    /// An amount is below zero or too large.
    AMOUNT_OUT_OF_RANGE = "processes.amount_out_of_range";
    /// The upper amount must be above the lower.
    AMOUNTS_OUT_OF_ORDER = "processes.amounts_out_of_order";
    /// Amounts need their currency.
    CURRENCY_REQUIRED = "processes.currency_required";
    /// A currency without amounts says nothing.
    CURRENCY_WITHOUT_AMOUNT = "processes.currency_without_amount";
    /// A step must say who decides.
    STEP_FOR_NOBODY = "processes.step_for_nobody";
    /// A step asks for more approvals than it names people.
    STEP_TOO_FEW_PEOPLE = "processes.step_too_few_people";
    /// A step needs between one approval and twenty.
    STEP_APPROVALS_OUT_OF_RANGE = "processes.step_approvals_out_of_range";
    /// The time to decide is out of bounds.
    STEP_DUE_OUT_OF_RANGE = "processes.step_due_out_of_range";
    /// Without a time to decide nothing is ever escalated.
    STEP_ESCALATION_WITHOUT_DUE = "processes.step_escalation_without_due";
    /// The name of a permission is malformed.
    PERMISSION_INVALID = "processes.permission_invalid";
    /// There is no such user.
    USER_UNKNOWN = "processes.user_unknown";
    /// There is no such role.
    ROLE_UNKNOWN = "processes.role_unknown";
    /// There is no such delegation, or it is not the reader's to see.
    DELEGATION_NOT_FOUND = "processes.delegation_not_found";
    /// Nobody is their own delegate.
    DELEGATION_TO_SELF = "processes.delegation_to_self";
    /// The delegation would be over before it begins to count.
    DELEGATION_OVER = "processes.delegation_over";
    /// A delegation lasts a year at most.
    DELEGATION_TOO_LONG = "processes.delegation_too_long";
    /// The delegation was revoked before.
    DELEGATION_REVOKED = "processes.delegation_revoked";
    /// There is no such notification in one's own inbox.
    NOTIFICATION_NOT_FOUND = "processes.notification_not_found";
    /// Either some notifications or all.
    NOTIFICATIONS_SOME_OR_ALL = "processes.notifications_some_or_all";
    /// The kind of a notification is malformed.
    NOTIFICATION_KIND_INVALID = "processes.notification_kind_invalid";
    /// Inboxes belong to people.
    INBOX_OF_PEOPLE = "processes.inbox_of_people";
    /// There is no such task, or it is not the reader's to see.
    TASK_NOT_FOUND = "processes.task_not_found";
    /// The task is somebody else's to act on.
    TASK_NOT_YOURS = "processes.task_not_yours";
    /// The status of the task doesn't allow it.
    TASK_NOT_IN_STATE = "processes.task_not_in_state";
    /// Somebody has to do it.
    TASK_FOR_NOBODY = "processes.task_for_nobody";
    /// A text has characters that can't be shown.
    TASK_TEXT_INVALID = "processes.task_text_invalid";
    /// There is no such company.
    TASK_COMPANY_UNKNOWN = "processes.task_company_unknown";
    /// The company has no such department.
    TASK_DEPARTMENT_UNKNOWN = "processes.task_department_unknown";
    /// A department is one of a company.
    TASK_DEPARTMENT_WITHOUT_COMPANY = "processes.task_department_without_company";
    /// Either a day or an instant.
    TASK_DUE_TWICE = "processes.task_due_twice";
    /// The id names no record that the caller can see.
    TASK_SUBJECT_UNKNOWN = "processes.task_subject_unknown";
    /// More people than a task takes.
    TASK_TOO_MANY_PEOPLE = "processes.task_too_many_people";
    /// More points than a checklist takes.
    TASK_CHECKLIST_TOO_LONG = "processes.task_checklist_too_long";
    /// Points are not checked off.
    TASK_CHECKLIST_OPEN = "processes.task_checklist_open";
    /// The checklist has no such point.
    TASK_POINT_UNKNOWN = "processes.task_point_unknown";
    /// An order names every point once.
    TASK_ORDER_INCOMPLETE = "processes.task_order_incomplete";
}

/// A refusal because of who asks.
pub fn forbidden(reason: &'static str) -> Fault {
    Fault::new(UserErrorCode::Forbidden, reason)
}

#[cfg(test)]
mod tests {
    use kernel::{Locale, Speaker};

    use super::*;
    use crate::notification::KINDS;

    #[test]
    fn every_refusal_and_notice_has_its_sentence_in_both_languages() {
        let speaker = Speaker::new(&[kernel::message::MESSAGES, MESSAGES]).unwrap();
        let notices = KINDS
            .iter()
            .flat_map(|kind| [format!("{kind}.title"), format!("{kind}.body")]);
        let keys = REASONS
            .iter()
            .map(|reason| (*reason).to_owned())
            .chain(notices);
        for key in keys {
            for locale in Locale::ALL {
                assert!(speaker.knows(*locale, &key), "{key} in {locale}");
            }
        }
    }
}
