//! Gap-free numbers: of invoices, entries, payroll runs. A number is taken by updating its row, so
//! that takers wait for each other until the transaction ends; one that rolls back gives its number
//! back. Take it last, when nothing else can fail.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::Keep as _;
use kernel::filter::{IdFilter, IntFilter, TextFilter};
use kernel::id::TypedId;
use kernel::ids::{CompanyId, OrganisationId, SequenceId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Fault, Predicate, Result, Tx, listing};

use crate::check;
use crate::permission::{SEQUENCE_MANAGE, SEQUENCE_READ};
use crate::schema::sequence;

/// The format of a sequence that nobody gave another.
pub const DEFAULT_FORMAT: &str = "{year}-{number:06}";

/// A sequence of numbers: of one kind, in one company, in one year.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = sequence, check_for_backend(diesel::pg::Pg))]
pub struct Sequence {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The sequence.
    pub id: SequenceId,
    /// Its company; none for the organisation's own.
    pub company_id: Option<CompanyId>,
    /// What it numbers, as in `ledger.entry`.
    pub key: String,
    /// The year.
    pub year: i32,
    /// How a number is written.
    pub format: String,
    /// The number that comes next.
    pub next_number: i64,
    /// Its version.
    pub version: i32,
}

listing! {
    /// Conditions on number sequences.
    filter SequenceFilter {
        /// By what it numbers.
        key: TextFilter => key,
        /// By year.
        year: IntFilter => year,
        /// By company.
        company: IdFilter => company_id,
    }
    /// An order of number sequences.
    sort SequenceSort;
    /// What number sequences can be sorted by.
    by SequenceSortField {
        /// By what it numbers.
        Key = "KEY" => key,
        /// By year.
        Year = "YEAR" => year,
    }
    default Key Asc;
    search [key];
    from "directory" sequence as Sequence;
}

fn visible(tx: &Tx) -> Result<Predicate> {
    let scope = tx.require(SEQUENCE_READ)?;
    let organisation = tx.organisation().uuid();
    let column = "\"directory\".\"sequence\".\"company_id\"";
    Ok(Predicate::equal(
        "\"directory\".\"sequence\".\"organisation_id\"",
        organisation,
    )
    .and(Predicate::in_scope(&scope, Some(column), None)))
}

/// A page of the sequences that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<SequenceFilter, SequenceSortField>,
) -> Result<Page<Sequence>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many sequences the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<SequenceFilter, SequenceSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some sequences.
pub async fn by_ids(tx: &mut Tx, ids: &[SequenceId]) -> Result<Vec<Sequence>> {
    let visible = visible(tx)?;
    Ok(sequence::table
        .filter(sequence::organisation_id.eq(tx.organisation()))
        .filter(sequence::id.eq_any(ids))
        .filter(visible)
        .select(Sequence::as_select())
        .load(tx.conn())
        .await?)
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Text)]
    format: String,
}

/// Takes the next number of a sequence, as it is written. The domain that owns the key has already
/// decided that the act is allowed.
pub async fn next(tx: &mut Tx, key: &str, company: Option<CompanyId>, year: i32) -> Result<String> {
    let first = next_many(tx, key, company, year, 1).await?;
    first
        .into_iter()
        .next()
        .ok_or_else(|| kernel::Error::bug("a sequence gave no number"))
}

