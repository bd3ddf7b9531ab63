//! The characters that every bank in SEPA takes (EPC217-08, best practices): Latin letters
//! without marks, digits, blank and `/ - ? : ( ) . , ' +`.

use deunicode::deunicode_char;

/// The longest name, text and identifier that the EPC allows.
pub(super) const NAME: usize = 70;
pub(super) const REMITTANCE: usize = 140;
pub(super) const IDENTIFIER: usize = 35;

/// Text in the SEPA character set, with runs of blanks made one, cut to `limit` characters.
pub(super) fn text(original: &str, limit: usize) -> String {
    let plain: String = original.chars().map(plain).collect();
    let joined = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    joined
        .chars()
        .take(limit)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

/// An identifier in the SEPA character set, whole.
pub(super) fn identifier(original: &str) -> String {
    text(original, usize::MAX)
}

fn plain(char: char) -> String {
    match char {
        '&' => "+".to_owned(),
        '_' | '–' | '—' => "-".to_owned(),
        '"' | '`' | '´' | '“' | '”' | '‘' | '’' => "'".to_owned(),
        ';' => ",".to_owned(),
        '@' => "(at)".to_owned(),
        '[' | '{' | '<' => "(".to_owned(),
        ']' | '}' | '>' => ")".to_owned(),
        '\\' | '|' => "/".to_owned(),
        'º' => "o".to_owned(),
        'ª' => "a".to_owned(),
        '·' => ".".to_owned(),
        char if char.is_whitespace() || char.is_control() => " ".to_owned(),
        char if is_allowed(char) => char.to_string(),
        char => {
            let ascii = deunicode_char(char).unwrap_or(".");
            ascii
                .chars()
                .map(|char| if is_allowed(char) { char } else { '.' })
                .collect()
        }
    }
}

/// Whether a bank takes the character as it is.
pub(super) fn is_allowed(char: char) -> bool {
    char.is_ascii_alphanumeric() || " /-?:().,'+".contains(char)
}

/// The countries and territories of the SEPA schemes (EPC409-09), by the country code of
/// their IBAN.
const COUNTRIES: [&str; 42] = [
    "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI",
    "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL",
    "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK", "SM", "VA",
];

/// Whether an account of this country can be reached by a SEPA transfer.
pub(super) fn reaches(country: &str) -> bool {
    COUNTRIES.contains(&country)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_marks_and_nothing_else() {
        for (original, expected) in [
            ("Íñigo Muñoz-Güell", "Inigo Munoz-Guell"),
            ("Peña & Hijos, S.L.", "Pena + Hijos, S.L."),
            ("Çağla Öztürk ß", "Cagla Ozturk ss"),
            ("Łukasz Żółć", "Lukasz Zolc"),
            ("Nómina <enero> 2026; nº 3", "Nomina (enero) 2026, no 3"),
            ("a\tb\n c  d", "a b c d"),
            ("100 € #*!", "100 EUR ..."),
            ("Gal·la", "Gal.la"),
        ] {
            assert_eq!(text(original, 140), expected);
        }
    }

    #[test]
    fn whatever_comes_in_only_allowed_characters_go_out() {
        for code in 0..0x3000_u32 {
            let Some(char) = char::from_u32(code) else {
                continue;
            };
            assert!(
                text(&char.to_string(), 140).chars().all(is_allowed),
                "{code:x}"
            );
        }
    }

    #[test]
    fn a_text_is_cut_after_it_was_transliterated() {
        assert_eq!(text(&"ß".repeat(100), NAME), "ss".repeat(35));
        assert_eq!(text("abc def", 4), "abc");
    }
}
