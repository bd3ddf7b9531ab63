//! Checks of single values as they come in: texts, codes, addresses, countries, zones, accounts.
//! Each gives the value as it is kept, or the fault that says what is wrong with it.

use chrono_tz::Tz;
use iban::IbanLike;
use kernel::{Error, Fault, Result};

/// A text that must be there: trimmed, of at most so many characters, without control characters.
pub fn text(value: &str, most: usize) -> Result<String, Fault> {
    let value = value.trim();
    if value.is_empty() {
        return Err(Fault::invalid("kernel.required"));
    }
    if value.chars().count() > most {
        return Err(Fault::invalid("kernel.too_long").with("most", most));
    }
    if value
        .chars()
        .any(|character| character.is_control() && character != '\n')
    {
        return Err(Fault::invalid("directory.text_invalid"));
    }
    Ok(value.to_owned())
}

/// A text that may be absent; an empty one counts as absent.
pub fn optional(value: Option<&str>, most: usize) -> Result<Option<String>, Fault> {
    match value.map(str::trim).filter(|value| !value.is_empty()) {
        Some(value) => text(value, most).map(Some),
        None => Ok(None),
    }
}

/// A short code of capitals, digits and hyphens.
pub fn code(value: &str) -> Result<String, Fault> {
    let value = text(value, 20)?.to_uppercase();
    let fits =
        value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !value.starts_with('-');
    if fits {
        Ok(value)
    } else {
        Err(Fault::invalid("directory.code_invalid"))
    }
}

/// A name in clear of small letters, digits and underscores.
pub fn key(value: &str) -> Result<String, Fault> {
    let value = text(value, 40)?;
    let fits = value.len() > 1
        && value.starts_with(|c: char| c.is_ascii_lowercase())
        && value
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if fits {
        Ok(value)
    } else {
        Err(Fault::invalid("directory.key_invalid"))
    }
}

/// An e-mail address in small letters. What is left open here only its delivery can tell.
pub fn email(value: &str) -> Result<String, Fault> {
    let value = value.trim().to_lowercase();
    let bad = || Fault::invalid("directory.email_invalid");
    let (local, domain) = value.rsplit_once('@').ok_or_else(bad)?;
    let fits = (1..=64).contains(&local.len())
        && value.len() <= 254
        && domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
        && !value
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\"".contains(c))
        && !local.contains('@');
    if fits { Ok(value) } else { Err(bad()) }
}

/// A country by its two letters of ISO 3166-1.
pub fn country(value: &str) -> Result<String, Fault> {
    let value = value.trim().to_uppercase();
    match isocountry::CountryCode::for_alpha2(&value) {
        Ok(country) => Ok(country.alpha2().to_owned()),
        Err(_) => Err(Fault::invalid("directory.country_unknown").with("country", value)),
    }
}

/// A time zone of the IANA data base.
pub fn zone(value: &str) -> Result<String, Fault> {
    match value.trim().parse::<Tz>() {
        Ok(zone) => Ok(zone.name().to_owned()),
        Err(_) => Err(Fault::invalid("kernel.zone_unknown").with("zone", value)),
    }
}

/// An IBAN of a country that has them, with right check digits, in the electronic form.
pub fn iban(value: &str) -> Result<String, Fault> {
    match value.trim().to_uppercase().parse::<iban::Iban>() {
        Ok(iban) => Ok(iban.electronic_str().to_owned()),
        Err(_) => Err(Fault::invalid("directory.iban_invalid")),
    }
}

/// A BIC of ISO 9362: four letters, a country, two of location, perhaps three of branch.
pub fn bic(value: &str) -> Result<String, Fault> {
    let value = value.trim().to_uppercase();
    let fits = matches!(value.len(), 8 | 11)
        && value.chars().all(|c| c.is_ascii_alphanumeric())
        && value.chars().take(4).all(|c| c.is_ascii_alphabetic())
        && value
            .get(4..6)
            .is_some_and(|two| isocountry::CountryCode::for_alpha2(two).is_ok());
    if fits {
        Ok(value)
    } else {
        Err(Fault::invalid("directory.bic_invalid"))
    }
}

/// A Spanish contribution account (código de cuenta de cotización): two digits of province, seven
/// of number and two of check, which are the first nine modulo 97, the rule of the affiliation
/// number too (Orden of 17 January 1994, Tesorería General de la Seguridad Social).
pub fn ccc(value: &str) -> Result<String, Fault> {
    let digits: String = value.chars().filter(|c| !" -/.".contains(*c)).collect();
    let bad = || Fault::invalid("directory.ccc_invalid");
    if digits.len() != 11 || !digits.chars().all(|c| c.is_ascii_digit()) {
        return Err(bad());
    }
    let (body, check) = digits.split_at_checked(9).ok_or_else(bad)?;
    let body: u64 = body.parse().map_err(|_| bad())?;
    let check: u64 = check.parse().map_err(|_| bad())?;
    if body % 97 == check {
        Ok(digits)
    } else {
        Err(bad())
    }
}

