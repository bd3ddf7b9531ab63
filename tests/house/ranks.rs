//! A crate depends on lower ranks only.

use std::collections::HashMap;
use std::process::Command;

use serde_json::Value;

/// The rank of each crate; those without one are tools that know no domain.
const RANKS: &[(&str, u8)] = &[
    ("trastienda-documents", 0),
    ("trastienda-kernel", 0),
    ("trastienda-rules", 0),
    ("trastienda-directory", 1),
    ("trastienda-mail", 1),
    ("trastienda-outbound", 1),
    ("trastienda-ledger", 2),
    ("trastienda-processes", 2),
    ("trastienda-administration", 3),
    ("trastienda-inventory", 3),
    ("trastienda-people", 3),
    ("trastienda-technology", 3),
    ("trastienda-finance", 4),
    ("trastienda-analytics", 5),
    ("trastienda-compliance", 5),
    ("trastienda-core", 6),
    ("trastienda-api", 7),
    ("trastienda-worker", 7),
    ("trastienda", 8),
];

#[test]
fn crates_depend_on_lower_ranks_only() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let ranks: HashMap<&str, u8> = RANKS.iter().copied().collect();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        let rank = *ranks
            .get(name)
            .unwrap_or_else(|| panic!("{name} has no rank"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let used = dependency["name"].as_str().expect("a name");
            let dev = dependency["kind"] == "dev";
            if let Some(lower) = ranks.get(used)
                && !dev
            {
                assert!(
                    *lower < rank,
                    "{name} (rank {rank}) depends on {used} (rank {lower})"
                );
            }
        }
        only(name, package, "axum", "trastienda-api");
        only(name, package, "apalis", "trastienda-worker");
    }
}

fn only(name: &str, package: &Value, dependency: &str, allowed: &str) {
    let depends = package["dependencies"]
        .as_array()
        .expect("dependencies")
        .iter()
        .any(|used| used["name"] == dependency && used["kind"] != "dev");
    assert!(
        !depends || name == allowed,
        "only {allowed} may know {dependency}, not {name}"
    );
}
