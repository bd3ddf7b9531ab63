//! The parameters of rules: typed, with bounds and a default.

use kernel::{Fault, Locale};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault;

/// Values of a list at most.
const MOST_VALUES: usize = 100;

kernel::text_enum! {
    /// What a parameter holds.
    pub enum ParameterKind {
        /// A whole number.
        Integer = "INTEGER",
        /// An exact number.
        Decimal = "DECIMAL",
        /// A text.
        Text = "TEXT",
        /// Texts.
        TextList = "TEXT_LIST",
        /// Yes or no.
        Boolean = "BOOLEAN",
    }
}

/// What of a rule can be tuned.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name in the query.
    pub name: String,
    /// What it holds.
    pub kind: ParameterKind,
    /// Its value unless a tenant says otherwise; a decimal is a text.
    pub default: Value,
    /// The least it can be.
    #[serde(default)]
    pub least: Option<Value>,
    /// The most it can be.
    #[serde(default)]
    pub most: Option<Value>,
    /// What it is in Spanish.
    pub es: String,
    /// What it is in English.
    pub en: String,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterValue {
    /// A whole number.
    Integer(i64),
    /// An exact number.
    Decimal(Decimal),
    /// A text.
    Text(String),
    /// Texts.
    Texts(Vec<String>),
    /// Yes or no.
    Boolean(bool),
}

impl ParameterValue {
    /// As it is kept.
    pub fn kept(&self) -> Value {
        match self {
            Self::Integer(value) => json!(value),
            Self::Decimal(value) => json!(value.to_string()),
            Self::Text(value) => json!(value),
            Self::Texts(values) => json!(values),
            Self::Boolean(value) => json!(value),
        }
    }

    /// As texts, for people: one, or those of the list.
    pub fn shown(&self) -> Vec<String> {
        match self {
            Self::Integer(value) => vec![value.to_string()],
            Self::Decimal(value) => vec![value.to_string()],
            Self::Text(value) => vec![value.clone()],
            Self::Texts(values) => values.clone(),
            Self::Boolean(value) => vec![value.to_string()],
        }
    }
}

impl Parameter {
    /// What it is in a language.
    pub fn title(&self, locale: Locale) -> &str {
        match locale {
            Locale::Es => &self.es,
            Locale::En => &self.en,
        }
    }

    /// The value of something that was kept.
    ///
    /// # Errors
    /// Not of its kind, or out of bounds.
    pub fn read(&self, kept: &Value) -> Result<ParameterValue, Fault> {
        let value = match (self.kind, kept) {
            (ParameterKind::Integer, Value::Number(number)) => {
                number.as_i64().map(ParameterValue::Integer)
            }
            (ParameterKind::Decimal, Value::String(text)) => Decimal::from_str_exact(text)
                .ok()
                .map(ParameterValue::Decimal),
            (ParameterKind::Text, Value::String(text)) => {
                Some(ParameterValue::Text(text.clone())).filter(|_| fits(text))
            }
            (ParameterKind::TextList, Value::Array(values)) => texts(values),
            (ParameterKind::Boolean, Value::Bool(value)) => Some(ParameterValue::Boolean(*value)),
            _ => None,
        };
        let value = value.ok_or_else(|| self.invalid())?;
        self.within(&value)?;
        Ok(value)
    }

    /// The value of what a person wrote: one text, or the texts of a list.
    ///
    /// # Errors
    /// Not of its kind, or out of bounds.
    pub fn parse(&self, written: &[String]) -> Result<ParameterValue, Fault> {
        let kept = match (self.kind, written) {
            (ParameterKind::TextList, values) => json!(values),
            (ParameterKind::Integer, [one]) => {
                json!(one.trim().parse::<i64>().map_err(|_| self.invalid())?)
            }
            (ParameterKind::Boolean, [one]) => {
                json!(one.trim().parse::<bool>().map_err(|_| self.invalid())?)
            }
            (ParameterKind::Decimal | ParameterKind::Text, [one]) => json!(one.trim()),
            _ => return Err(self.invalid()),
        };
        self.read(&kept)
    }

