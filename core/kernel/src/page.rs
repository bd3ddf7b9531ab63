//! Keyset pages, with typed filters and sorts, built once and declared by every noun.

use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use uuid::Uuid;

use crate::actor::{Actor, Permission};
use crate::error::Result;
use crate::fault::Fault;
use crate::filter::FilterInput;
use crate::predicate::{Predicate, Value};

/// Items of a page when nothing is said.
pub const DEFAULT_SIZE: i32 = 50;
/// Items of a page at most.
pub const MAX_SIZE: i32 = 250;

crate::text_enum! {
    /// The direction of a sort.
    pub enum SortDirection {
        /// From small to large, early to late, a to z.
        Asc = "ASC",
        /// From large to small, late to early, z to a.
        Desc = "DESC",
    }
}

/// What a sort field of a noun knows about itself. Implemented by [`listing!`](crate::listing).
pub trait SortField<Row>: Copy + Send + Sync + 'static {
    /// The order when nothing is said.
    const DEFAULT: (Self, SortDirection);
    /// Its name in cursors.
    fn name(self) -> &'static str;
    /// The column, quoted.
    fn column(self) -> String;
    /// The permission that sorting by it needs.
    fn requires(self) -> Option<Permission>;
    /// The value of a row.
    fn value(self, row: &Row) -> Value;
}

/// A sort: a field and a direction.
#[derive(Clone, Copy, Debug)]
pub struct Sort<F> {
    /// The field.
    pub field: F,
    /// The direction.
    pub direction: SortDirection,
}

/// What a list is asked for.
#[derive(Clone, Debug)]
pub struct PageRequest<Filter, Field> {
    /// How many from the front.
    pub first: Option<i32>,
    /// After which cursor.
    pub after: Option<String>,
    /// How many from the back.
    pub last: Option<i32>,
    /// Before which cursor.
    pub before: Option<String>,
    /// Which records.
    pub filter: Option<Filter>,
    /// In which order.
    pub sort: Option<Sort<Field>>,
    /// Containing this text in any of the searched columns.
    pub search: Option<String>,
    /// Whether archived records are among them.
    pub include_archived: bool,
}

impl<Filter, Field> Default for PageRequest<Filter, Field> {
    fn default() -> Self {
        Self {
            first: None,
            after: None,
            last: None,
            before: None,
            filter: None,
            sort: None,
            search: None,
            include_archived: false,
        }
    }
}

/// A page of rows with their cursors.
#[derive(Clone, Debug)]
pub struct Page<Row> {
    /// The rows, each with its cursor.
    pub rows: Vec<(String, Row)>,
    /// Whether more follow.
    pub has_next: bool,
    /// Whether more come before.
    pub has_previous: bool,
}

