//! What the ledger refuses, and its sentences in Spanish and English.

use kernel::{Fault, Messages};

/// The sentences of every reason below.
pub const MESSAGES: Messages = Messages {
    es: include_str!("../locales/es.ftl"),
    en: include_str!("../locales/en.ftl"),
};

/// Every reason that this crate gives.
pub const REASONS: &[&str] = &[
    "ledger.account_archived",
    "ledger.account_code_invalid",
    "ledger.account_code_taken",
    "ledger.account_currency",
    "ledger.account_has_balance",
    "ledger.account_has_children",
    "ledger.account_not_postable",
    "ledger.account_unknown",
    "ledger.already_reversed",
    "ledger.amount_too_fine",
    "ledger.amount_too_large",
    "ledger.books_missing",
    "ledger.bulk_too_large",
    "ledger.chart_installed",
    "ledger.chart_row_malformed",
    "ledger.chart_too_large",
    "ledger.chart_empty",
    "ledger.code_invalid",
    "ledger.code_taken",
    "ledger.company_unknown",
    "ledger.department_unknown",
    "ledger.dimension_repeated",
    "ledger.dimension_unknown",
    "ledger.entry_unknown",
    "ledger.fiscal_year_overlap",
    "ledger.fiscal_year_too_long",
    "ledger.journal_archived",
    "ledger.journal_unknown",
    "ledger.kind_missing",
    "ledger.kind_unknown",
    "ledger.line_side",
    "ledger.line_zero",
    "ledger.lines_too_few",
    "ledger.lines_too_many",
    "ledger.name_invalid",
    "ledger.parent_cycle",
    "ledger.parent_unknown",
    "ledger.period_closed",
    "ledger.period_missing",
    "ledger.period_order",
    "ledger.period_soft_closed",
    "ledger.period_state",
    "ledger.period_unknown",
    "ledger.rate_invalid",
    "ledger.rate_missing",
    "ledger.report_too_long",
    "ledger.reversal_not_reversible",
    "ledger.reversal_of_record",
    "ledger.reversal_too_early",
    "ledger.signs_differ",
    "ledger.slice_too_long",
    "ledger.source_other_company",
    "ledger.unbalanced",
];

/// A text that must have 1 to `most` characters and has not.
pub(crate) fn name(field: &str, text: &str, most: usize) -> Option<Fault> {
    let bad = text.trim().is_empty() || text.chars().count() > most;
    bad.then(|| {
        Fault::invalid("ledger.name_invalid")
            .at([field])
            .with("most", most)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Locale, Speaker};

    #[test]
    fn every_reason_has_its_sentence_in_both_languages() {
        let speaker = Speaker::new(&[MESSAGES]).unwrap();
        for reason in REASONS {
            for locale in Locale::ALL {
                assert!(speaker.knows(*locale, reason), "{reason} in {locale}");
            }
        }
    }
}
