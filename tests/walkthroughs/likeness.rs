//! Whether an answer is the one that is shown: everything equal, but for what differs each time.
//!
//! `"…"` stands for any value that is there; as the last of a list, for one or more that follow.
//! `"{{name}}"` is the value that was kept under the name, or becomes it where the block says
//! `keep=name`. `{{today}}`, `{{today+30}}` and `{{today-1}}` are days.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde_json::Value;

/// What stands for anything.
const ANYTHING: &str = "…";
/// The host of the addresses as they are written.
const WRITTEN: &str = "@demo.example";

/// What was kept so far, and what else fills a placeholder.
#[derive(Clone, Debug)]
pub struct Kept {
    values: BTreeMap<String, String>,
    today: NaiveDate,
    /// What the host of addresses is in this organisation.
    host: String,
}

impl Kept {
    pub fn new(today: NaiveDate, slug: &str) -> Self {
        Self {
            values: BTreeMap::new(),
            today,
            host: format!("@{slug}.example"),
        }
    }

    /// Keeps a value under a name.
    pub fn keep(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// A text with its placeholders filled.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after
                .split_once("}}")
                .ok_or_else(|| format!("no end of the placeholder in {text:?}"))?;
            filled.push_str(before);
            filled.push_str(&self.value(name)?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled.replace(WRITTEN, &self.host))
    }

    /// A value with the placeholders of all its texts filled.
    pub fn fill_all(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => Value::String(self.fill(text)?),
            Value::Array(list) => Value::Array(
                list.iter()
                    .map(|it| self.fill_all(it))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(map) => {
                let fill = |(name, it): (&String, &Value)| Ok((name.clone(), self.fill_all(it)?));
                Value::Object(map.iter().map(fill).collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }

    fn value(&self, name: &str) -> Result<String, String> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let days = name.strip_prefix("today").and_then(|rest| match rest {
            "" => Some(0),
            _ => rest.parse::<i64>().ok(),
        });
        let days = days.ok_or_else(|| format!("nothing was kept as {name:?}"))?;
        let by = Days::new(days.unsigned_abs());
        let day = match days {
            0.. => self.today.checked_add_days(by),
            _ => self.today.checked_sub_days(by),
        };
        Ok(day.ok_or("no such day")?.to_string())
    }
}

/// Compares an answer with the one that is shown, and keeps what the block says. Says where they
/// differ.
pub fn compare(
    shown: &Value,
    came: &Value,
    keep: &[String],
    kept: &mut Kept,
) -> Result<(), String> {
    for name in keep {
        if kept.values.contains_key(name) {
            return Err(format!("{name:?} was kept before"));
        }
    }
    at("", shown, came, keep, kept)?;
    match keep.iter().find(|name| !kept.values.contains_key(*name)) {
        Some(name) => Err(format!("{name:?} is nowhere in the answer")),
        None => Ok(()),
    }
}

fn at(
    path: &str,
    shown: &Value,
    came: &Value,
    keep: &[String],
    kept: &mut Kept,
) -> Result<(), String> {
    let differs = || Err(format!("{path}: shown {shown}, came {came}"));
    match (shown, came) {
        (Value::String(any), came) if any == ANYTHING && !came.is_null() => Ok(()),
        (Value::String(text), Value::String(value)) => {
            if let Some(name) = newly(text, keep, kept) {
                kept.keep(&name, value);
                return Ok(());
            }
            match kept.fill(text)? == *value {
                true => Ok(()),
                false => differs(),
            }
        }
        (Value::Array(shown), Value::Array(came)) => lists(path, shown, came, keep, kept),
        (Value::Object(one), Value::Object(two)) => {
            if one.len() != two.len() {
                return differs();
            }
            for (name, shown) in one {
                let Some(came) = two.get(name) else {
                    return differs();
                };
                at(&format!("{path}.{name}"), shown, came, keep, kept)?;
            }
            Ok(())
        }
        (shown, came) if shown == came => Ok(()),
        _ => differs(),
    }
}

fn lists(
    path: &str,
    shown: &[Value],
    came: &[Value],
    keep: &[String],
    kept: &mut Kept,
) -> Result<(), String> {
    let (shown, more) = match shown.split_last() {
        Some((Value::String(any), firsts)) if any == ANYTHING && !firsts.is_empty() => {
            (firsts, true)
        }
        _ => (shown, false),
    };
    let fits = match more {
        true => came.len() > shown.len(),
        false => came.len() == shown.len(),
    };
    if !fits {
        return Err(format!(
            "{path}: shown {}, came {}",
            shown.len(),
            came.len()
        ));
    }
    for (place, (shown, came)) in shown.iter().zip(came).enumerate() {
        at(&format!("{path}.{place}"), shown, came, keep, kept)?;
    }
    Ok(())
}

/// The name that a text gives to its value, where the block says that it is kept.
fn newly(text: &str, keep: &[String], kept: &Kept) -> Option<String> {
    let name = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let new = keep.iter().any(|it| it == name) && !kept.values.contains_key(name);
    new.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept() -> Kept {
        Kept::new(NaiveDate::from_ymd_opt(2026, 11, 30).unwrap(), "t1")
    }

    fn alike(shown: &Value, came: &Value) -> bool {
        compare(shown, came, &[], &mut kept()).is_ok()
    }

    #[test]
    fn what_is_not_shown_is_not_alike() {
        let came = json!({ "a": "1", "list": [1, 2], "none": null });
        assert!(alike(&came, &came));
        for shown in [
            json!({ "a": "2", "list": [1, 2], "none": null }),
            json!({ "a": "1", "list": [1], "none": null }),
            json!({ "a": "1", "list": [1, 2, 3], "none": null }),
            json!({ "a": "1", "list": [1, 2] }),
            json!({ "a": "1", "list": [1, 2], "none": "…" }),
            json!({ "a": 1, "list": [1, 2], "none": null }),
            json!({ "a": "1", "list": [1, 2, "…"], "none": null }),
            json!({ "a": "{{b}}", "list": [1, 2], "none": null }),
        ] {
            assert!(!alike(&shown, &came), "{shown}");
        }
    }

    #[test]
    fn what_differs_each_time_is_left_open() {
        let came = json!({ "at": "2026-11-30T08:00:00Z", "list": [1, 2, 3], "on": "2026-12-30" });
        let shown = json!({ "at": "…", "list": [1, "…"], "on": "{{today+30}}" });
        assert!(alike(&shown, &came));
        let yesterday = json!({ "at": "…", "list": ["…", 2, 3], "on": "{{today-1}}" });
        assert!(!alike(&yesterday, &came));
    }

    #[test]
    fn a_value_is_kept_once_and_is_the_same_ever_after() {
        let (mut kept, keep) = (kept(), ["order".to_owned()]);
        let shown = json!({ "id": "{{order}}", "twin": "{{order}}" });
        let twins = json!({ "id": "po_1", "twin": "po_1" });
        assert!(compare(&shown, &twins, &keep, &mut kept.clone()).is_ok());
        let others = json!({ "id": "po_1", "twin": "po_2" });
        assert!(compare(&shown, &others, &keep, &mut kept.clone()).is_err());
        assert!(compare(&json!("…"), &twins, &keep, &mut kept.clone()).is_err());
        compare(&shown, &twins, &keep, &mut kept).unwrap();
        assert!(compare(&shown, &twins, &keep, &mut kept.clone()).is_err());
        assert!(compare(&json!("a {{order}}"), &json!("a po_1"), &[], &mut kept).is_ok());
        assert_eq!(kept.fill("x@demo.example").unwrap(), "x@t1.example");
    }
}
