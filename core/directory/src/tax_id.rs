//! Tax ids: checked by the national rules that `stdnum` knows, kept in their compact form.

use kernel::{Fault, Result};

kernel::text_enum! {
    /// Whose tax id it is.
    pub enum PartyKind {
        /// A natural person.
        Person = "PERSON",
        /// A legal person or other body.
        Organisation = "ORGANISATION",
    }
}

/// A tax id of a country in its compact form. In Spain any NIF (DNI, NIE, K, L, M and those of
/// legal persons, Real Decreto 1065/2007 arts. 18 to 28) with its check character; elsewhere by
/// the country's rules where they are known, and otherwise two to thirty letters and digits.
pub fn check(country: &str, value: &str) -> Result<String, Fault> {
    let bad = || Fault::invalid("directory.tax_id_invalid").with("country", country);
    let value = value.trim().to_uppercase();
    if value.chars().count() > 40 {
        return Err(bad());
    }
    if country == "ES" {
        return compact_of("es/nif", &value).ok_or_else(bad);
    }
    let person = stdnum::validate_person(country, &value);
    let entity = stdnum::validate_entity(country, &value);
    if let Some(key) = person.matched.first().or(entity.matched.first()) {
        return compact_of(key, &value).ok_or_else(bad);
    }
    let plain: String = value.chars().filter(|c| !" -./".contains(*c)).collect();
    let fits = (2..=30).contains(&plain.len()) && plain.chars().all(|c| c.is_ascii_alphanumeric());
    if fits && !person.checked && !entity.checked {
        Ok(plain)
    } else {
        Err(bad())
    }
}

fn compact_of(key: &str, value: &str) -> Option<String> {
    stdnum::find(key)?
        .validate(value)
        .ok()
        .map(|valid| valid.compact)
}

/// A Spanish Social Security number (NAF) in its compact form of twelve digits.
pub fn social_security_es(value: &str) -> Result<String, Fault> {
    compact_of("es/nss", value).ok_or_else(|| Fault::invalid("directory.naf_invalid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spanish_ids_have_their_check_character() {
        for (good, kept) in [
            ("12345678Z", "12345678Z"),
            ("12.345.678-z", "12345678Z"),
            ("X1234567L", "X1234567L"),
            ("ESA58818501", "A58818501"),
            ("B-58378431", "B58378431"),
        ] {
            assert_eq!(check("ES", good).as_deref().ok(), Some(kept), "{good}");
        }
        for bad in [
            "12345678A",
            "X1234567A",
            "A58818502",
            "",
            "1",
            "ÑÑÑÑÑÑÑÑÑ",
            "💥",
        ] {
            assert!(check("ES", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_country_without_rules_takes_plain_text_alone() {
        assert_eq!(check("TV", "ab-12 3").unwrap(), "AB123");
        assert!(check("TV", "<b>").is_err());
    }

    #[test]
    fn social_security_numbers_are_checked() {
        assert!(social_security_es("281234567840").is_ok());
        assert!(social_security_es("281234567841").is_err());
    }
}
