//! Finding documents by their words, in Spanish and in English.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types as types;
use diesel_async::RunQueryDsl;
use kernel::ids::{DocumentId, OrganisationId};
use kernel::{Fault, Predicate, Result, Tx};

use super::list::visible;
use super::{Document, by_ids};
use crate::fault;
use crate::schema::document;

/// Characters of a search at most.
const LONGEST: usize = 200;
/// Documents that a search ranks at most.
const RANKED: i64 = 1_000;
/// Characters of a text in which the passage to show is looked for.
const LOOKED_THROUGH: i32 = 100_000;
/// What stands before a word that was found, and after it.
const MARKS: (char, char) = ('\u{2}', '\u{3}');

/// A document that was found, the best first.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentHit {
    /// The document.
    pub document: Document,
    /// Where it was found.
    pub headline: Vec<HeadlinePart>,
}

/// A part of a passage in which something was found.
#[derive(Clone, Debug, PartialEq, Eq, async_graphql::SimpleObject)]
#[graphql(name = "DocumentHeadlinePart")]
pub struct HeadlinePart {
    /// The text.
    pub text: String,
    /// Whether it is what was looked for.
    pub is_match: bool,
}

/// The condition on documents that they hold the words of a search: as people write them into a
/// search engine, with quotes, `or` and `-`. It begins with the words, which an index finds.
pub(super) fn matching(organisation: OrganisationId, text: &str) -> Result<Predicate> {
    let text = checked(text)?;
    let plain = plain(text);
    Ok(Predicate::sql(
        "\"administration\".\"document\".\"id\" IN (SELECT i.document_id \
         FROM administration.document_index i WHERE i.organisation_id = ",
    )
    .bind(organisation.0)
    .then(
        " AND i.document_id IN (SELECT w.document_id FROM administration.document_word w \
         WHERE w.organisation_id = ",
    )
    .bind(organisation.0)
    .then(" AND w.word = ANY(tsvector_to_array(to_tsvector('pg_catalog.spanish', ")
    .bind(text)
    .then(") || to_tsvector('pg_catalog.spanish', ")
    .bind(plain.as_str())
    .then(") || to_tsvector('pg_catalog.english', ")
    .bind(text)
    .then(")))) AND (i.spanish @@ (websearch_to_tsquery('pg_catalog.spanish', ")
    .bind(text)
    .then(") || websearch_to_tsquery('pg_catalog.spanish', ")
    .bind(plain.as_str())
    .then(")) OR i.english @@ websearch_to_tsquery('pg_catalog.english', ")
    .bind(text)
    .then(")))"))
}

/// A text without the accents of Spanish, as the index holds it, too.
fn plain(text: &str) -> String {
    let bare = |c| match c {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'Á' => 'A',
        'É' => 'E',
        'Í' => 'I',
        'Ó' => 'O',
        'Ú' | 'Ü' => 'U',
        other => other,
    };
    text.chars().map(bare).collect()
}

fn checked(text: &str) -> Result<&str> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::invalid("kernel.required").at(["text"]).into());
    }
    if text.chars().count() > LONGEST || text.chars().any(|c| c == '\0') {
        return Err(Fault::invalid(fault::SEARCH_TOO_LONG)
            .with("most", LONGEST)
            .at(["text"])
            .into());
    }
    Ok(text)
}

/// The visible documents that hold some words, the best first; the best 1,000 at most.
pub async fn ranked(tx: &mut Tx, text: &str) -> Result<Vec<DocumentId>> {
    let text = checked(text)?;
    let rank = sql::<types::Double>(
        "(SELECT greatest(ts_rank_cd(i.spanish, websearch_to_tsquery('pg_catalog.spanish', ",
    )
    .bind::<types::Text, _>(text)
    .sql(") || websearch_to_tsquery('pg_catalog.spanish', ")
    .bind::<types::Text, _>(plain(text))
    .sql(")), ts_rank_cd(i.english, websearch_to_tsquery('pg_catalog.english', ")
    .bind::<types::Text, _>(text)
    .sql(
        ")))::float8 FROM administration.document_index i \
         WHERE i.organisation_id = \"administration\".\"document\".\"organisation_id\" \
         AND i.document_id = \"administration\".\"document\".\"id\")",
    );
    let seen = visible(tx)?.and(matching(tx.organisation(), text)?);
    let found: Vec<(DocumentId, f64)> = document::table
        .filter(document::organisation_id.eq(tx.organisation()))
        .filter(document::archived_at.is_null())
        .filter(seen)
        .select((document::id, rank))
        .order(sql::<types::Integer>("2 DESC, 1 DESC"))
        .limit(RANKED)
        .load(tx.conn())
        .await?;
    Ok(found.into_iter().map(|(id, _)| id).collect())
}

