//! The language in which the door speaks to a caller: Spanish first, English when it is preferred.

/// A language that the door has messages in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Spanish, the default.
    #[default]
    Es,
    /// English.
    En,
}

impl Lang {
    /// Chooses by an `Accept-Language` header: the highest weight wins, the first of equals.
    #[must_use]
    pub fn accepted(header: Option<&str>) -> Self {
        let mut best = (Self::Es, 0u16);
        for entry in header.unwrap_or_default().split(',') {
            let mut parts = entry.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts
                .find_map(|p| p.trim().strip_prefix("q="))
                .map_or(1000, per_mille);
            let Some(lang) = Self::of_tag(&tag) else {
                continue;
            };
            if weight > best.1 {
                best = (lang, weight);
            }
        }
        best.0
    }

    /// The language's code, as in `Content-Language`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }

    fn of_tag(tag: &str) -> Option<Self> {
        match tag.split('-').next() {
            Some("es") => Some(Self::Es),
            Some("en") => Some(Self::En),
            _ => None,
        }
    }
}

/// A quality value such as `0.8` in thousandths; nonsense counts as 0.
pub(super) fn per_mille(q: &str) -> u16 {
    let (whole, part) = q.trim().split_once('.').unwrap_or((q.trim(), ""));
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u16>()) {
        ("1", _) => 1000,
        ("0", Ok(thousandths)) => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spanish_is_the_default_and_weights_decide() {
        for (header, expected) in [
            (None, Lang::Es),
            (Some("fr, de;q=0.5"), Lang::Es),
            (Some("en"), Lang::En),
            (Some("en-GB,en;q=0.9,es;q=0.8"), Lang::En),
            (Some("es-ES;q=0.9, en;q=0.95"), Lang::En),
            (Some("es, en"), Lang::Es),
            (Some("en;q=0, es;q=0.1"), Lang::Es),
        ] {
            assert_eq!(Lang::accepted(header), expected, "{header:?}");
        }
    }
}
