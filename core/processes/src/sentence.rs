//! A sentence for people that is put together only when somebody reads it, in their language.

use kernel::{Error, Locale, Result, Speaker};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// How deep sentences may stand within sentences.
const DEPTH: usize = 3;

/// A key of the message files with the values that its sentence speaks of. A value is a text, a
/// number, a sentence of its own, `{"key": …, "args": {…}}`, or a text in each language,
/// `{"es": …, "en": …}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// The key, as in `people.payroll_run_title`.
    pub key: String,
    /// The values by name; always a JSON object.
    pub args: Value,
}

impl Sentence {
    /// A sentence that speaks of nothing yet.
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            args: json!({}),
        }
    }

    /// Adds a value. A `Sentence` as value is spoken in the reader's language, too.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        if let Some(args) = self.args.as_object_mut() {
            args.insert(name.to_owned(), json!(value));
        }
        self
    }

    /// Refuses values without names: a defect of the caller.
    pub(crate) fn check(&self) -> Result<()> {
        if self.args.is_object() {
            return Ok(());
        }
        Err(Error::bug("the values of a sentence are no object"))
    }
}

impl Serialize for Sentence {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        json!({ "key": self.key, "args": self.args }).serialize(serializer)
    }
}

/// Speaks a stored sentence in a language.
pub fn say(speaker: &Speaker, locale: Locale, key: &str, args: &Value) -> String {
    spoken(speaker, locale, key, args, DEPTH)
}

fn spoken(speaker: &Speaker, locale: Locale, key: &str, args: &Value, depth: usize) -> String {
    let empty = Map::new();
    let args = args.as_object().unwrap_or(&empty);
    let values: Vec<(String, String)> = args
        .iter()
        .map(|(name, value)| (name.clone(), text(speaker, locale, value, depth)))
        .collect();
    speaker.say_owned(locale, key, &values)
}

fn text(speaker: &Speaker, locale: Locale, value: &Value, depth: usize) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(object) if object.contains_key(locale.tag()) => {
            let own = object.get(locale.tag()).and_then(Value::as_str);
            own.unwrap_or_default().to_owned()
        }
        Value::Object(object) if depth > 0 => {
            let key = object
                .get("key")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let args = object.get("args").unwrap_or(&Value::Null);
            spoken(speaker, locale, key, args, depth - 1)
        }
        Value::Null | Value::Object(_) => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_within_a_sentence_is_spoken_in_the_readers_language() {
        let speaker = Speaker::new(&[crate::MESSAGES]).unwrap();
        let inner = Sentence::new("processes.approval_approved.title").with("title", "A 1");
        let outer = Sentence::new("processes.approval_rejected.title").with("title", &inner);
        let said = |locale| say(&speaker, locale, &outer.key, &outer.args);
        assert_eq!(said(Locale::Es), "Rechazado: Aprobado: A 1");
        assert_eq!(said(Locale::En), "Rejected: Approved: A 1");
    }

    #[test]
    fn a_value_in_each_language_is_spoken_in_the_readers() {
        let speaker = Speaker::new(&[crate::MESSAGES]).unwrap();
        let said = |locale| {
            let title = json!({ "es": "Ventas", "en": "Sales" });
            let sentence = Sentence::new("processes.approval_approved.title").with("title", title);
            say(&speaker, locale, &sentence.key, &sentence.args)
        };
        assert_eq!(said(Locale::Es), "Aprobado: Ventas");
        assert_eq!(said(Locale::En), "Approved: Sales");
    }

    #[test]
    fn values_without_names_are_a_defect_and_nested_sentences_end() {
        assert!(
            Sentence {
                key: "a.b".into(),
                args: json!(["1"])
            }
            .check()
            .is_err()
        );
        assert!(Sentence::new("a.b").with("title", "x").check().is_ok());
        let speaker = Speaker::new(&[crate::MESSAGES]).unwrap();
        let key = "processes.approval_approved.title";
        let mut args = json!("end");
        for _ in 0..10 {
            args = json!({"title": {"key": key, "args": args}});
        }
        assert!(say(&speaker, Locale::En, key, &args).len() < 200);
    }
}
