//! What the tests of attachments act by: an upload, and a record that it is attached to.

use serde_json::{Value, json};

use crate::client::Client;
use crate::people::stage::{act, done, text};

/// What a payload tells of a file.
pub const FILE: &str = "file { id name subject { id } viewerCan { archive { allowed } } }";

/// A small PDF.
pub const PDF: &str = "%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\ntrailer << >>\n%%EOF\n";

/// Uploads a PDF of a name, and gives the upload.
pub async fn upload(client: &Client, name: &str) -> String {
    let input = json!({ "name": name, "size": PDF.len() });
    let staged = done(client, "stagedUploadCreate", input, "stagedUploadId path").await;
    let path = text(&staged["path"]);
    let url = format!("{}{path}", client.url().trim_end_matches("/graphql"));
    let put = reqwest::Client::new().put(url).body(PDF).send().await;
    assert!(put.expect("a response").status().is_success());
    text(&staged["stagedUploadId"])
}

/// The payload of attaching an upload of one's own to a record, refused or not.
pub async fn try_attach(client: &Client, name: &str, kind: &str, record: &str) -> Value {
    let upload = upload(client, name).await;
    let input = json!({ "upload": upload, "subject": { kind: record } });
    act(client, "attachmentCreate", input, FILE).await
}

/// Attaches a PDF to a record and gives the file's id.
pub async fn attached(client: &Client, name: &str, kind: &str, record: &str) -> String {
    let payload = try_attach(client, name, kind, record).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    assert_eq!(payload["file"]["subject"]["id"], record, "{payload}");
    assert_eq!(payload["file"]["viewerCan"]["archive"]["allowed"], true);
    text(&payload["file"]["id"])
}

/// What a client gets at a path of this host.
pub async fn status_of(client: &Client, path: &str) -> u16 {
    let url = format!("{}{path}", client.url().trim_end_matches("/graphql"));
    let response = reqwest::Client::new().get(url).send().await;
    response.expect("a response").status().as_u16()
}
