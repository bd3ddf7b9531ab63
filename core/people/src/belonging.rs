//! What belongs to an employee and is open to whom their pay is: how such records are listed,
//! locked with their employee, and written. Said once for contracts, items, absences, advances and
//! garnishments.

/// Declares the reading of a table of employees' records, open by `people.pay.read` and to the
/// employee themselves: `belonging! { advance as Advance, AdvanceId; by AdvanceFilter,
/// AdvanceSortField; unknown ADVANCE_NOT_FOUND }` stands beside the noun's `listing!`.
macro_rules! belonging {
    ($table:ident as $row:ident, $id:ident; by $filter:ident, $by:ident; unknown $unknown:ident) => {
        fn visible(tx: &kernel::Tx) -> kernel::Result<kernel::Predicate> {
            $crate::reach::visible(
                tx,
                $crate::reach::columns!($table),
                $crate::permission::PAY_READ,
                $crate::permission::SELF_READ,
            )
        }

        /// A page of those that are open to the actor.
        pub async fn page(
            tx: &mut kernel::Tx,
            request: kernel::page::PageRequest<$filter, $by>,
        ) -> kernel::Result<kernel::page::Page<$row>> {
            let visible = visible(tx)?;
            list(tx, request, visible).await
        }

        /// How many are open to the actor.
        pub async fn count(
            tx: &mut kernel::Tx,
            request: kernel::page::PageRequest<$filter, $by>,
        ) -> kernel::Result<i64> {
            let visible = visible(tx)?;
            tally(tx, request, visible).await
        }

        /// Those among some that are open to the actor.
        pub async fn by_ids(tx: &mut kernel::Tx, ids: &[$id]) -> kernel::Result<Vec<$row>> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            let visible = visible(tx)?;
            Ok($table::table
                .filter($table::organisation_id.eq(tx.organisation()))
                .filter($table::id.eq_any(ids))
                .filter(visible)
                .select($row::as_select())
                .load(tx.conn())
                .await?)
        }

        /// Locks one with its employee, whose lock makes writers take turns. Who may not see the
        /// employee learns nothing.
        async fn lock(
            tx: &mut kernel::Tx,
            id: $id,
        ) -> kernel::Result<($crate::employee::Employee, $row)> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            use $crate::permission::PAY_MANAGE;
            let unknown = || kernel::Fault::not_found($crate::fault::$unknown).at(["id"]);
            tx.require(PAY_MANAGE)?;
            let owner: Option<kernel::ids::EmployeeId> = $table::table
                .find((tx.organisation(), id))
                .select($table::employee_id)
                .first(tx.conn())
                .await
                .optional()?;
            let owner = owner.ok_or_else(unknown)?;
            let employee = match $crate::employee::lock(tx, owner, PAY_MANAGE, "id").await {
                Err(kernel::Error::Refused(_)) => return Err(unknown().into()),
                other => other?,
            };
            let row: Option<$row> = $table::table
                .find((tx.organisation(), id))
                .select($row::as_select())
                .first(tx.conn())
                .await
                .optional()?;
            Ok((employee, row.ok_or_else(unknown)?))
        }

        async fn insert(tx: &mut kernel::Tx, row: &$row) -> kernel::Result<()> {
            use diesel_async::RunQueryDsl;
            let key = concat!(stringify!($table), "_pkey");
            diesel::insert_into($table::table)
                .values(row)
                .execute(tx.conn())
                .await
                .map_err(|error| {
                    directory::check::taken(error.into(), key, "kernel.id_taken", "id")
                })?;
            Ok(())
        }
    };
}

/// Declares the writing of a changed record: `stored! { advance as Advance }`.
macro_rules! stored {
    ($table:ident as $row:ident) => {
        async fn store(tx: &mut kernel::Tx, row: &$row) -> kernel::Result<()> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            diesel::update($table::table.find((row.organisation_id, row.id)))
                .set(row)
                .execute(tx.conn())
                .await?;
            Ok(())
        }
    };
}

pub(crate) use {belonging, stored};
