//! What compliance finds missing, people mend by attaching it.

use ::kernel::id::{TypedId as _, encode};
use ::kernel::ids::{ContractId, InvoiceId};
use serde_json::json;

use super::papers::attached;
use crate::app::run;
use crate::compliance::stage::Field;
use crate::people::stage::{done, text};

/// A rule's finding about a record opens, closes when its person attaches a document, and is there
/// again when the document is archived.
fn closes(rule: &'static str, person: &'static str, kind: &'static str, prefix: &'static str) {
    run(|app| async move {
        let field = Field::new(app).await;
        let (base, breaches) = field.ground.breaches();
        field.write(app, &base).await;
        let breach = breaches.into_iter().find(|it| it.rule == rule).unwrap();
        field.write(app, &breach.plant).await;
        let subject = field.id(app, &breach.subject).await;
        field.scan(app, &[rule]).await;
        let found = field.findings(app, rule, subject).await;
        assert_eq!(found.len(), 1, "{rule}");
        assert_eq!(found[0].status, "OPEN", "{rule}");
        let client = field.tenant.login(app, person).await;
        let file = attached(&client, "documento.pdf", kind, &encode(prefix, subject)).await;
        field.scan(app, &[rule]).await;
        let closed = field.findings(app, rule, subject).await;
        assert_eq!(closed[0].status, "CLOSED", "{rule}");
        let archived = done(
            &client,
            "fileArchive",
            json!({ "id": file }),
            "file { archivedAt }",
        )
        .await;
        text(&archived["file"]["archivedAt"]);
        field.scan(app, &[rule]).await;
        let again = field.findings(app, rule, subject).await;
        assert_eq!(
            again[0].status, "OPEN",
            "an archived document is none: {rule}"
        );
    });
}

#[test]
fn the_document_of_a_supplier_closes_the_finding_about_the_invoice() {
    closes(
        "finance.invoice_without_file",
        "lucia.fernandez",
        "invoice",
        InvoiceId::PREFIX,
    );
}

#[test]
fn the_signed_contract_closes_the_finding_about_the_contract() {
    closes(
        "people.contract_without_document",
        "carmen.molina",
        "contract",
        ContractId::PREFIX,
    );
}
