//! Numbers with their check digits, made from a running number, so that none is anybody's.

use chrono::NaiveDate;
use kernel::{Date, Error, Result};

/// A NIF of a running number.
pub fn tax_id(number: u64) -> String {
    let digits = 10_000_000 + number * 137;
    let letters = "TRWAGMYFPDXBNJZSQVHLCKE";
    let index = usize::try_from(digits % 23).unwrap_or_default();
    let letter = letters.chars().nth(index).unwrap_or('T');
    format!("{digits:08}{letter}")
}

/// A NIF of a limited company of a running number.
pub fn company_tax_id(number: u64) -> String {
    let digits = format!("{:07}", 4_000_000 + number * 137);
    let sum: u32 = digits
        .chars()
        .zip([2, 1, 2, 1, 2, 1, 2])
        .map(|(c, weight)| c.to_digit(10).unwrap_or(0) * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    format!("B{digits}{}", (10 - sum % 10) % 10)
}

/// A social security number (NAF) of Madrid.
pub fn social_security(number: u64) -> String {
    let digits = 2_810_000_000 + number * 791;
    format!("{digits:010}{:02}", digits % 97)
}

/// A contribution account (CCC) of Madrid.
pub fn contribution_account() -> String {
    let digits: u64 = 281_020_304;
    format!("{digits:09}{:02}", digits % 97)
}

/// A Spanish IBAN of a running number.
pub fn iban(number: u64) -> String {
    let account = format!("{:010}", 2_000_000 + number * 331);
    let bank = "21000418";
    let bban = format!(
        "{bank}{}{}{account}",
        control(&format!("00{bank}")),
        control(&account)
    );
    let check = 98 - remainder_97(&format!("{bban}142800"));
    format!("ES{check:02}{bban}")
}

/// A day of the calendar.
pub fn day(year: i32, month: u32, day: u32) -> Result<Date> {
    let found = NaiveDate::from_ymd_opt(year, month, day);
    found
        .map(Date)
        .ok_or_else(|| Error::bug(format!("no day {year}-{month}-{day}")))
}

/// The control digit of ten digits of a Spanish account.
fn control(digits: &str) -> u32 {
    let weights = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
    let sum: u32 = digits
        .chars()
        .zip(weights)
        .map(|(c, w)| c.to_digit(10).unwrap_or(0) * w)
        .sum();
    match 11 - sum % 11 {
        10 => 1,
        11 => 0,
        digit => digit,
    }
}

fn remainder_97(digits: &str) -> u32 {
    digits
        .chars()
        .fold(0, |rest, c| (rest * 10 + c.to_digit(10).unwrap_or(0)) % 97)
}
