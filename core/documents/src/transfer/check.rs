//! What a bank would refuse of a payment order.

use std::collections::HashSet;

use iban::{Iban, IbanLike};
use rust_decimal::{Decimal, dec};

use super::{CreditTransferFile, Transfer, sepa};
use crate::error::Problem;

/// The highest amount of one transfer (EPC132-08, AT-04).
const HIGHEST: Decimal = dec!(999_999_999.99);

/// Every rule that the order breaks.
pub(super) fn problems(file: &CreditTransferFile) -> Vec<Problem> {
    let mut found = Found::default();
    found.identifier("message_id".to_owned(), &file.message_id);
    found.name(
        "initiating_party.name".to_owned(),
        &file.initiating_party.name,
    );
    found.identifier(
        "initiating_party.tax_id".to_owned(),
        &file.initiating_party.tax_id,
    );
    found.name("debtor.name".to_owned(), &file.debtor.name);
    found.iban("debtor.iban".to_owned(), &file.debtor.iban);
    if let Some(bic) = &file.debtor.bic {
        found.bic("debtor.bic", bic);
    }
    if file.transfers.is_empty() {
        found.add(
            "transfer.none",
            "transfers".to_owned(),
            "El fichero no contiene ninguna transferencia.",
            "The file holds no transfer.",
        );
    }
    let mut seen = HashSet::new();
    for (at, transfer) in file.transfers.iter().enumerate() {
        found.transfer(at, transfer);
        if !seen.insert(sepa::identifier(&transfer.end_to_end_id)) {
            found.add(
                "transfer.id_repeated",
                format!("transfers[{at}].end_to_end_id"),
                "Otra transferencia del fichero lleva el mismo identificador.",
                "Another transfer of the file has the same identifier.",
            );
        }
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, code: &'static str, field: String, es: &str, en: &str) {
        self.0.push(Problem::new(code, field, es, en));
    }

    fn transfer(&mut self, at: usize, transfer: &Transfer) {
        let field = |name: &str| format!("transfers[{at}].{name}");
        self.identifier(field("end_to_end_id"), &transfer.end_to_end_id);
        self.amount(field("amount"), transfer.amount);
        self.name(field("creditor_name"), &transfer.creditor_name);
        self.iban(field("creditor_iban"), &transfer.creditor_iban);
    }

    fn amount(&mut self, field: String, amount: Decimal) {
        if amount <= Decimal::ZERO {
            self.add(
                "transfer.amount_not_positive",
                field,
                "El importe debe ser mayor que cero.",
                "The amount must be above zero.",
            );
        } else if amount > HIGHEST {
            self.add(
                "transfer.amount_too_high",
                field,
                "El importe supera 999.999.999,99 euros.",
                "The amount is above 999,999,999.99 euros.",
            );
        } else if amount.normalize().scale() > 2 {
            self.add(
                "transfer.fraction_of_cent",
                field,
                "El importe tiene más de dos decimales.",
                "The amount has more than two decimals.",
            );
        }
    }

    fn name(&mut self, field: String, name: &str) {
        if sepa::text(name, sepa::NAME).is_empty() {
            self.add(
                "transfer.name_missing",
                field,
                "Falta el nombre.",
                "The name is missing.",
            );
        }
    }

    /// EPC132-08, 1.4: no slash at either end, no two slashes in a row.
    fn identifier(&mut self, field: String, original: &str) {
        let id = sepa::identifier(original);
        let length = id.chars().count();
        if length == 0 || length > sepa::IDENTIFIER {
            self.add(
                "transfer.id_length",
                field,
                "El identificador debe tener entre 1 y 35 caracteres.",
                "The identifier must have 1 to 35 characters.",
            );
        } else if id.starts_with('/') || id.ends_with('/') || id.contains("//") {
            self.add(
                "transfer.id_slash",
                field,
                "El identificador no puede empezar ni acabar con «/», ni contener «//».",
                "The identifier may not begin or end with “/”, nor contain “//”.",
            );
        }
    }

    fn iban(&mut self, field: String, iban: &str) {
        match compact(iban).parse::<Iban>() {
            Err(_) => {
                self.add(
                    "transfer.iban_invalid",
                    field,
                    "El IBAN no es válido.",
                    "The IBAN is not valid.",
                );
            }
            Ok(iban) if !sepa::reaches(iban.country_code()) => self.add(
                "transfer.iban_outside_sepa",
                field,
                "La cuenta es de un país al que no llega una transferencia SEPA.",
                "The account is of a country that no SEPA transfer reaches.",
            ),
            Ok(_) => {}
        }
    }

    /// ISO 9362: bank (4), country (2), place (2) and, for a branch, 3 more.
    fn bic(&mut self, field: &str, bic: &str) {
        let right = matches!(bic.len(), 8 | 11)
            && bic
                .chars()
                .all(|char| char.is_ascii_uppercase() || char.is_ascii_digit())
            && bic
                .chars()
                .skip(4)
                .take(2)
                .all(|char| char.is_ascii_uppercase());
        if !right {
            self.add(
                "transfer.bic_invalid",
                field.to_owned(),
                "El BIC no es válido.",
                "The BIC is not valid.",
            );
        }
    }
}

/// An IBAN as XML wants it: upper case, without blanks.
pub(super) fn compact(iban: &str) -> String {
    let kept = iban.chars().filter(|char| !char.is_whitespace());
    kept.map(|char| char.to_ascii_uppercase()).collect()
}
