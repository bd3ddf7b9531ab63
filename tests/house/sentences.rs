//! Whatever is refused is said in Spanish and in English.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ::kernel::Locale;
use trastienda_core::{
    administration, analytics, compliance, directory, finance, inventory, ledger, people,
    processes, technology,
};

#[test]
fn every_reason_of_every_crate_speaks_both_languages() {
    let speaker = trastienda_core::speaker().expect("the messages");
    let crates = [
        directory::REASONS,
        compliance::REASONS,
        ledger::REASONS,
        processes::fault::REASONS,
        people::REASONS,
        administration::REASONS,
        inventory::REASONS,
        technology::REASONS,
        finance::REASONS,
        analytics::REASONS,
    ];
    for reason in crates.iter().flat_map(|reasons| reasons.iter()) {
        for locale in Locale::ALL {
            assert!(
                speaker.knows(*locale, reason),
                "{reason} is silent in {}",
                locale.tag()
            );
        }
    }
}

#[test]
fn every_reason_written_in_the_code_speaks_both_languages() {
    let mut reasons = BTreeSet::new();
    for folder in ["core", "api/src", "worker"] {
        visit(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut reasons,
        );
    }
    assert!(reasons.len() > 50, "{reasons:?}");
    let speaker = trastienda_core::speaker().expect("the messages");
    let silent: Vec<_> = reasons
        .iter()
        .filter(|reason| {
            Locale::ALL
                .iter()
                .any(|locale| !speaker.knows(*locale, reason))
        })
        .collect();
    assert_eq!(silent, Vec::<&String>::new());
}

fn visit(folder: &Path, reasons: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            visit(&path, reasons);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("text");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            gather(code, reasons);
        }
    }
}

/// The reasons that faults are made of: the first text of `Fault::…("domain.what"…)`.
fn gather(code: &str, reasons: &mut BTreeSet<String>) {
    for call in code.split("Fault::").skip(1) {
        let Some((maker, rest)) = call.split_once('(') else {
            continue;
        };
        if !["invalid", "not_found", "conflict", "not_allowed"].contains(&maker) {
            continue;
        }
        if let Some(text) = rest.trim_start().strip_prefix('"')
            && let Some((reason, _)) = text.split_once('"')
            && !reason.starts_with("test.")
        {
            reasons.insert(reason.to_owned());
        }
    }
}
