//! Sentences for people, in Spanish and English, from Fluent files beside the code that speaks.

use std::collections::HashMap;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::error::{Error, Result};
use crate::fault::Fault;

crate::text_enum! {
    /// A language of the suite.
    pub enum Locale {
        /// Spanish.
        Es = "ES",
        /// English.
        En = "EN",
    }
}

impl Locale {
    /// The language that an `Accept-Language` header likes best; Spanish when it names neither.
    pub fn from_accept_language(header: Option<&str>) -> Self {
        let mut best = (Self::Es, 0.0_f32);
        for part in header.unwrap_or_default().split(',') {
            let mut pieces = part.trim().split(';');
            let tag = pieces.next().unwrap_or_default().to_ascii_lowercase();
            let weight = pieces
                .find_map(|piece| piece.trim().strip_prefix("q=")?.parse::<f32>().ok())
                .unwrap_or(1.0);
            let locale = match tag.split('-').next() {
                Some("es" | "ca" | "gl" | "eu") => Self::Es,
                Some("en") => Self::En,
                _ => continue,
            };
            if weight > best.1 {
                best = (locale, weight);
            }
        }
        best.0
    }

    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }
}

/// The message files of one crate.
#[derive(Clone, Copy)]
pub struct Messages {
    /// Fluent text in Spanish.
    pub es: &'static str,
    /// Fluent text in English.
    pub en: &'static str,
}

/// The kernel's own messages.
pub const MESSAGES: Messages = Messages {
    es: include_str!("../locales/es.ftl"),
    en: include_str!("../locales/en.ftl"),
};

/// Speaks every message of the suite. A reason `people.unknown_group` is the Fluent message
/// `people-unknown_group`.
pub struct Speaker {
    bundles: HashMap<Locale, FluentBundle<FluentResource>>,
}

impl Speaker {
    /// Reads the message files of every crate; a malformed file or a key said twice is an error.
    pub fn new(files: &[Messages]) -> Result<Self> {
        let bundles = Locale::ALL
            .iter()
            .map(|locale| Ok((*locale, bundle(*locale, files)?)))
            .collect::<Result<_>>()?;
        Ok(Self { bundles })
    }

    /// The sentence of a key with its values; the key itself when nobody wrote it.
    pub fn say(&self, locale: Locale, key: &str, args: &[(&'static str, String)]) -> String {
        self.speak(
            locale,
            key,
            args.iter().map(|(name, value)| (*name, value.as_str())),
        )
    }

    /// Like [`Speaker::say`], for names that were read from a row.
    pub fn say_owned(&self, locale: Locale, key: &str, args: &[(String, String)]) -> String {
        self.speak(
            locale,
            key,
            args.iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        )
    }

    fn speak<'a>(
        &self,
        locale: Locale,
        key: &str,
        args: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> String {
        let id = key.replace('.', "-");
        let Some(bundle) = self.bundles.get(&locale) else {
            return key.to_owned();
        };
        let Some(pattern) = bundle.get_message(&id).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let mut values = FluentArgs::new();
        for (name, value) in args {
            values.set(name, FluentValue::from(value));
        }
        let mut errors = Vec::new();
        bundle
            .format_pattern(pattern, Some(&values), &mut errors)
            .into_owned()
    }

    /// The sentence of a fault.
    pub fn fault(&self, locale: Locale, fault: &Fault) -> String {
        self.say(locale, fault.reason, &fault.args)
    }

    /// Whether a key has a sentence in a language.
    pub fn knows(&self, locale: Locale, key: &str) -> bool {
        let id = key.replace('.', "-");
        self.bundles
            .get(&locale)
            .is_some_and(|bundle| bundle.has_message(&id))
    }
}

impl std::fmt::Debug for Speaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Speaker")
    }
}

fn bundle(locale: Locale, files: &[Messages]) -> Result<FluentBundle<FluentResource>> {
    let tag: LanguageIdentifier = locale
        .tag()
        .parse()
        .map_err(|_| Error::bug("a locale has no language tag"))?;
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    bundle.set_use_isolating(false);
    for file in files {
        let text = match locale {
            Locale::Es => file.es,
            Locale::En => file.en,
        };
        let resource = FluentResource::try_new(text.to_owned())
            .map_err(|(_, errors)| Error::bug(format!("message file: {errors:?}")))?;
        bundle
            .add_resource(resource)
            .map_err(|errors| Error::bug(format!("message said twice: {errors:?}")))?;
    }
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_the_heaviest_known_language() {
        assert_eq!(
            Locale::from_accept_language(Some("fr, en;q=0.8, es;q=0.5")),
            Locale::En
        );
        assert_eq!(
            Locale::from_accept_language(Some("en-GB;q=0.2, es-ES")),
            Locale::Es
        );
        assert_eq!(Locale::from_accept_language(None), Locale::Es);
    }

    #[test]
    fn speaks_both_languages_with_values() {
        let speaker = Speaker::new(&[MESSAGES]).unwrap();
        let fault = Fault::invalid("kernel.page_too_large").with("most", 250);
        assert!(speaker.fault(Locale::Es, &fault).contains("250"));
        assert_ne!(
            speaker.fault(Locale::Es, &fault),
            speaker.fault(Locale::En, &fault)
        );
    }
}
