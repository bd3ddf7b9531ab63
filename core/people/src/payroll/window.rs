//! Keyset pages of what a run has by employee, where a row is no record with an id of its own.

use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{EmployeeId, PayrollRunId};
use kernel::page::{DEFAULT_SIZE, MAX_SIZE, Page};
use kernel::{Dec, Fault, Result, Tx};
use uuid::Uuid;

/// A row of a run's list by employee.
pub(super) trait Listed: QueryableByName<Pg> + Send + 'static {
    /// All rows of run `$2` of organisation `$1`, with the columns `place` and `employee_id`, by
    /// which they are ordered and of which there is one row each.
    const ROWS: &'static str;

    /// Where the row stands.
    fn place(&self) -> (Dec, EmployeeId);
}

/// A page of a list: how many rows, from which end, and beyond which one.
#[derive(Clone, Debug)]
pub struct Window {
    size: i32,
    backward: bool,
    beyond: Option<(Dec, EmployeeId)>,
}

impl Window {
    /// The window of the arguments that every list takes.
    ///
    /// # Errors
    /// Arguments of both ends, a page that is too large, a cursor of another list.
    pub fn new(
        first: Option<i32>,
        after: Option<&str>,
        last: Option<i32>,
        before: Option<&str>,
    ) -> Result<Self> {
        let forward = first.is_some() || after.is_some();
        let backward = last.is_some() || before.is_some();
        if forward && backward {
            return Err(Fault::invalid("kernel.page_both_ends").into());
        }
        let size = first.or(last).unwrap_or(DEFAULT_SIZE);
        if !(1..=MAX_SIZE).contains(&size) {
            return Err(Fault::invalid("kernel.page_too_large")
                .with("most", MAX_SIZE)
                .into());
        }
        let beyond = after.or(before).map(place_of).transpose()?;
        Ok(Self {
            size,
            backward,
            beyond,
        })
    }

    /// The page of the rows that were read: one more than it holds, when there are.
    fn page<Row: Listed>(&self, mut rows: Vec<Row>) -> Page<Row> {
        let size = usize::try_from(self.size).unwrap_or_default();
        let more = rows.len() > size;
        rows.truncate(size);
        if self.backward {
            rows.reverse();
        }
        let from_cursor = self.beyond.is_some();
        let (has_next, has_previous) = if self.backward {
            (from_cursor, more)
        } else {
            (more, from_cursor)
        };
        Page {
            rows: rows.into_iter().map(|row| (cursor(&row), row)).collect(),
            has_next,
            has_previous,
        }
    }
}

fn cursor<Row: Listed>(row: &Row) -> String {
    let (place, employee) = row.place();
    format!("{place}_{}", employee.0)
}

fn place_of(cursor: &str) -> Result<(Dec, EmployeeId)> {
    let read = || {
        let (place, employee) = cursor.split_once('_')?;
        let employee: Uuid = employee.parse().ok()?;
        Some((Dec(place.parse().ok()?), EmployeeId(employee)))
    };
    Ok(read().ok_or_else(|| Fault::invalid("kernel.bad_cursor"))?)
}

/// Reads a page of a run's list.
pub(super) async fn load<Row: Listed>(
    tx: &mut Tx,
    run: PayrollRunId,
    window: &Window,
) -> Result<Page<Row>> {
    let (beyond, way) = if window.backward {
        ("<", "DESC")
    } else {
        (">", "ASC")
    };
    let text = format!(
        "SELECT * FROM ({}) l WHERE $3 IS NULL OR (l.place, l.employee_id) {beyond} ($3, $4) \
         ORDER BY l.place {way}, l.employee_id {way} LIMIT $5",
        Row::ROWS
    );
    let (place, employee) = window.beyond.unzip();
    let rows: Vec<Row> = diesel::sql_query(text)
        .bind::<sql::Uuid, _>(tx.organisation())
        .bind::<sql::Uuid, _>(run)
        .bind::<sql::Nullable<sql::Numeric>, _>(place)
        .bind::<sql::Nullable<sql::Uuid>, _>(employee)
        .bind::<sql::BigInt, _>(i64::from(window.size) + 1)
        .load(tx.conn())
        .await?;
    Ok(window.page(rows))
}

/// Counts a run's list.
pub(super) async fn tally<Row: Listed>(tx: &mut Tx, run: PayrollRunId) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = sql::BigInt)]
        count: i64,
    }
    let text = format!("SELECT count(*) AS count FROM ({}) l", Row::ROWS);
    let counted: Counted = diesel::sql_query(text)
        .bind::<sql::Uuid, _>(tx.organisation())
        .bind::<sql::Uuid, _>(run)
        .get_result(tx.conn())
        .await?;
    Ok(counted.count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(window: Result<Window>) -> &'static str {
        let Err(kernel::Error::Refused(faults)) = window else {
            panic!("not refused");
        };
        faults[0].reason
    }

    #[test]
    fn a_window_has_one_end_a_size_and_a_cursor_of_its_list() {
        let employee = EmployeeId::generate();
        let cursor = format!("-12.5000_{}", employee.0);
        let window = Window::new(Some(3), Some(&cursor), None, None).unwrap();
        let place = Dec("-12.5".parse().unwrap());
        assert_eq!(window.beyond, Some((place, employee)));
        let both = Window::new(Some(1), None, Some(1), None);
        assert_eq!(refused(both), "kernel.page_both_ends");
        let many = Window::new(Some(MAX_SIZE + 1), None, None, None);
        assert_eq!(refused(many), "kernel.page_too_large");
        for bad in ["", "x", "1_", "_1"] {
            let unknown = Window::new(None, None, None, Some(bad));
            assert_eq!(refused(unknown), "kernel.bad_cursor", "{bad}");
        }
    }
}
