//! The suppliers' documents, filed with the bills of trade; those that were planted have none.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use directory::file::{self, FileFilter, FileStore, NewFile};
use finance::invoice::Invoice;
use finance::permission::INVOICE_READ;
use kernel::filter::IdFilter;
use kernel::ids::InvoiceId;
use kernel::page::PageRequest;
use kernel::{Actor, Context, Db, Result, Tx};
use uuid::Uuid;

use super::purchases::bill_ids;
use super::{Demo, Making, wages};

/// An empty page: what a document looks like does not matter here.
const PAPER: &[u8] = b"%PDF-1.4\n\
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n\
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj\n\
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >> endobj\n\
trailer << /Root 1 0 R >>\n\
%%EOF\n";

/// Bills of a month that are looked at, at most.
const MOST: i32 = 250;

/// Files a document with each bill of trade that has none, a month at a time.
pub fn file_bills<'a>(
    db: &'a Db,
    store: &'a FileStore,
    slug: &'a str,
    scale: usize,
) -> Making<'a, ()> {
    Box::pin(filed(db, store, Demo::named(slug), scale))
}

async fn filed(db: &Db, store: &FileStore, demo: Demo, scale: usize) -> Result<()> {
    let context = Arc::new(Context::new(
        Arc::new(Actor::system(demo.organisation)),
        db.clock().now(),
    ));
    for month in wages::months()? {
        let mut tx = db.begin(&context).await?;
        let bills = finance::invoice::by_ids(&mut tx, &bill_ids(demo, month, scale)).await?;
        let filed = with_paper(&mut tx, &bills).await?;
        for bill in bills.iter().filter(|bill| !filed.contains(&bill.id.0)) {
            let number = bill.supplier_number.as_deref().unwrap_or("factura");
            keep(&mut tx, store, demo, (bill.id, number)).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Those among some bills that have a document.
async fn with_paper(tx: &mut Tx, bills: &[Invoice]) -> Result<HashSet<Uuid>> {
    let ids = bills
        .iter()
        .map(|bill| bill.id.to_string().into())
        .collect();
    let filter = FileFilter {
        subject: Some(IdFilter {
            one_of: Some(ids),
            ..IdFilter::default()
        }),
        ..FileFilter::default()
    };
    let request = PageRequest {
        first: Some(MOST),
        filter: Some(filter),
        ..PageRequest::default()
    };
    let files = file::page(tx, &[], request).await?.into_rows();
    Ok(files
        .into_iter()
        .filter_map(|file| file.subject_id)
        .collect())
}

async fn keep(
    tx: &mut Tx,
    store: &FileStore,
    demo: Demo,
    (bill, number): (InvoiceId, &str),
) -> Result<()> {
    let new = NewFile {
        name: format!("{}.pdf", number.replace('/', "-")),
        bytes: Bytes::from_static(PAPER),
        permission: INVOICE_READ,
        owner_user: None,
        company: Some(demo.company),
        subject: Some(("Invoice", bill.0)),
    };
    file::store(tx, store, new).await?;
    Ok(())
}
