//! What a backup holds, to hold a restored database against.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio_postgres::Client;

/// The manifest inside of a backup.
const FILE: &str = "manifest.json";

/// Every table of ours, quoted, in a stable order.
const TABLES: &str = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
      AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1";

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When it was made, `20261124T020500Z`.
    pub made_at: String,
    /// The version of the program that made it.
    pub version: String,
    /// The SHA-256 of the dump.
    pub dump_sha256: String,
    /// Rows by table.
    pub tables: BTreeMap<String, i64>,
    /// Position and hash of the head of each organisation's chain.
    pub heads: BTreeMap<String, (i64, String)>,
    /// Files, where the file store was copied.
    pub files: Option<u64>,
    /// What the master secret is recognised by: the public key of the signed heads.
    pub secret: String,
}

impl Manifest {
    /// Reads the manifest of a backup.
    ///
    /// # Errors
    /// A folder that is no backup.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Writes the manifest of a backup.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        Ok(std::fs::write(folder.join(FILE), text)?)
    }

    /// Rows in all.
    pub fn rows(&self) -> i64 {
        self.tables.values().sum()
    }

    /// The tables whose rows differ, with what the backup has and what is there.
    pub fn differing(&self, there: &BTreeMap<String, i64>) -> Vec<(String, i64, i64)> {
        let names = self.tables.keys().chain(there.keys());
        let names: std::collections::BTreeSet<&String> = names.collect();
        let count = |tables: &BTreeMap<String, i64>, name: &String| {
            tables.get(name).copied().unwrap_or_default()
        };
        names
            .into_iter()
            .map(|name| (name.clone(), count(&self.tables, name), count(there, name)))
            .filter(|(_, ours, theirs)| ours != theirs)
            .collect()
    }
}

/// Rows of every table, seen by a role that row-level security does not hold back.
///
/// # Errors
/// A database that is away.
pub async fn counts(client: &Client) -> anyhow::Result<BTreeMap<String, i64>> {
    let mut counted = BTreeMap::new();
    for row in client.query(TABLES, &[]).await? {
        let name: String = row.try_get(0)?;
        let count = format!("SELECT count(*) FROM {name}");
        let count = client.query_one(&count, &[]).await?.try_get(0)?;
        counted.insert(name, count);
    }
    Ok(counted)
}

/// The heads of the chains by organisation.
///
/// # Errors
/// A database that is away.
pub async fn heads(client: &Client) -> anyhow::Result<BTreeMap<String, (i64, String)>> {
    let look = "SELECT organisation_id::text, position, encode(hash, 'hex') FROM kernel.chain";
    let mut found = BTreeMap::new();
    for row in client.query(look, &[]).await? {
        found.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(tables: &[(&str, i64)]) -> Manifest {
        let table = |(name, rows): &(&str, i64)| ((*name).to_owned(), *rows);
        Manifest {
            made_at: "20261124T020500Z".to_owned(),
            version: "0.1.0".to_owned(),
            dump_sha256: String::new(),
            tables: tables.iter().map(table).collect(),
            heads: BTreeMap::new(),
            files: None,
            secret: String::new(),
        }
    }

    #[test]
    fn a_row_too_few_and_a_table_too_many_are_both_told() {
        let backup = manifest(&[("a.b", 3), ("a.c", 4)]);
        let there = manifest(&[("a.b", 2), ("a.c", 4), ("a.d", 1)]).tables;
        let differing = backup.differing(&there);
        assert_eq!(
            differing,
            [("a.b".to_owned(), 3, 2), ("a.d".to_owned(), 0, 1)]
        );
        assert_eq!(backup.differing(&backup.tables), []);
        assert_eq!(backup.rows(), 7);
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let folder = std::env::temp_dir().join(format!("backup-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let backup = manifest(&[("a.b", 3)]);
        backup.write(&folder).unwrap();
        assert_eq!(Manifest::read(&folder).unwrap(), backup);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
