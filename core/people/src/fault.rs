//! What people refuse, and the sentences they speak.

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
    /// There is no such employee, or it is not the reader's to see.
    EMPLOYEE_NOT_FOUND = "people.employee_not_found";
    /// There is no such department in the company.
    DEPARTMENT_NOT_FOUND = "people.department_not_found";
    /// There is no such contract, or it is not the reader's to see.
    CONTRACT_NOT_FOUND = "people.contract_not_found";
    /// There is no such concept in the company.
    CONCEPT_NOT_FOUND = "people.concept_not_found";
    /// There is no such pay item, or it is not the reader's to see.
    ITEM_NOT_FOUND = "people.item_not_found";
    /// There is no such absence, or it is not the reader's to see.
    ABSENCE_NOT_FOUND = "people.absence_not_found";
    /// There is no such advance, or it is not the reader's to see.
    ADVANCE_NOT_FOUND = "people.advance_not_found";
    /// There is no such garnishment, or it is not the reader's to see.
    GARNISHMENT_NOT_FOUND = "people.garnishment_not_found";
    /// There is no such payroll run, or it is not the reader's to see.
    RUN_NOT_FOUND = "people.run_not_found";
    /// Another employee of the company has the tax id.
    TAX_ID_TAKEN = "people.tax_id_taken";
    /// A legal person is no employee.
    TAX_ID_OF_COMPANY = "people.tax_id_of_company";
    /// The user does not exist or is another employee.
    USER_TAKEN = "people.user_taken";
    /// The date of birth is not possible.
    BIRTH_DATE = "people.birth_date";
    /// The year of birth is not possible.
    BIRTH_YEAR = "people.birth_year";
    /// Dates are out of order.
    DATES_OUT_OF_ORDER = "people.dates_out_of_order";
    /// The employee has left already.
    LEFT_ALREADY = "people.left_already";
    /// The employee has a contract that begins after their last day.
    LEAVES_BEFORE_CONTRACT = "people.leaves_before_contract";
    /// There are three family situations.
    UNKNOWN_SITUATION = "people.unknown_situation";
    /// The first situation needs a descendant.
    SITUATION_WITHOUT_DESCENDANTS = "people.situation_without_descendants";
    /// A percentage is out of bounds.
    PER_CENT = "people.per_cent";
    /// An ascendant lives with somebody.
    SHARED_BY = "people.shared_by";
    /// A temporary contract has an end.
    TEMPORARY_WITHOUT_END = "people.temporary_without_end";
    /// Pay is below zero.
    PAY_BELOW_ZERO = "people.pay_below_zero";
    /// An amount is out of bounds.
    AMOUNT_OUT_OF_RANGE = "people.amount_out_of_range";
    /// An amount is not above zero.
    AMOUNT_NOT_POSITIVE = "people.amount_not_positive";
    /// An instalment is above its advance.
    INSTALMENT_TOO_HIGH = "people.instalment_too_high";
    /// There are eleven contribution groups.
    UNKNOWN_GROUP = "people.unknown_group";
    /// The part of the full time is out of bounds.
    WORKING_TIME = "people.working_time";
    /// The hours of a month are out of bounds.
    MONTHLY_HOURS = "people.monthly_hours";
    /// The accident rate is out of bounds.
    ACCIDENT_RATE = "people.accident_rate";
    /// Months of extra pays are unknown, repeated or too many.
    EXTRA_PAY_MONTHS = "people.extra_pay_months";
    /// An occupation code has up to four digits.
    OCCUPATION_CODE = "people.occupation_code";
    /// Contracts of an employee overlap.
    CONTRACTS_OVERLAP = "people.contracts_overlap";
    /// A day is outside the contract.
    OUTSIDE_CONTRACT = "people.outside_contract";
    /// Terms change on the first of a month.
    NOT_FIRST_OF_MONTH = "people.not_first_of_month";
    /// A formula is malformed.
    FORMULA = "people.formula";
    /// A formula speaks of an unknown value.
    FORMULA_VARIABLE = "people.formula_variable";
    /// Another concept of the company has the code.
    CODE_TAKEN = "people.code_taken";
    /// There is no such month.
    UNKNOWN_MONTH = "people.unknown_month";
    /// What is paid once has no last month.
    UNTIL_OF_ONE_OFF = "people.until_of_one_off";
    /// Absences of an employee overlap.
    ABSENCES_OVERLAP = "people.absences_overlap";
    /// It was taken back before.
    CANCELLED_ALREADY = "people.cancelled_already";
    /// A fixed garnishment has an amount a month, another has none.
    GARNISHMENT_BASIS = "people.garnishment_basis";
    /// A priority is out of bounds.
    PRIORITY = "people.priority";
    /// A file has an unknown column.
    COLUMN_UNKNOWN = "people.column_unknown";
    /// A file lacks a column.
    COLUMN_MISSING = "people.column_missing";
    /// A row can't be read.
    ROW_MALFORMED = "people.row_malformed";
    /// A file has no rows or too many.
    IMPORT_SIZE = "people.import_size";
    /// An import names either its text or its file.
    IMPORT_SOURCE = "people.import_source";
    /// The file of an import is no text.
    IMPORT_TEXT = "people.import_text";
    /// A cell is no date.
    CELL_DATE = "people.cell_date";
    /// A cell is no number.
    CELL_NUMBER = "people.cell_number";
    /// A cell is none of the known words.
    CELL_WORD = "people.cell_word";
    /// There are no rules for the month.
    NO_RULE_PACK = "people.no_rule_pack";
    /// The rules of the year know no tax.
    NO_TAX_RULES = "people.no_tax_rules";
    /// The month has its run.
    RUN_EXISTS = "people.run_exists";
    /// A correction of the run is open.
    CORRECTION_OPEN = "people.correction_open";
    /// A correction names what it corrects, another run does not.
    CORRECTS_NEEDED = "people.corrects_needed";
    /// Only a posted regular run of the month is corrected.
    CORRECTS_POSTED = "people.corrects_posted";
    /// Who acts is no user of the organisation.
    PERSON_UNKNOWN = "people.person_unknown";
    /// The state of the run does not allow it.
    RUN_STATE = "people.run_state";
    /// A run without payslips can't be submitted.
    NOTHING_CALCULATED = "people.nothing_calculated";
    /// Some employees could not be calculated.
    UNSETTLED = "people.unsettled";
    /// Somebody's pay would come out otherwise by now.
    OUTDATED = "people.outdated";
    /// An employee's calculation ended in a defect of ours.
    NOT_CALCULATED = "people.not_calculated";
    /// There is no such payslip, or it is not the reader's to see.
    PAYSLIP_NOT_FOUND = "people.payslip_not_found";
    /// Overtime is always taxed.
    OVERTIME_UNTAXED = "people.overtime_untaxed";
    /// A payslip's net is below zero.
    NET_BELOW_ZERO = "people.net_below_zero";
    /// A run waits for its approval.
    APPROVE_FIRST = "people.approve_first";
    /// The employee has no contract in the month.
    NO_CONTRACT = "people.no_contract";
    /// The employee has two contracts in the month.
    TWO_CONTRACTS = "people.two_contracts";
    /// The employee has no family situation.
    NO_FAMILY = "people.no_family";
    /// The rules refuse the input.
    RULE = "people.rule";
    /// A concept can't be computed.
    ITEM_FORMULA = "people.item_formula";
    /// A concept comes out higher than an amount may be.
    ITEM_TOO_LARGE = "people.item_too_large";
    /// A concept comes out below zero.
    ITEM_NEGATIVE = "people.item_negative";
    /// The employee has no bank account.
    NO_ACCOUNT = "people.no_account";
    /// The company has no account to pay from.
    COMPANY_ACCOUNT = "people.company_account";
    /// Payroll is paid in euros.
    COMPANY_CURRENCY = "people.company_currency";
    /// An account of the payroll is not in the chart.
    LEDGER_ACCOUNT = "people.ledger_account";
    /// The company has no journal for payroll.
    LEDGER_JOURNAL = "people.ledger_journal";
    /// A newer calculation has taken the run over.
    SUPERSEDED = "people.superseded";
    /// A run of an earlier month is not in the books.
    EARLIER_RUN_OPEN = "people.earlier_run_open";
    /// A document can't be made.
    DOCUMENT = "people.document";
}

/// The keys of what is told or titled, beside the reasons.
pub const SENTENCES: &[&str] = &[
    "people.payroll_run_title",
    "people.payroll_delta_title",
    "people.payslip_ready.title",
    "people.payslip_ready.body",
    "people.payroll_ready.title",
    "people.payroll_ready.body",
    "people.import_errors",
    "people.import_row",
    "people.import_column",
    "people.import_error",
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