#[derive(QueryableByName)]
struct Headline {
    #[diesel(sql_type = types::Uuid)]
    document_id: DocumentId,
    #[diesel(sql_type = types::Text)]
    headline: String,
}

/// The visible documents of some ids in their order, each with the passage that matches, as far as
/// that is among the first 100,000 characters.
pub async fn hits(tx: &mut Tx, ids: &[DocumentId], text: &str) -> Result<Vec<DocumentHit>> {
    let text = checked(text)?;
    let documents = by_ids(tx, ids).await?;
    let options = format!(
        "StartSel={}, StopSel={}, MaxFragments=2, MaxWords=25, MinWords=8, \
         FragmentDelimiter=\" … \"",
        MARKS.0, MARKS.1
    );
    let passages: Vec<Headline> = diesel::sql_query(
        "SELECT document_id, CASE WHEN spanish @@ spoken \
            THEN ts_headline('pg_catalog.spanish', head || E'\\n' || left(body, $5), spoken, $4) \
            ELSE ts_headline('pg_catalog.english', head || E'\\n' || left(body, $5), \
                websearch_to_tsquery('pg_catalog.english', $3), $4) END AS headline \
         FROM administration.document_index, \
            LATERAL (SELECT websearch_to_tsquery('pg_catalog.spanish', $3) \
                || websearch_to_tsquery('pg_catalog.spanish', $6)) AS query (spoken) \
         WHERE organisation_id = $1 AND document_id = ANY($2)",
    )
    .bind::<types::Uuid, _>(tx.organisation())
    .bind::<types::Array<types::Uuid>, _>(ids)
    .bind::<types::Text, _>(text)
    .bind::<types::Text, _>(options)
    .bind::<types::Integer, _>(LOOKED_THROUGH)
    .bind::<types::Text, _>(plain(text))
    .load(tx.conn())
    .await?;
    let hit = |id: &DocumentId| {
        let document = documents.iter().find(|row| row.id == *id)?.clone();
        let passage = passages.iter().find(|passage| passage.document_id == *id);
        Some(DocumentHit {
            document,
            headline: passage.map(|it| parts(&it.headline)).unwrap_or_default(),
        })
    };
    Ok(ids.iter().filter_map(hit).collect())
}

/// A marked passage as its parts.
fn parts(marked: &str) -> Vec<HeadlinePart> {
    let mut parts = Vec::new();
    let mut push = |text: &str, is_match: bool| {
        let text: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        if !text.is_empty() {
            parts.push(HeadlinePart { text, is_match });
        }
    };
    for (index, piece) in marked.split(MARKS.0).enumerate() {
        match piece.split_once(MARKS.1) {
            Some((found, rest)) if index > 0 => {
                push(found, true);
                push(rest, false);
            }
            _ => push(piece, false),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_is_split_at_what_was_found() {
        let shown: Vec<(String, bool)> = parts("las \u{2}nóminas\u{3} del\naño \u{2}2026\u{3}")
            .into_iter()
            .map(|part| (part.text, part.is_match))
            .collect();
        let wanted = [
            ("las ", false),
            ("nóminas", true),
            (" del año ", false),
            ("2026", true),
        ];
        assert_eq!(shown, wanted.map(|(text, found)| (text.to_owned(), found)));
        assert!(parts("").is_empty());
    }

    #[test]
    fn accents_fall_and_other_letters_stay() {
        assert_eq!(
            plain("Compañía Óptima, pingüino"),
            "Compañia Optima, pinguino"
        );
    }

    #[test]
    fn an_empty_or_endless_search_is_refused() {
        assert!(checked("  ").is_err());
        assert!(checked(&"a".repeat(LONGEST + 1)).is_err());
        assert!(checked("nómina").is_ok());
    }
}