    /// Its value unless a tenant says otherwise; reading the rule made sure of it.
    pub fn usual(&self) -> Result<ParameterValue, Fault> {
        self.read(&self.default)
    }

    fn within(&self, value: &ParameterValue) -> Result<(), Fault> {
        let number = match value {
            ParameterValue::Integer(value) => Decimal::from(*value),
            ParameterValue::Decimal(value) => *value,
            _ => return Ok(()),
        };
        let bound = |bound: &Option<Value>| bound.as_ref().and_then(number_of);
        let (least, most) = (bound(&self.least), bound(&self.most));
        if least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most) {
            return Ok(());
        }
        let shown = |bound: Option<Decimal>| bound.map_or("…".to_owned(), |it| it.to_string());
        Err(Fault::invalid(fault::PARAMETER_OUT_OF_RANGE)
            .with("name", &self.name)
            .with("least", shown(least))
            .with("most", shown(most)))
    }

    fn invalid(&self) -> Fault {
        Fault::invalid(fault::PARAMETER_INVALID)
            .with("name", &self.name)
            .with("kind", self.kind)
    }
}

fn number_of(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => number.as_i64().map(Decimal::from),
        Value::String(text) => Decimal::from_str_exact(text).ok(),
        _ => None,
    }
}

fn texts(values: &[Value]) -> Option<ParameterValue> {
    if values.len() > MOST_VALUES {
        return None;
    }
    let texts: Option<Vec<String>> = values
        .iter()
        .map(|value| value.as_str().filter(|text| fits(text)).map(str::to_owned))
        .collect();
    texts.map(ParameterValue::Texts)
}

fn fits(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: ParameterKind, least: Option<Value>, most: Option<Value>) -> Parameter {
        Parameter {
            name: "days".into(),
            kind,
            default: Value::Null,
            least,
            most,
            es: String::new(),
            en: String::new(),
        }
    }

    fn written(parameter: &Parameter, text: &str) -> Result<ParameterValue, &'static str> {
        let read = parameter.parse(&[text.to_owned()]);
        read.map_err(|fault| fault.reason)
    }

    #[test]
    fn a_number_is_a_number_within_its_bounds() {
        let days = of(ParameterKind::Integer, Some(json!(1)), Some(json!(90)));
        assert_eq!(written(&days, " 90 "), Ok(ParameterValue::Integer(90)));
        assert_eq!(written(&days, "91"), Err(fault::PARAMETER_OUT_OF_RANGE));
        assert_eq!(written(&days, "0"), Err(fault::PARAMETER_OUT_OF_RANGE));
        for bad in ["", "9.5", "1; DROP TABLE x", "nine"] {
            assert_eq!(written(&days, bad), Err(fault::PARAMETER_INVALID), "{bad}");
        }
    }

    #[test]
    fn a_decimal_keeps_its_digits() {
        let limit = of(ParameterKind::Decimal, Some(json!("0")), None);
        let read = written(&limit, "3000.10").unwrap();
        assert_eq!(read.kept(), json!("3000.10"));
        assert_eq!(written(&limit, "-1"), Err(fault::PARAMETER_OUT_OF_RANGE));
        assert_eq!(written(&limit, "1e3"), Err(fault::PARAMETER_INVALID));
    }

    #[test]
    fn one_value_is_no_list_and_a_list_no_value() {
        let pairs = of(ParameterKind::TextList, None, None);
        let two = ["a|b".to_owned(), "c|d".to_owned()];
        assert_eq!(pairs.parse(&two).unwrap().shown(), two);
        let days = of(ParameterKind::Integer, None, None);
        assert!(days.parse(&two).is_err() && days.parse(&[]).is_err());
        assert!(pairs.parse(&["a\u{0}".to_owned()]).is_err());
    }
}
