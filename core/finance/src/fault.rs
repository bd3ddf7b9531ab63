//! What finance refuses, and the sentences it speaks.

use kernel::Messages;

/// The sentences of this crate.
pub const MESSAGES: Messages = Messages {
    es: include_str!("../locales/es.ftl"),
    en: include_str!("../locales/en.ftl"),
};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)*) => {
        $($(#[doc = $doc])+ pub const $name: &str = $text;)*

        /// Every reason for which this crate refuses or warns.
        pub const REASONS: &[&str] = &[$($name),*];
    };
}

reasons! {
    /// Finance is not set up for the company.
    NOT_SET_UP = "finance.not_set_up";
    /// Finance is set up for the company already.
    SET_UP_ALREADY = "finance.set_up_already";
    /// The company has no books.
    BOOKS_MISSING = "finance.books_missing";
    /// The chart lacks an account that finance posts to.
    CHART_LACKS = "finance.chart_lacks";
    /// An account is not in the chart, takes no entries, or is one of what is owed.
    ACCOUNT_UNKNOWN = "finance.account_unknown";
    /// Suppliers and customers have accounts of their own.
    CONTROL_ACCOUNTS = "finance.control_accounts";
    /// There is no such setting, or it is not the reader's to see.
    SETTING_NOT_FOUND = "finance.setting_not_found";
    /// There is no such tax, or it is not the reader's to see.
    TAX_NOT_FOUND = "finance.tax_not_found";
    /// A tax has no version on a day.
    TAX_NOT_IN_FORCE = "finance.tax_not_in_force";
    /// A rate is out of bounds.
    TAX_RATE = "finance.tax_rate";
    /// The parts of a tax make no sense together.
    TAX_SHAPE = "finance.tax_shape";
    /// Another version of the tax begins on the day.
    TAX_VERSION_TAKEN = "finance.tax_version_taken";
    /// A tax is used on the wrong side.
    TAX_SIDE = "finance.tax_side";
    /// A line bears two taxes of a kind.
    TAX_TWICE = "finance.tax_twice";
    /// A surcharge goes with its VAT.
    SURCHARGE_ALONE = "finance.surcharge_alone";
    /// The code is taken.
    CODE_TAKEN = "finance.code_taken";
    /// There are no such terms of payment in use.
    TERM_NOT_FOUND = "finance.term_not_found";
    /// Instalments are out of bounds.
    INSTALMENTS = "finance.instalments";
    /// Days of payment are out of bounds.
    PAY_DAYS = "finance.pay_days";
    /// There is no such invoice, or it is not the reader's to see.
    INVOICE_NOT_FOUND = "finance.invoice_not_found";
    /// The invoice has no such line.
    LINE_NOT_FOUND = "finance.line_not_found";
    /// There is no such department in the company.
    DEPARTMENT_NOT_FOUND = "finance.department_not_found";
    /// There is no such item of stock in the company.
    STOCK_ITEM_NOT_FOUND = "finance.stock_item_not_found";
    /// The supplier has no such line of a purchase order of the company.
    ORDER_LINE_NOT_FOUND = "finance.order_line_not_found";
    /// A unit does not become that of the order.
    ORDER_UNIT = "finance.order_unit";
    /// The state of the invoice does not allow it.
    INVOICE_STATE = "finance.invoice_state";
    /// The supplier's document is there already.
    DUPLICATE_DOCUMENT = "finance.duplicate_document";
    /// Another invoice of the company has the external id.
    EXTERNAL_ID_TAKEN = "finance.external_id_taken";
    /// A supplier's document has their number.
    SUPPLIER_NUMBER_NEEDED = "finance.supplier_number_needed";
    /// A document to a customer has no supplier's number.
    SUPPLIER_NUMBER_UNWANTED = "finance.supplier_number_unwanted";
    /// A series is malformed.
    SERIES = "finance.series";
    /// A document has terms of payment or a day, not both.
    DUE_AND_TERM = "finance.due_and_term";
    /// Dates are out of order.
    DATES_OUT_OF_ORDER = "finance.dates_out_of_order";
    /// Credit notes alone correct an invoice.
    CORRECTS_UNWANTED = "finance.corrects_unwanted";
    /// A rate of exchange is out of bounds.
    RATE = "finance.rate";
    /// Another currency needs a rate.
    RATE_NEEDED = "finance.rate_needed";
    /// An invoice has too few or too many lines.
    LINES = "finance.lines";
    /// A quantity is out of bounds.
    QUANTITY = "finance.quantity";
    /// A price is out of bounds.
    PRICE = "finance.price";
    /// A percentage is out of bounds.
    PER_CENT = "finance.per_cent";
    /// An amount is out of bounds.
    AMOUNT = "finance.amount";
    /// An invoice is too large.
    TOO_LARGE = "finance.too_large";
    /// A total is below zero.
    TOTAL_NEGATIVE = "finance.total_negative";
    /// An invoice that comes to nothing is not posted.
    NOTHING_TO_POST = "finance.nothing_to_post";
    /// A copy is of the same side.
    KIND_SIDE = "finance.kind_side";
    /// A credit note is not voided.
    CREDIT_STAYS = "finance.credit_stays";
    /// An invoice that was paid in part is not voided.
    PARTLY_PAID = "finance.partly_paid";
    /// It waits in a payment order.
    BEING_PAID = "finance.being_paid";
    /// There are too few, too many, or the same twice.
    TOO_MANY = "finance.too_many";
    /// There is no such open item, or it is not open or not the reader's to see.
    ITEM_NOT_FOUND = "finance.item_not_found";
    /// What is settled is something owed.
    NOT_A_CHARGE = "finance.not_a_charge";
    /// What settles is a credit note or payment.
    NOT_A_CREDIT = "finance.not_a_credit";
    /// Items of two owners, sides or currencies don't settle each other.
    ITEMS_APART = "finance.items_apart";
    /// More than is open is not settled.
    ALLOCATION_AMOUNT = "finance.allocation_amount";
    /// There is no such payment order, or it is not the reader's to see.
    ORDER_NOT_FOUND = "finance.order_not_found";
    /// The state of the payment order does not allow it.
    ORDER_STATE = "finance.order_state";
    /// An order is drafted by a day or by items.
    CHOICE = "finance.choice";
    /// A bank does not pay in the past.
    EXECUTION_PAST = "finance.execution_past";
    /// The company has no account to pay from.
    COMPANY_ACCOUNT = "finance.company_account";
    /// A supplier has no bank account.
    PARTY_ACCOUNT = "finance.party_account";
    /// Nothing is to be paid.
    NOTHING_TO_PAY = "finance.nothing_to_pay";
    /// The company's account is another by now.
    COMPANY_ACCOUNT_CHANGED = "finance.company_account_changed";
    /// A supplier's account is another by now.
    PARTY_ACCOUNT_CHANGED = "finance.party_account_changed";
    /// Books in another currency make no euro files.
    BOOKS_NOT_EURO = "finance.books_not_euro";
    /// A bank file can't be made.
    DOCUMENT = "finance.document";
    /// The term is longer than the law admits.
    WARN_LONG_TERM = "finance.warn_long_term";
    /// The document comes before its operation.
    WARN_BEFORE_OPERATION = "finance.warn_before_operation";
    /// More was billed than was received.
    WARN_NOT_RECEIVED = "finance.warn_not_received";
    /// The price is higher than was ordered.
    WARN_PRICE = "finance.warn_price";
}

/// The keys of what is titled, beside the reasons.
pub const SENTENCES: &[&str] = &[
    "finance.payment_order_title",
    "report.finance.aged_payables",
    "report.finance.aged_payables.party",
    "report.finance.aged_payables.not_due",
    "report.finance.aged_payables.to_30",
    "report.finance.aged_payables.to_60",
    "report.finance.aged_payables.to_90",
    "report.finance.aged_payables.over_90",
    "report.finance.aged_payables.total",
    "report.finance.aged_receivables",
    "report.finance.aged_receivables.party",
    "report.finance.aged_receivables.not_due",
    "report.finance.aged_receivables.to_30",
    "report.finance.aged_receivables.to_60",
    "report.finance.aged_receivables.to_90",
    "report.finance.aged_receivables.over_90",
    "report.finance.aged_receivables.total",
    "report.finance.vat_book",
    "report.finance.vat_book.book",
    "report.finance.vat_book.number",
    "report.finance.vat_book.supplier_number",
    "report.finance.vat_book.issued_on",
    "report.finance.vat_book.operation_on",
    "report.finance.vat_book.party",
    "report.finance.vat_book.tax_id",
    "report.finance.vat_book.tax",
    "report.finance.vat_book.base",
    "report.finance.vat_book.rate",
    "report.finance.vat_book.amount",
    "report.finance.vat_book.issued",
    "report.finance.vat_book.received",
    "report.finance.vat_book.withheld",
    "report.finance.income_statement",
    "report.finance.income_statement.account",
    "report.finance.income_statement.name",
    "report.finance.income_statement.amount",
    "report.finance.income_statement.income",
    "report.finance.income_statement.expense",
    "report.finance.income_statement.result",
    "report.finance.balance_sheet",
    "report.finance.balance_sheet.account",
    "report.finance.balance_sheet.name",
    "report.finance.balance_sheet.amount",
    "report.finance.balance_sheet.assets",
    "report.finance.balance_sheet.equity",
    "report.finance.balance_sheet.liabilities",
    "report.finance.balance_sheet.result",
    "report.finance.balance_sheet.both_sides",
];

#[cfg(test)]
mod tests {
    use kernel::{Locale, Speaker};

    use super::*;

    #[test]
    fn every_reason_and_title_has_its_sentence_in_both_languages() {
        let speaker = Speaker::new(&[kernel::message::MESSAGES, MESSAGES]).unwrap();
        for key in REASONS.iter().chain(SENTENCES) {
            for locale in Locale::ALL {
                assert!(speaker.knows(*locale, key), "{key} in {locale}");
            }
        }
    }
}
