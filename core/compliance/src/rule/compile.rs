//! From the text of a rule's query to the statement that is sent: names become places of bound
//! values, and nothing is ever pasted.

/// What is bound at a place of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bind {
    /// The tenant.
    Organisation,
    /// The company that a scan is limited to, or null.
    Company,
    /// The instant of the scan.
    Now,
    /// The day of the scan.
    Today,
    /// A parameter of the rule.
    Parameter(String),
}

impl Bind {
    fn of(name: &str, parameters: &[&str]) -> Option<Self> {
        match name {
            "organisation" => Some(Self::Organisation),
            "company" => Some(Self::Company),
            "now" => Some(Self::Now),
            "today" => Some(Self::Today),
            own if parameters.contains(&own) => Some(Self::Parameter(own.to_owned())),
            _ => None,
        }
    }
}

/// A statement with what is bound at `$1`, `$2` and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    /// The statement.
    pub text: String,
    /// What is bound, in order.
    pub binds: Vec<Bind>,
}

impl Compiled {
    /// Puts places in the stead of `:names`; the `::` of a cast and what stands in quotes stay.
    pub(super) fn of(source: &str, parameters: &[&str]) -> Result<Self, String> {
        let mut made = Self::default();
        let mut rest = source.trim();
        let mut quoted = false;
        while let Some(at) = rest.find(['\'', ':']) {
            let (before, from) = rest.split_at(at);
            made.text.push_str(before);
            if from.starts_with('\'') {
                quoted = !quoted;
                rest = made.keep(from, 1);
            } else if quoted {
                rest = made.keep(from, 1);
            } else if from.starts_with("::") {
                rest = made.keep(from, 2);
            } else {
                let after = from.trim_start_matches(':');
                let length = after
                    .find(|c: char| !(c.is_ascii_lowercase() || c == '_'))
                    .unwrap_or(after.len());
                let (name, tail) = after.split_at(length);
                let bind = Bind::of(name, parameters)
                    .ok_or_else(|| format!("nobody gives a value for :{name}"))?;
                made.place(bind);
                rest = tail;
            }
        }
        made.text.push_str(rest);
        Ok(made)
    }

    fn keep<'a>(&mut self, from: &'a str, length: usize) -> &'a str {
        let (kept, rest) = from.split_at(length);
        self.text.push_str(kept);
        rest
    }

    fn place(&mut self, bind: Bind) {
        let place = match self.binds.iter().position(|seen| *seen == bind) {
            Some(place) => place,
            None => {
                self.binds.push(bind);
                self.binds.len() - 1
            }
        };
        self.text.push_str(&format!("${}", place + 1));
    }
}

/// The statement of breaches: each row with its evidence as an object of texts, so that no number
/// loses a digit on its way; in the order of keys.
pub(super) fn breaches(
    query: &str,
    columns: &[&str],
    parameters: &[&str],
) -> Result<Compiled, String> {
    let bad =
        |name: &&&str| name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if let Some(name) = columns.iter().find(bad) {
        return Err(format!("{name} is no name of a column"));
    }
    let pairs: Vec<String> = columns
        .iter()
        .map(|name| format!("'{name}', b.\"{name}\"::text"))
        .collect();
    let wrapped = format!(
        "SELECT b.subject_key, b.subject_id, left(coalesce(nullif(b.subject_name, ''), \
         b.subject_key), 300) AS subject_name, b.company_id, \
         jsonb_strip_nulls(jsonb_build_object({})) AS evidence FROM ({}) AS b \
         ORDER BY b.subject_key",
        pairs.join(", "),
        query.trim(),
    );
    Compiled::of(&wrapped, parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_places_and_casts_and_texts_stay() {
        let made = Compiled::of(
            "SELECT a::text, ':now' FROM t WHERE o = :organisation AND d < :now - :days::int \
             AND o2 = :organisation",
            &["days"],
        )
        .unwrap();
        assert_eq!(
            made.text,
            "SELECT a::text, ':now' FROM t WHERE o = $1 AND d < $2 - $3::int AND o2 = $1"
        );
        let days = Bind::Parameter("days".into());
        assert_eq!(made.binds, [Bind::Organisation, Bind::Now, days]);
    }

    #[test]
    fn what_nobody_gives_is_refused() {
        assert!(Compiled::of("SELECT :days", &[]).is_err());
        assert!(breaches("SELECT 1", &["a b"], &[]).is_err());
        assert!(breaches("SELECT 1", &["a'"], &[]).is_err());
    }
}
