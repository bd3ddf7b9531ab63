//! Files stay short enough to read in one sitting.

use std::fs;
use std::path::{Path, PathBuf};

const MOST_LINES: usize = 600;

#[test]
fn no_source_file_is_longer_than_six_hundred_lines() {
    let mut long = Vec::new();
    for folder in ["src", "core", "api/src", "worker", "tests"] {
        visit(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut long,
        );
    }
    assert_eq!(long, Vec::<String>::new());
}

fn visit(folder: &Path, long: &mut Vec<String>) {
    let entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    for path in entries {
        if path.is_dir() {
            visit(&path, long);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let lines = fs::read_to_string(&path).expect("text").lines().count();
            if lines > MOST_LINES && !path.ends_with("schema.rs") {
                long.push(format!("{}: {lines}", path.display()));
            }
        }
    }
}