impl<Row> Page<Row> {
    /// The page with each row made into something else.
    pub fn map<Other>(self, mut make: impl FnMut(Row) -> Other) -> Page<Other> {
        Page {
            rows: self
                .rows
                .into_iter()
                .map(|(cursor, row)| (cursor, make(row)))
                .collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }

    /// The rows without their cursors.
    pub fn into_rows(self) -> Vec<Row> {
        self.rows.into_iter().map(|(_, row)| row).collect()
    }
}

/// A page request worked out: the condition, the order, and how to read the answer.
#[derive(Debug)]
pub struct Plan<Row, Field> {
    /// Filter and search, without the cursor: what a total counts.
    pub matching: Predicate,
    /// Everything that the page's rows must meet.
    pub predicate: Predicate,
    /// The order, as SQL.
    pub order: String,
    /// Rows to read: one more than the page, to see whether more follow.
    pub limit: i64,
    sort: Sort<Field>,
    backward: bool,
    from_cursor: bool,
    row: PhantomData<fn() -> Row>,
}

impl<Filter, Field> PageRequest<Filter, Field> {
    /// The request with archived records among the rest, or without.
    #[must_use]
    pub fn with_archived(mut self, included: bool) -> Self {
        self.include_archived = included;
        self
    }
}

impl<Filter: FilterInput, Field> PageRequest<Filter, Field> {
    /// Works the request out for an actor. `id` is the tiebreaking column; `visible` what the actor
    /// may see at all; `searched` the columns that free text is looked for in.
    pub fn plan<Row>(
        self,
        actor: &Actor,
        today: NaiveDate,
        id: &str,
        searched: &[String],
        visible: Predicate,
    ) -> Result<Plan<Row, Field>>
    where
        Field: SortField<Row>,
    {
        let (size, backward) = self.size()?;
        let sort = self.sort.unwrap_or(Sort {
            field: Field::DEFAULT.0,
            direction: Field::DEFAULT.1,
        });
        if let Some(permission) = sort.field.requires() {
            actor.require(permission)?;
        }
        let mut parts = vec![visible];
        if let Some(filter) = &self.filter {
            parts.push(filter.predicate(actor, today, 0)?);
        }
        if let Some(text) = self
            .search
            .as_deref()
            .filter(|text| !text.trim().is_empty())
        {
            parts.push(crate::filter::search(searched, text));
        }
        let matching = Predicate::every(parts);
        let ascending = (sort.direction == SortDirection::Asc) != backward;
        let cursor = if backward { &self.before } else { &self.after };
        let column = sort.field.column();
        let predicate = match cursor {
            Some(cursor) => {
                let (value, uuid) = open(cursor, sort.field.name(), sort.direction)?;
                let operator = if ascending { ">" } else { "<" };
                let beyond = Predicate::sql(format!("({column}, {id}) {operator} ("))
                    .bind(value)
                    .then(", ")
                    .bind(uuid)
                    .then(")");
                matching.clone().and(beyond)
            }
            None => matching.clone(),
        };
        let way = if ascending { "ASC" } else { "DESC" };
        Ok(Plan {
            matching,
            predicate,
            order: format!("{column} {way}, {id} {way}"),
            limit: i64::from(size) + 1,
            sort,
            backward,
            from_cursor: cursor.is_some(),
            row: PhantomData,
        })
    }

