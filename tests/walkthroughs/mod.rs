//! The walkthroughs of `docs/walkthroughs`, played as they are told, and the examples of the other
//! documents.

mod examples;
mod likeness;
mod script;
mod stage;

use script::{Chapter, Step, chapters, read};
use stage::Stage;

use crate::app::{App, run};

/// Plays all chapters in a language at a company of its own.
async fn play(app: &App, language: &'static str) {
    let chapters = chapters(language).unwrap_or_else(|why| panic!("{why}"));
    assert!(chapters.len() >= 12, "{} chapters", chapters.len());
    let mut stage = Stage::new(app, language).await;
    for chapter in &chapters {
        let played = stage.play(chapter).await;
        played.unwrap_or_else(|why| panic!("not as it is told: docs/walkthroughs/{why}"));
    }
}

#[test]
fn the_day_goes_as_it_is_told_in_spanish() {
    run(|app| play(app, "es"));
}

#[test]
fn the_day_goes_as_it_is_told_in_english() {
    run(|app| play(app, "en"));
}

/// What a step does, whatever the language of its answer.
fn act(step: &Step) -> String {
    match step {
        Step::Ask(ask) => {
            let kept: Vec<_> = ask.answers.iter().map(|answer| &answer.keep).collect();
            format!(
                "{:?} {:?} {:?} {} {} {kept:?}",
                ask.who, ask.key, ask.way, ask.document, ask.variables
            )
        }
        Step::Fetch(fetch) => format!("{} {}", fetch.path, fetch.shown),
        Step::Shop(status) => format!("the shop answers {status}"),
    }
}

#[test]
fn both_languages_tell_the_same_day() {
    let names = |all: &[Chapter]| -> Vec<String> {
        all.iter().map(|one| one.file[3..].to_owned()).collect()
    };
    let (es, en) = (chapters("es").unwrap(), chapters("en").unwrap());
    assert_eq!(names(&es), names(&en));
    for (es, en) in es.iter().zip(&en) {
        let place = format!("{} and {}", es.file, en.file);
        for (one, other) in es.steps.iter().zip(&en.steps) {
            assert_eq!(act(one), act(other), "{place}");
        }
        assert_eq!(es.steps.len(), en.steps.len(), "{place}");
    }
}

/// A chapter of one request and its answer.
fn told(document: &str, answer: &str) -> Chapter {
    let text =
        format!("```graphql as=elena.campos\n{document}\n```\n\n```json answer\n{answer}\n```\n");
    read("es/trial.md", &text).unwrap()
}

#[test]
fn a_block_that_drifts_is_told_with_its_place() {
    run(|app| async move {
        let mut stage = Stage::new(app, "es").await;
        let right = r#"{ "data": { "viewer": { "name": "Elena Campos Ruiz" } } }"#;
        stage
            .play(&told("{ viewer { name } }", right))
            .await
            .unwrap();
        let other = right.replace("Elena", "Marta");
        let why = stage.play(&told("{ viewer { name } }", &other)).await;
        let why = why.unwrap_err();
        assert!(
            why.starts_with("es/trial.md:1: .data.viewer.name: shown"),
            "{why}"
        );
        let why = stage.play(&told("{ viewer { nombre } }", right)).await;
        let why = why.unwrap_err();
        assert!(why.contains("GRAPHQL_VALIDATION_FAILED"), "{why}");
    });
}

#[test]
fn a_chapter_that_shows_no_answer_is_refused() {
    let request = "Se pregunta:\n\n```graphql\n{ viewer { name } }\n```\n";
    let why = read("es/a.md", request).err().unwrap();
    assert_eq!(why, "es/a.md:3: shows no answer");
    let typo = request.replace("```graphql", "```graphql ass=elena.campos");
    assert!(read("es/a.md", &typo).is_err());
    assert!(read("es/a.md", "```json answer\n{}\n```\n").is_err());
}