/// An account number for the eyes of those who may not see it whole: country, check digits and the
/// last four.
pub fn masked_iban(iban: &str) -> String {
    let head = iban.get(..4).unwrap_or_default();
    let tail = iban
        .len()
        .checked_sub(4)
        .and_then(|from| iban.get(from..))
        .unwrap_or_default();
    format!("{head} •••• {tail}")
}

/// A check of a value that may be absent.
pub fn each<T>(
    value: Option<&str>,
    check: impl Fn(&str) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    value
        .filter(|value| !value.trim().is_empty())
        .map(check)
        .transpose()
}

/// That a record is still as the caller saw it.
pub fn version(seen: i32, expected: Option<i32>) -> Result<()> {
    match expected {
        Some(expected) if expected != seen => Err(Fault::stale().into()),
        _ => Ok(()),
    }
}

/// Collects the faults of an input: keeps the good values, says where the bad ones are.
#[derive(Debug, Default)]
pub struct Input(kernel::Faults);

impl Input {
    /// Nothing wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value, or its default with the fault noted at a field.
    pub fn take<T: Default>(&mut self, field: &str, checked: Result<T, Fault>) -> T {
        self.try_take(field, checked).unwrap_or_default()
    }

    /// The value, or nothing with the fault noted at a field.
    pub fn try_take<T>(&mut self, field: &str, checked: Result<T, Fault>) -> Option<T> {
        checked
            .map_err(|fault| self.0.push(fault.at(field.split('.'))))
            .ok()
    }

    /// Notes a fault unless the condition holds.
    pub fn check(&mut self, holds: bool, fault: impl FnOnce() -> Fault) {
        self.0.check(holds, fault);
    }

    /// Everything that is wrong, at once.
    pub fn finish(self) -> Result<()> {
        self.0.finish()
    }
}

/// Says where in the input a violated unique constraint lies, and in words of ours.
pub fn taken(error: Error, constraint: &str, reason: &'static str, field: &str) -> Error {
    match error {
        Error::Refused(faults) => Error::Refused(
            faults
                .into_iter()
                .map(|fault| {
                    let named = |(name, value): &(&str, String)| {
                        *name == "constraint" && value == constraint
                    };
                    if fault.args.iter().any(named) {
                        Fault::conflict(reason).at(field.split('.'))
                    } else {
                        fault
                    }
                })
                .collect(),
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_in_small_letters() {
        assert_eq!(
            email(" Ana.Ruiz@Ejemplo.ES ").unwrap(),
            "ana.ruiz@ejemplo.es"
        );
        for bad in [
            "", "ana", "ana@", "@b.es", "a b@c.es", "a@b", "a@b..es", "a@@b.es",
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn account_numbers_have_right_check_digits() {
        let kept = iban("ES91 2100 0418 4502 0005 1332").unwrap();
        assert_eq!(kept, "ES9121000418450200051332");
        assert_eq!(masked_iban(&kept), "ES91 •••• 1332");
        assert!(iban("ES91 2100 0418 4502 0005 1333").is_err());
        assert!(iban("XX91 2100").is_err());
        assert!(bic("CAIXESBBXXX").is_ok() && bic("CAIXE1BB").is_err() && bic("CAIX").is_err());
    }

    #[test]
    fn contribution_accounts_have_right_check_digits() {
        assert_eq!(
            ccc("28/1234567/41").unwrap_err().reason,
            "directory.ccc_invalid"
        );
        let check = 281_234_567 % 97;
        assert_eq!(
            ccc(&format!("28-1234567-{check:02}")).unwrap(),
            format!("281234567{check:02}")
        );
    }

    #[test]
    fn countries_and_zones_are_those_of_the_lists() {
        assert_eq!(country("es").unwrap(), "ES");
        assert!(country("ZZ").is_err());
        assert!(zone("Europe/Madrid").is_ok() && zone("Europe/Getafe").is_err());
    }

    #[test]
    fn every_fault_of_an_input_is_told() {
        let mut input = Input::new();
        let name: String = input.take("name", text("  ", 10));
        let _: String = input.take("address.country", country("ZZ"));
        assert!(name.is_empty());
        let Err(Error::Refused(faults)) = input.finish() else {
            panic!("refused")
        };
        assert_eq!(faults.len(), 2);
        assert_eq!(faults[1].field, ["address", "country"]);
    }
}
