//! A SEPA credit transfer as a bank file: ISO 20022 pain.001.001.09, as the EPC's
//! customer-to-bank implementation guidelines (EPC132-08) narrow it.
//!
//! One file is one payment order: one debtor, one date, many transfers in euros. What a bank
//! would refuse is refused here, all of it at once. Names and texts are brought into the SEPA
//! character set and cut to their length; identifiers are never cut, because a cut identifier
//! points to nothing.

mod check;
mod sepa;
mod xml;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::Result;
use crate::error::settle;

/// A payment order for a bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditTransferFile {
    /// Names the file for the bank, which refuses a second file of the same name; at most 35
    /// characters.
    pub message_id: String,
    /// When the file was made.
    pub created_at: DateTime<Utc>,
    /// Who sends the file.
    pub initiating_party: InitiatingParty,
    /// Whose account is charged.
    pub debtor: Debtor,
    /// The day on which the bank shall pay.
    pub execution_date: NaiveDate,
    /// What the money is for.
    pub purpose: Purpose,
    /// The transfers, at least one.
    pub transfers: Vec<Transfer>,
}

/// Who sends the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InitiatingParty {
    /// Its name.
    pub name: String,
    /// Its tax id, with the three-digit suffix where the bank has given one.
    pub tax_id: String,
}

/// Whose account is charged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Debtor {
    /// The name of the account's holder.
    pub name: String,
    /// The account; blanks are ignored.
    pub iban: String,
    /// The bank's BIC; within the euro area the IBAN is enough.
    pub bic: Option<String>,
}

/// What the money is for; banks treat wages as confidential and may book them in one sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Wages: `SALA`, charged in one sum.
    Salary,
    /// Payments to suppliers: `SUPP`, charged one by one.
    Supplier,
}

/// One transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Travels unchanged to the creditor; unique in the file; at most 35 characters.
    pub end_to_end_id: String,
    /// Euros, above zero, with at most two decimals.
    pub amount: Decimal,
    /// The name of the account's holder; cut to 70 characters.
    pub creditor_name: String,
    /// The account; blanks are ignored.
    pub creditor_iban: String,
    /// What the creditor reads; cut to 140 characters; may be empty.
    pub remittance: String,
}

impl CreditTransferFile {
    /// The sum of all transfers: the control sum of the file.
    pub fn total(&self) -> Decimal {
        self.transfers
            .iter()
            .fold(Decimal::ZERO, |sum, it| sum.saturating_add(it.amount))
    }

    /// Writes the file as UTF-8 XML. The same order gives the same bytes.
    ///
    /// # Errors
    /// [`crate::DocumentError::Invalid`] with everything that a bank would refuse: no
    /// transfers, an amount at or below zero, above 999,999,999.99 or with fractions of a
    /// cent, a broken IBAN or one from outside SEPA, a broken BIC, a missing name, an
    /// identifier that is missing, too long or used twice.
    pub fn xml(&self) -> Result<Vec<u8>> {
        settle(check::problems(self))?;
        xml::write(self)
    }
}

impl Purpose {
    fn code(self) -> &'static str {
        match self {
            Self::Salary => "SALA",
            Self::Supplier => "SUPP",
        }
    }

    fn booked_in_one_sum(self) -> bool {
        self == Self::Salary
    }
}

#[cfg(test)]
mod tests;