    fn size(&self) -> Result<(i32, bool)> {
        let forward = self.first.is_some() || self.after.is_some();
        let backward = self.last.is_some() || self.before.is_some();
        if forward && backward {
            return Err(Fault::invalid("kernel.page_both_ends").into());
        }
        let size = self.first.or(self.last).unwrap_or(DEFAULT_SIZE);
        if !(1..=MAX_SIZE).contains(&size) {
            return Err(Fault::invalid("kernel.page_too_large")
                .with("most", MAX_SIZE)
                .into());
        }
        Ok((size, backward))
    }
}

impl<Row, Field: SortField<Row>> Plan<Row, Field> {
    /// Makes the page of what was read.
    pub fn page(&self, mut rows: Vec<Row>, id_of: impl Fn(&Row) -> Uuid) -> Page<Row> {
        let size = usize::try_from(self.limit - 1).unwrap_or_default();
        let more = rows.len() > size;
        rows.truncate(size);
        if self.backward {
            rows.reverse();
        }
        let field = self.sort.field;
        let rows = rows
            .into_iter()
            .map(|row| {
                let value = field.value(&row);
                (
                    seal(field.name(), self.sort.direction, &value, id_of(&row)),
                    row,
                )
            })
            .collect();
        let (has_next, has_previous) = if self.backward {
            (self.from_cursor, more)
        } else {
            (more, self.from_cursor)
        };
        Page {
            rows,
            has_next,
            has_previous,
        }
    }
}

/// A cursor names the order it belongs to and the place in it.
fn seal(field: &str, direction: SortDirection, value: &Value, id: Uuid) -> String {
    let json = serde_json::json!([field, direction.text(), value, id]);
    URL_SAFE_NO_PAD.encode(json.to_string())
}

fn open(cursor: &str, field: &str, direction: SortDirection) -> Result<(Value, Uuid)> {
    let bad = || Fault::invalid("kernel.bad_cursor");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
    let (name, way, value, id): (String, SortDirection, Value, Uuid) =
        serde_json::from_slice(&bytes).map_err(|_| bad())?;
    if name != field || way != direction {
        return Err(bad().into());
    }
    Ok((value, id))
}

/// The quoted, qualified name of a column.
pub fn quoted(schema: &str, table: &str, column: &str) -> String {
    format!("\"{schema}\".\"{table}\".\"{column}\"")
}

/// Declares how a noun is listed: its filter and sort inputs, and `page` and `count` over them.
///
/// ```ignore
/// listing! {
///     /// Conditions on employees.
///     filter EmployeeFilter {
///         /// By number.
///         number: TextFilter => number,
///         /// By pay; needs the right to see it.
///         pay: DecimalFilter => annual_pay [requires PAY_READ],
///     }
///     related {
///         /// By department.
///         department: DepartmentFilter => department_id in ("directory", "department", "id"),
///     }
///     /// An order of employees.
///     sort EmployeeSort;
///     /// What employees can be sorted by.
///     by EmployeeSortField {
///         /// By number.
///         Number = "NUMBER" => number,
///     }
///     default Number Asc;
///     search [number, full_name];
///     archived archived_at;
///     from "people" employee as Employee;
/// }
/// ```
/// `archived` names the column that hides a record unless archived ones are asked for, by
/// `include_archived` or by the filter's field of the same name. `related` reads: the noun's column is among that table's column where its filter holds. A
/// one-to-many relation is declared the other way round: `id in ("people", "contract",
/// "employee_id")`.
#[macro_export]
macro_rules! listing {
    (
        $(#[$filter_meta:meta])*
        filter $filter:ident {
            $($(#[$field_meta:meta])* $field:ident: $comparator:ty => $column:ident
                $([requires $permission:path])?,)*
        }
        $(related {
            $($(#[$rel_meta:meta])* $rel:ident: $rel_filter:ty => $rel_column:ident
                in ($rel_schema:literal, $rel_table:literal, $rel_target:literal)
                $([requires $rel_permission:path])?,)*
        })?
        $(#[$sort_meta:meta])*
        sort $sort:ident;
        $(#[$by_meta:meta])*
        by $by:ident {
            $($(#[$by_field_meta:meta])* $variant:ident = $variant_text:literal => $by_column:ident
                $([requires $by_permission:path])?,)*
        }
        default $default:ident $direction:ident;
        search [$($searched:ident),* $(,)?];
        $(archived $archived:ident;)?
        from $schema:literal $table:ident as $row:ty;
    ) => {
        $(#[$filter_meta])*
        #[derive(Clone, Debug, Default, $crate::async_graphql::InputObject)]
        pub struct $filter {
            /// All of these hold.
            pub and: Option<Vec<$filter>>,
            /// Any of these holds.
            pub or: Option<Vec<$filter>>,
            /// This does not hold.
            pub not: Option<Box<$filter>>,
            $($(#[$field_meta])* pub $field: Option<$comparator>,)*
            $($($(#[$rel_meta])* pub $rel: Option<Box<$rel_filter>>,)*)?
        }

        impl $crate::filter::FilterInput for $filter {
            fn predicate(
                &self,
                actor: &$crate::actor::Actor,
                today: $crate::chrono::NaiveDate,
                depth: usize,
            ) -> $crate::error::Result<$crate::predicate::Predicate> {
                #[allow(unused_imports)]
                use $crate::filter::{Comparator as _, FilterInput as _};
                use $crate::predicate::Predicate;
                let deeper = $crate::filter::deeper(depth)?;
                let mut parts: Vec<Predicate> = Vec::new();
                if let Some(all) = &self.and {
                    for filter in all {
                        parts.push(filter.predicate(actor, today, deeper)?);
                    }
                }
                if let Some(any) = &self.or {
                    let any = any.iter().map(|filter| filter.predicate(actor, today, deeper));
                    parts.push(Predicate::some(any.collect::<$crate::error::Result<_>>()?));
                }
                if let Some(not) = &self.not {
                    parts.push(not.predicate(actor, today, deeper)?.negated());
                }
                $(if let Some(comparator) = &self.$field {
                    $(actor.require($permission)?;)?
                    let column = $crate::page::quoted(
                        $schema, stringify!($table), stringify!($column));
                    parts.extend(comparator.on(&column, today)?);
                })*
                $($(if let Some(filter) = &self.$rel {
                    $(actor.require($rel_permission)?;)?
                    let column = $crate::page::quoted(
                        $schema, stringify!($table), stringify!($rel_column));
                    parts.push(
                        Predicate::sql(format!(
                            "{column} IN (SELECT \"{}\" FROM \"{}\".\"{}\" WHERE ",
                            $rel_target, $rel_schema, $rel_table,
                        ))
                        .then_all(filter.predicate(actor, today, deeper)?)
                        .then(")"),
                    );
                })*)?
                Ok(Predicate::every(parts))
            }
        }

        $(#[$by_meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, $crate::async_graphql::Enum)]
        pub enum $by {
            $($(#[$by_field_meta])* #[graphql(name = $variant_text)] $variant,)*
        }

        impl $crate::page::SortField<$row> for $by {
            const DEFAULT: (Self, $crate::page::SortDirection) =
                (Self::$default, $crate::page::SortDirection::$direction);
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $variant_text,)* }
            }
            fn column(self) -> String {
                match self {
                    $(Self::$variant => $crate::page::quoted(
                        $schema, stringify!($table), stringify!($by_column)),)*
                }
            }
            fn requires(self) -> Option<$crate::actor::Permission> {
                match self {
                    $(Self::$variant => {
                        #[allow(unused_mut, unused_assignments)]
                        let mut permission: Option<$crate::actor::Permission> = None;
                        $(permission = Some($by_permission);)?
                        permission
                    })*
                }
            }
            fn value(self, row: &$row) -> $crate::predicate::Value {
                match self { $(Self::$variant => row.$by_column.clone().into(),)* }
            }
        }

        $(#[$sort_meta])*
        #[derive(Clone, Copy, Debug, $crate::async_graphql::InputObject)]
        pub struct $sort {
            /// The field.
            pub field: $by,
            /// The direction.
            #[graphql(default_with = "kernel::page::SortDirection::Asc")]
            pub direction: $crate::page::SortDirection,
        }

        impl From<$sort> for $crate::page::Sort<$by> {
            fn from(sort: $sort) -> Self {
                Self { field: sort.field, direction: sort.direction }
            }
        }

        /// A page of the records that `visible` admits.
        pub(crate) async fn list(
            tx: &mut $crate::tx::Tx,
            request: $crate::page::PageRequest<$filter, $by>,
            visible: $crate::predicate::Predicate,
        ) -> $crate::error::Result<$crate::page::Page<$row>> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            use $crate::id::TypedId as _;
            let plan = plan(tx, request, visible)?;
            let rows = $table::table
                .filter(plan.predicate.clone())
                .order_by(diesel::dsl::sql::<diesel::sql_types::Bool>(&plan.order))
                .limit(plan.limit)
                .select(<$row>::as_select())
                .load(tx.conn())
                .await?;
            Ok(plan.page(rows, |row| row.id.uuid()))
        }

        /// How many records `visible`, filter and search admit.
        pub(crate) async fn tally(
            tx: &mut $crate::tx::Tx,
            request: $crate::page::PageRequest<$filter, $by>,
            visible: $crate::predicate::Predicate,
        ) -> $crate::error::Result<i64> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            let plan = plan(tx, request, visible)?;
            Ok($table::table.filter(plan.matching).count().get_result(tx.conn()).await?)
        }

        fn plan(
            tx: &$crate::tx::Tx,
            request: $crate::page::PageRequest<$filter, $by>,
            visible: $crate::predicate::Predicate,
        ) -> $crate::error::Result<$crate::page::Plan<$row, $by>> {
            let column = |name: &str| $crate::page::quoted($schema, stringify!($table), name);
            let searched = [$(column(stringify!($searched))),*];
            let today = tx.now().date_naive();
            $(
                let asked = request.filter.as_ref().is_some_and(|it| it.$archived.is_some());
                let visible = if request.include_archived || asked {
                    visible
                } else {
                    visible.and($crate::predicate::Predicate::absent(
                        &column(stringify!($archived))))
                };
            )?
            request.plan(tx.actor(), today, &column("id"), &searched, visible)
        }
    };
}