/// Takes the next numbers of a sequence in one statement, as they are written, in order. A new
/// year's sequence takes over the format of the year before.
pub async fn next_many(
    tx: &mut Tx,
    key: &str,
    company: Option<CompanyId>,
    year: i32,
    many: u32,
) -> Result<Vec<String>> {
    let many = i64::from(many);
    let taken: Taken = diesel::sql_query(
        "INSERT INTO directory.sequence AS kept
            (organisation_id, id, company_id, key, year, format, next_number)
         VALUES ($1, $2, $3, $4, $5, coalesce((
            SELECT format FROM directory.sequence
            WHERE organisation_id = $1 AND company_id IS NOT DISTINCT FROM $3 AND key = $4
                AND year < $5
            ORDER BY year DESC LIMIT 1), $6), $7 + 1)
         ON CONFLICT ON CONSTRAINT sequence_once
            DO UPDATE SET next_number = kept.next_number + $7
         RETURNING next_number - $7 AS number, format",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<SqlUuid, _>(SequenceId::generate())
    .bind::<Nullable<SqlUuid>, _>(company)
    .bind::<Text, _>(key)
    .bind::<Integer, _>(year)
    .bind::<Text, _>(DEFAULT_FORMAT)
    .bind::<BigInt, _>(many)
    .kept()
    .get_result(tx.conn())
    .await?;
    Ok((taken.number..taken.number + many)
        .map(|number| written(&taken.format, year, number))
        .collect())
}

/// Changes how the numbers of a sequence are written from now on.
#[derive(Clone, Debug, InputObject)]
pub struct SequenceUpdateInput {
    /// The sequence.
    pub id: SequenceId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: SequencePatch,
}

/// What of a sequence may change; its count never does.
#[derive(Clone, Debug, Default, InputObject)]
pub struct SequencePatch {
    /// The format, for example {year}-{number:06}.
    pub format: Option<String>,
}

/// Changes how the numbers of a sequence are written from now on.
pub async fn update(tx: &mut Tx, command: SequenceUpdateInput) -> Result<Sequence> {
    let scope = tx.require(SEQUENCE_MANAGE)?;
    let seen: Sequence = sequence::table
        .find((tx.organisation(), command.id))
        .select(Sequence::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .filter(|row: &Sequence| scope.covers(row.company_id, None))
        .ok_or_else(|| Fault::not_found("kernel.not_found").at(["id"]))?;
    check::version(seen.version, command.expected_version)?;
    let Some(format) = command.patch.format else {
        return Ok(seen);
    };
    let format = check_format(&format).map_err(|fault| fault.at(["patch", "format"]))?;
    let row: Sequence = diesel::update(sequence::table.find((seen.organisation_id, seen.id)))
        .set((
            sequence::format.eq(&format),
            sequence::version.eq(sequence::version + 1),
        ))
        .returning(Sequence::as_returning())
        .get_result(tx.conn())
        .await?;
    let changed = Event::new(
        "directory.sequence.updated",
        "Sequence",
        row.id,
        SEQUENCE_READ,
    )
    .changed("format", &seen.format, &row.format);
    tx.emit(match row.company_id {
        Some(company) => changed.company(company),
        None => changed,
    })
    .await?;
    Ok(row)
}

/// A format with one number in it, and besides it the year, letters, digits, hyphens and slashes.
fn check_format(format: &str) -> Result<String, Fault> {
    let bad = || Fault::invalid("directory.sequence_format");
    let format = check::text(format, 60)?;
    let mut rest = format.as_str();
    let (mut numbers, mut plain) = (0, String::new());
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        let (field, tail) = after.split_once('}').ok_or_else(bad)?;
        match field.split_once(':') {
            None if field == "number" => numbers += 1,
            None if field == "year" => {}
            Some(("number", width)) if width_of(width).is_some() => numbers += 1,
            _ => return Err(bad()),
        }
        rest = tail;
    }
    plain.push_str(rest);
    let fits = plain
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-/".contains(c));
    if fits && numbers == 1 {
        Ok(format)
    } else {
        Err(bad())
    }
}

/// The width of `06`: up to 12 digits, filled with zeros.
fn width_of(text: &str) -> Option<usize> {
    let width: usize = text.strip_prefix('0')?.parse().ok()?;
    (1..=12).contains(&width).then_some(width)
}

/// A number in its format.
fn written(format: &str, year: i32, number: i64) -> String {
    let mut text = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((field, tail)) = after.split_once('}') else {
            break;
        };
        match field.split_once(':') {
            Some((_, width)) => {
                let width = width_of(width).unwrap_or(1);
                text.push_str(&format!("{number:0width$}"));
            }
            None if field == "year" => text.push_str(&year.to_string()),
            None => text.push_str(&number.to_string()),
        }
        rest = tail;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_their_format() {
        assert_eq!(written(DEFAULT_FORMAT, 2026, 42), "2026-000042");
        assert_eq!(written("F/{number}", 2026, 7), "F/7");
        assert_eq!(written("{year}{number:03}", 2026, 1_234), "20261234");
    }

    #[test]
    fn a_format_has_exactly_one_number() {
        assert!(check_format("NOM-{year}-{number:04}").is_ok());
        for bad in [
            "",
            "{year}",
            "{number}{number}",
            "{numbers}",
            "{number:6}",
            "{number:099}",
            "{number",
            "x y{number}",
        ] {
            assert!(check_format(bad).is_err(), "{bad}");
        }
    }
}
