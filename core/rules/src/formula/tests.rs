//! Exactness, limits and honest errors of formulas.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::fault::Locale;

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, Decimal> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), number(value)))
        .collect()
}

fn evaluate(text: &str, pairs: &[(&str, &str)]) -> Result<Decimal, FormulaError> {
    Formula::parse(text)?.evaluate(&variables(pairs))
}

#[test]
fn decimals_are_exact() {
    for (text, expected) in [
        ("0.1 + 0.2", "0.3"),
        ("1.005 * 100", "100.5"),
        ("round(1.005, 2)", "1.01"),
        ("round(-1.005, 2)", "-1.01"),
        ("trunc(8.8669, 2)", "8.86"),
        ("123456789012345.67 + 0.01", "123456789012345.68"),
        ("min([3, 2.5]) + max([1, 2, 3]) - abs(-4)", "1.5"),
        ("sum([0.1, 0.2, 0.3])", "0.6"),
        ("2 > 1 and not (3 < 2) ? 5 : 6", "5"),
        ("1 == 1 ? 7 : 1 / 0", "7"),
        ("-(2 + 3) * 4", "-20"),
        ("10 / 4", "2.5"),
    ] {
        assert_eq!(evaluate(text, &[]).unwrap(), number(expected), "{text}");
    }
}

#[test]
fn names_are_listed_once_and_read() {
    let formula = Formula::parse("base * rate / 100 + base").unwrap();
    assert_eq!(formula.variables().collect::<Vec<_>>(), ["base", "rate"]);
    let value = formula
        .evaluate(&variables(&[("base", "1424.50"), ("rate", "4.70")]))
        .unwrap();
    assert_eq!(value, number("1491.4515"));
}

#[test]
fn trouble_has_a_code_and_a_place() {
    for (text, code, position) in [
        ("", "formula.empty", 1),
        ("1 +", "formula.syntax", 4),
        ("2 * unknown", "formula.unknown_variable", 5),
        ("5 + 1 / (x - x)", "formula.division_by_zero", 5),
        ("1 / 0", "formula.division_by_zero", 1),
        ("max([1, 1 / 0])", "formula.division_by_zero", 9),
        ("79228162514264337593543950335 * 2", "formula.overflow", 1),
        ("1 > 2", "formula.not_a_number", 1),
        ("(1 > 2) + 3", "formula.not_a_number", 1),
        ("'text'", "formula.not_allowed", 1),
        ("2 ^ 3", "formula.not_allowed", 1),
        ("rand(10)", "formula.not_allowed", 1),
        ("d('2026-01-01')", "formula.not_allowed", 1),
        ("1 / 0 == 2 ? 1 : 2", "formula.not_allowed", 1),
        ("[1, 2]", "formula.not_allowed", 1),
        ("map([1, 2], # * 2)", "formula.not_allowed", 1),
        ("$root", "formula.not_allowed", 1),
        ("a.b", "formula.not_allowed", 1),
        ("nofunction(1)", "formula.syntax", 1),
    ] {
        let error = evaluate(text, &[("x", "1")]).expect_err(text);
        assert_eq!(
            (error.code(), error.position),
            (code, position),
            "{text}: {error:?}"
        );
        assert!(
            error.message(Locale::Es) != error.message(Locale::En),
            "{text}"
        );
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let code = |text: String| Formula::parse(&text).expect_err("refused").code();
    assert_eq!(code("1 + ".repeat(400) + "1"), "formula.too_long");
    assert_eq!(
        code("(".repeat(400) + "1" + &")".repeat(400)),
        "formula.too_deep"
    );
    assert_eq!(code("-".repeat(900) + "1"), "formula.too_deep");
    assert_eq!(code("1 == 1 ? ".repeat(90) + "1"), "formula.too_deep");
    let longest = "1+".repeat(499) + "1";
    let started = Instant::now();
    assert_eq!(evaluate(&longest, &[]).unwrap(), number("500"));
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_formula_can_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Formula>();
}

proptest! {
    #[test]
    fn any_text_ends_in_a_value_or_an_error(text in "[a-c0-9+*/()?:<>=., \\[\\]'-]{0,60}") {
        let _ = evaluate(&text, &[("a", "1"), ("b", "0"), ("c", "2.5")]);
    }

    #[test]
    fn sums_of_cents_are_exact(
        a in -1_000_000_000i64..1_000_000_000,
        b in -1_000_000i64..1_000_000,
    ) {
        let (x, y) = (Decimal::new(a, 2), Decimal::new(b, 2));
        let pairs = BTreeMap::from([("x".to_owned(), x), ("y".to_owned(), y)]);
        prop_assert_eq!(Formula::parse("x + y - x").unwrap().evaluate(&pairs).unwrap(), y);
    }
}
