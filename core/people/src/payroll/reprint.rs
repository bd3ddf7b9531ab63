//! A receipt in another language than the one it was issued in, printed when somebody asks for it.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::file::FileStore;
use kernel::ids::PayslipId;
use kernel::{Error, Event, Fault, Locale, Result, Tx};
use tokio::sync::Semaphore;

use super::deliver::{self, Batch, Printed};
use super::{PayrollRun, PayrollRunStatus, require_status};
use crate::fault;
use crate::payslip::{self, Payslip};
use crate::permission::PAYSLIP_READ;
use crate::schema::payslip_document;

/// How many print at once: a page takes a core while it is set.
static PRINTERS: Semaphore = Semaphore::const_new(2);

/// Prints a payslip in a language.
#[derive(Clone, Debug, InputObject)]
pub struct PayslipPrintInput {
    /// The payslip, of a posted run.
    pub id: PayslipId,
    /// The language.
    pub locale: Locale,
}

/// Prints a payslip in a language, unless it was printed in it before. Whoever may see the payslip
/// may print it.
///
/// # Errors
/// A run that is not posted: its payslips may still change.
#[tracing::instrument(skip_all, fields(payslip.id = %command.id), err)]
pub async fn print(tx: &mut Tx, store: &FileStore, command: PayslipPrintInput) -> Result<Payslip> {
    let unknown = || Fault::not_found(fault::PAYSLIP_NOT_FOUND).at(["id"]);
    let slip = payslip::find(tx, command.id).await?.ok_or_else(unknown)?;
    let run = super::load(tx, slip.run_id).await?;
    require_status(&run, &[PayrollRunStatus::Posted])?;
    take_turns(tx, slip.id).await?;
    let made: i64 = payslip_document::table
        .find((slip.organisation_id, slip.id, command.locale))
        .count()
        .get_result(tx.conn())
        .await?;
    if made > 0 {
        return Ok(slip);
    }
    let batch = deliver::load(tx, &run, &[slip.id]).await?;
    let printed = set(tx, &run, &batch, command.locale).await?;
    let owner = batch.owner(printed.employee);
    let kept = (slip.id, command.locale, printed.name);
    let row = deliver::keep(tx, store, (&run, owner), kept, printed.pdf?).await?;
    diesel::insert_into(payslip_document::table)
        .values(&row)
        .execute(tx.conn())
        .await?;
    let event = Event::new("people.payslip.printed", "Payslip", slip.id, PAYSLIP_READ)
        .company(run.company_id)
        .owner(owner)
        .set("locale", command.locale);
    tx.emit(event).await?;
    Ok(slip)
}

/// Those who want the same payslip printed wait for each other: it is printed once.
async fn take_turns(tx: &mut Tx, slip: PayslipId) -> Result<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 83))")
        .bind::<diesel::sql_types::Text, _>(slip.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn set(tx: &Tx, run: &PayrollRun, batch: &Batch, language: Locale) -> Result<Printed> {
    let (run, batch, now) = (run.clone(), batch.clone(), tx.now());
    let turn = PRINTERS.acquire().await;
    let _turn = turn.map_err(|error| Error::bug(format!("printing: {error}")))?;
    let printing = move || deliver::print_all(&run, &batch, Some(language), now);
    let printed = tokio::task::spawn_blocking(printing)
        .await
        .map_err(|error| Error::bug(format!("printing: {error}")))??;
    let one = printed.into_iter().next();
    one.ok_or_else(|| Error::bug("a payslip without its contract"))
}
