//! Counts tokens and nesting in a query text without parsing it, in one pass and constant memory.
//!
//! The parser is recursive; what this pass lets through can't exhaust its stack.

use crate::transport::{
    limits::Limits,
    refusal::{Refusal, code},
};

/// Refuses a text with too many characters, tokens or nested brackets.
pub(in crate::transport) fn scan(text: &str, limits: &Limits) -> Result<(), Refusal> {
    let chars = if text.len() <= limits.text_chars {
        0
    } else {
        text.chars().count()
    };
    if chars > limits.text_chars {
        let what = ("caracteres", "characters");
        return Err(Refusal::limit(
            code::TEXT,
            what,
            wide(limits.text_chars),
            wide(chars),
        ));
    }
    let counted = count(text, limits.tokens, limits.recursion);
    if counted.tokens > limits.tokens {
        let what = ("símbolos", "tokens");
        let found = wide(counted.tokens);
        return Err(Refusal::limit(
            code::TOKENS,
            what,
            wide(limits.tokens),
            found,
        ));
    }
    nesting(counted.deepest, limits)
}

/// Refuses nested brackets alone: what a trusted document is still held to.
pub(in crate::transport) fn scan_nesting(text: &str, limits: &Limits) -> Result<(), Refusal> {
    nesting(count(text, usize::MAX, limits.recursion).deepest, limits)
}

fn nesting(deepest: u32, limits: &Limits) -> Result<(), Refusal> {
    if deepest > limits.recursion {
        let what = ("niveles de anidamiento", "nesting levels");
        let (limit, actual) = (u64::from(limits.recursion), u64::from(deepest));
        return Err(Refusal::limit(code::RECURSION, what, limit, actual));
    }
    Ok(())
}

struct Count {
    tokens: usize,
    deepest: u32,
}

/// Stops as soon as either bound is passed.
fn count(text: &str, tokens: usize, nesting: u32) -> Count {
    let mut found = Count {
        tokens: 0,
        deepest: 0,
    };
    let mut depth = 0u32;
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match first {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xEF | 0xBB | 0xBF => {
                rest = tail;
                continue;
            }
            b'#' => {
                rest = skip_while(tail, |b| b != b'\n' && b != b'\r');
                continue;
            }
            b'{' | b'[' | b'(' => {
                depth = depth.saturating_add(1);
                tail
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                tail
            }
            b'"' => string(tail),
            b'.' => skip_while(tail, |b| b == b'.'),
            b if in_word(*b) => skip_while(tail, in_word),
            _ => tail,
        };
        found.tokens = found.tokens.saturating_add(1);
        found.deepest = found.deepest.max(depth);
        if found.tokens > tokens || depth > nesting {
            break;
        }
    }
    found
}

fn in_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+')
}

fn skip_while(bytes: &[u8], test: impl Fn(u8) -> bool) -> &[u8] {
    let end = bytes.iter().position(|b| !test(*b)).unwrap_or(bytes.len());
    bytes.get(end..).unwrap_or_default()
}

/// What follows a string whose opening quote was just read.
fn string(bytes: &[u8]) -> &[u8] {
    if let [b'"', b'"', tail @ ..] = bytes {
        return block_string(tail);
    }
    let mut rest = bytes;
    loop {
        rest = match rest {
            [b'\\', _, tail @ ..] => tail,
            [b'"' | b'\n' | b'\r', tail @ ..] => return tail,
            [_, tail @ ..] => tail,
            [] => return rest,
        };
    }
}

fn block_string(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    loop {
        rest = match rest {
            [b'\\', b'"', b'"', b'"', tail @ ..] => tail,
            [b'"', b'"', b'"', tail @ ..] => return tail,
            [_, tail @ ..] => tail,
            [] => return rest,
        };
    }
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(text: &str) -> (usize, u32) {
        let c = count(text, usize::MAX, u32::MAX);
        (c.tokens, c.deepest)
    }

    #[test]
    fn tokens_and_nesting_are_those_of_the_grammar() {
        assert_eq!(counted("{ a }"), (3, 1));
        assert_eq!(
            counted("query Q($id: ID! = \"x {{{ y\") { a(id: $id) { b } }"),
            (23, 2)
        );
        assert_eq!(counted("{ a # {{{{ comment\n b }"), (4, 1));
        assert_eq!(
            counted("{ a(t: \"\"\"{ \\\"\"\" \" [ \"\"\") ...F }"),
            (10, 2)
        );
        assert_eq!(counted("{ a(x: [1, -2.5e+3, [true]]) }"), (16, 4));
        assert_eq!(counted("{a...F}"), (5, 1));
        assert_eq!(counted("\u{feff}{a}"), (3, 1));
        assert_eq!(counted("\"never closed {{{"), (1, 0));
    }

    #[test]
    fn each_bound_has_its_own_code() {
        let limits = Limits::default();
        assert!(scan("{ a }", &limits).is_ok());
        let long = format!("{{ a }} #{}", "ñ".repeat(15_000));
        assert_eq!(scan(&long, &limits).unwrap_err().code, code::TEXT);
        let within = format!("{{ a }} #{}", "ñ".repeat(14_000));
        assert!(
            scan(&within, &limits).is_ok(),
            "characters are counted, not bytes"
        );
        let many = format!("{{ {} }}", "a ".repeat(2_000));
        assert_eq!(scan(&many, &limits).unwrap_err().code, code::TOKENS);
        let nested = "[".repeat(5_000);
        assert_eq!(scan(&nested, &limits).unwrap_err().code, code::RECURSION);
        assert_eq!(
            scan_nesting(&nested, &limits).unwrap_err().code,
            code::RECURSION
        );
        assert!(scan_nesting(&many, &limits).is_ok());
    }
}
