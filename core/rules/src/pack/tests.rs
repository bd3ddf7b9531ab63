//! A pack of no country, and what is refused in a malformed one.

use super::*;
use crate::engine::{self, Inputs};
use crate::library::Library;

const TINY: &str = r#"
id = "xx-1"
country = "XX"
version = "1"
valid_from = "2026-01-01"
valid_to = "2026-12-31"
es = "Nada"
en = "Nothing"

[sources.law]
norm = "Ley 1"
reference = "G-1"
in_force = "2026-01-01"
sure = "A"

[figures.rate]
value = "10"
source = "law"
article = "3"
sure = "A"
es = "Tipo"
en = "Rate"
changes = [{ from = "2026-07-01", value = "12.5", source = "law", article = "4", sure = "C" }]

[tables.steps]
source = "law"
article = "5"
sure = "B"
es = "Escala"
en = "Scale"
brackets = [{ from = "0", rate = "10" }, { from = "100", rate = "20" }]
rows = [{ key = "1", size = "7" }]

[procedures.main]
inputs = ["pay", "kind"]
lists = { items = ["worth"] }

[[procedures.main.checks]]
refuse_when = "pay < 0"
code = "xx.pay"
field = "pay"
es = "Mal: {pay}."
en = "Bad: {pay}."

[[procedures.main.steps]]
code = "tax"
es = "Impuesto"
en = "Tax"
scale = { table = "steps", of = "pay", column = "rate" }
round = { mode = "truncate", places = 1 }
line = { side = "tax", base = "pay" }

[[procedures.main.steps]]
code = "size"
es = "Talla"
en = "Size"
lookup = { table = "steps", key = "kind", column = "size" }

[[procedures.main.steps]]
code = "items_worth"
es = "Valor"
en = "Worth"
each = { list = "items", where = "worth > 1", value = "worth * position" }
at_most = "100"

[[procedures.main.steps]]
code = "all"
es = "Todo"
en = "All"
formula = "tax * rate / 100 + size + items_worth"
round = { mode = "half_even", places = 2 }
"#;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn inputs(pay: &str, kind: &str) -> Inputs {
    let mut inputs = Inputs::default();
    inputs.set("pay", dec(pay));
    inputs.set("kind", dec(kind));
    let worth = |value: &str| [("worth".to_owned(), dec(value))].into();
    inputs
        .lists
        .insert("items".to_owned(), vec![worth("1"), worth("2"), worth("3")]);
    inputs
}

fn malformed(from: &str, to: &str) -> String {
    assert!(TINY.contains(from), "{from}");
    let errors = RulePack::parse(&TINY.replacen(from, to, 1)).expect_err(to);
    errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" | ")
}

#[test]
fn the_engine_runs_any_pack() {
    let pack = RulePack::parse(TINY).unwrap();
    let run =
        |date: &str| engine::run(&pack, day(date), &["main"], &inputs("155.55", "1")).unwrap();
    let june = run("2026-06-30");
    assert_eq!(june.amount("tax"), Some(dec("21.1")));
    assert_eq!(june.amount("size"), Some(dec("7")));
    assert_eq!(june.amount("items_worth"), Some(dec("8")));
    assert_eq!(june.amount("all"), Some(dec("17.11")));
    assert_eq!(june.lines.len(), 1);
    let july = run("2026-07-01");
    assert_eq!(july.amount("all"), Some(dec("17.64")));
    let all = july.explained("all").unwrap();
    assert_eq!(all.source, "Ley 1 (G-1), art. 4");
    assert_eq!(all.certainty, Certainty::C);
    assert_eq!(july.explained("tax").unwrap().inputs[1].1, "100 × 10 %");
}

#[test]
fn refusals_carry_code_field_and_value() {
    let pack = RulePack::parse(TINY).unwrap();
    let run = |inputs: &Inputs| engine::run(&pack, day("2026-06-30"), &["main"], inputs);
    let errors = run(&inputs("-3", "1")).unwrap_err();
    assert_eq!(
        (errors[0].code(), errors[0].field()),
        ("xx.pay", Some("pay"))
    );
    assert_eq!(errors[0].message(crate::fault::Locale::Es), "Mal: -3.");
    assert_eq!(
        run(&inputs("3", "9")).unwrap_err()[0].code(),
        "rules.no_row"
    );
    assert_eq!(
        run(&Inputs::default()).unwrap_err()[0].code(),
        "formula.unknown_variable"
    );
    let errors = engine::run(&pack, day("2027-01-01"), &["main"], &inputs("3", "1")).unwrap_err();
    assert_eq!(errors[0].code(), "rules.no_pack");
    let errors = engine::run(&pack, day("2026-01-01"), &["other"], &inputs("3", "1")).unwrap_err();
    assert_eq!(errors[0].code(), "rules.no_procedure");
}

#[test]
fn malformed_packs_are_refused_with_their_place() {
    for (from, to, expected) in [
        (
            "valid_to = \"2026-12-31\"",
            "valid_to = \"2025-12-31\"",
            "ends before it begins",
        ),
        ("value = \"10\"", "value = 10.5", "invalid type"),
        (
            "source = \"law\"\narticle = \"3\"",
            "source = \"x\"\narticle = \"3\"",
            "source is unknown",
        ),
        (
            "formula = \"tax *",
            "formula = \"levy *",
            "levy is not known",
        ),
        ("formula = \"tax *", "formula = \"all *", "all is not known"),
        ("formula = \"tax *", "formula = \"tax **", "formula.syntax"),
        (
            "table = \"steps\", key",
            "table = \"stairs\", key",
            "no column size",
        ),
        ("from = \"100\"", "from = \"-1\"", "don't rise"),
        ("rate = \"20\"", "rate = \"x\"", "is not a number"),
        ("code = \"all\"", "code = \"tax\"", "defined twice"),
        ("code = \"all\"", "code = \"pay\"", "defined twice"),
        ("list = \"items\"", "list = \"things\"", "list is unknown"),
        ("at_most = \"100\"", "total = \"tax\"", "exactly one thing"),
        (
            "from = \"2026-07-01\"",
            "from = \"2025-07-01\"",
            "out of order",
        ),
        (
            "[procedures.main]\n",
            "[procedures.main]\nafter = [\"x\"]\n",
            "earlier one is missing",
        ),
        (
            "base = \"pay\"",
            "base = \"pray\"",
            "base or rate is unknown",
        ),
        (
            "{ from = \"100\", rate",
            "{ from = \"100\", base = \"9\", rate",
            "does not follow",
        ),
        ("country", "land", "unknown field"),
    ] {
        let text = malformed(from, to);
        assert!(text.contains(expected), "{to}: {text}");
    }
}

#[test]
fn every_built_in_figure_is_cited_and_every_label_is_in_both_languages() {
    let library = Library::built_in().unwrap();
    for pack in library.packs() {
        for (name, figure) in &pack.figures {
            assert!(
                !figure.label.es.is_empty() && figure.label.es != figure.label.en,
                "{name}"
            );
            for dated in &figure.values {
                assert!(!dated.citation.norm.is_empty(), "{name}");
                assert!(pack.covers(dated.from), "{name}");
            }
        }
        for step in pack
            .procedures
            .values()
            .flat_map(|procedure| &procedure.steps)
        {
            let label = &step.label;
            assert!(
                !label.es.is_empty() && !label.en.is_empty(),
                "{}",
                step.code
            );
        }
    }
}
