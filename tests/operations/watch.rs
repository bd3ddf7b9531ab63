//! What is watched is there to be watched: the dashboard and the alerts name metrics that the
//! program keeps, and every metric that it keeps is documented.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

const FOLDERS: &[&str] = &["src", "api/src", "worker/src", "core"];

/// The names of ours in a text, without the suffixes that Prometheus adds.
fn names(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in text.split("trastienda_").skip(1) {
        let end = part.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        let name = &part[..end.unwrap_or(part.len())];
        let bare = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix));
        found.insert(format!("trastienda_{}", bare.unwrap_or(name)));
    }
    found
}

fn kept(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            kept(&path, found);
            continue;
        }
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a file");
        for call in ["counter!(", "gauge!(", "histogram!("] {
            for rest in text.split(call).skip(1) {
                let name = rest.trim_start().trim_start_matches('"');
                let name = name.split('"').next().unwrap_or_default();
                if name.starts_with("trastienda_") {
                    found.insert(name.to_owned());
                }
            }
        }
    }
}

fn of_program() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for folder in FOLDERS {
        kept(&root.join(folder), &mut found);
    }
    assert!(found.len() >= 7, "{found:?}");
    found
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let text = read("deploy/grafana/trastienda.json");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| {
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets
            .into_iter()
            .map(|target| target["expr"].as_str().expect("a query").to_owned())
    });
    let shown: BTreeSet<String> = targets.flat_map(|query| names(&query)).collect();
    assert_eq!(shown, of_program());
    let mut ids: Vec<_> = panels.iter().map(|panel| panel["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), panels.len(), "every panel has an id of its own");
}

#[test]
fn alerts_watch_metrics_that_exist() {
    let watched = names(&read("deploy/prometheus/alerts.yaml"));
    let unknown: Vec<_> = watched.difference(&of_program()).cloned().collect();
    assert!(watched.len() >= 4, "{watched:?}");
    assert_eq!(unknown, Vec::<String>::new());
}

#[test]
fn every_metric_is_documented() {
    let documented = names(&read("docs/OPERATIONS.md"));
    let missing: Vec<_> = of_program().difference(&documented).cloned().collect();
    assert_eq!(missing, Vec::<String>::new());
}
