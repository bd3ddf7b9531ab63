//! What a file really is: by its bytes, never by what its name or sender says. Anything that could
//! run in a browser or on a desk is refused.

use infer::MatcherType;
use kernel::Fault;

use crate::check;

/// Bytes of a file at most: 25 MiB.
pub const MAX_BYTES: usize = 25 * 1_024 * 1_024;

/// Types that are taken, each with the endings of its names.
const TAKEN: &[(&str, &[&str])] = &[
    ("application/pdf", &["pdf"]),
    ("image/png", &["png"]),
    ("image/jpeg", &["jpg", "jpeg"]),
    ("image/gif", &["gif"]),
    ("image/webp", &["webp"]),
    ("image/tiff", &["tif", "tiff"]),
    ("image/heif", &["heic", "heif"]),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        &["docx"],
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        &["xlsx"],
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        &["pptx"],
    ),
    ("application/vnd.oasis.opendocument.text", &["odt"]),
    ("application/vnd.oasis.opendocument.spreadsheet", &["ods"]),
];

/// Plain text, told apart by the ending of the name alone.
const TEXTS: &[(&str, &str)] = &[
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("xml", "application/xml"),
    ("json", "application/json"),
    ("jsonl", "application/jsonl"),
];

/// What makes a text active, in small letters.
const ACTIVE_TEXT: &[&str] = &[
    "<script",
    "<html",
    "<!doctype",
    "<!entity",
    "<svg",
    "<iframe",
    "<?xml-stylesheet",
    "<?php",
    "xmlns=\"http://www.w3.org/1999/xhtml\"",
];

/// What makes a PDF active.
const ACTIVE_PDF: &[&[u8]] = &[b"/JavaScript", b"/Launch", b"/EmbeddedFile"];

/// A file's name without folders, and with nothing that a shell or browser could misread.
pub fn name(name: &str) -> Result<String, Fault> {
    let bad = || Fault::invalid("directory.file_name_invalid");
    let name = check::text(name, 200)?;
    let odd = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c) || is_direction(c);
    if name.starts_with('.') || name.ends_with('.') || name.chars().any(odd) {
        return Err(bad());
    }
    Ok(name)
}

/// Marks that turn the direction of writing, as in `exe.fdp` for `pdf.exe`.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The media type of bytes under a name; a fault when it is active, unknown, empty or too large, or
/// when the name says otherwise.
pub fn media_type(name: &str, bytes: &[u8]) -> Result<&'static str, Fault> {
    if bytes.is_empty() {
        return Err(Fault::invalid("directory.file_empty"));
    }
    if bytes.len() > MAX_BYTES {
        return Err(Fault::invalid("directory.file_too_large").with("most", MAX_BYTES >> 20));
    }
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_lowercase())
        .unwrap_or_default();
    let seen = infer::get(bytes);
    let kind = seen.map(|kind| kind.matcher_type());
    let seen_type = seen.map_or("", |kind| kind.mime_type());
    if kind == Some(MatcherType::App) || matches!(seen_type, "text/html" | "text/x-shellscript") {
        return Err(Fault::invalid("directory.file_active"));
    }
    if let Some((taken, endings)) = TAKEN.iter().find(|(taken, _)| *taken == seen_type) {
        if *taken == "application/pdf" && ACTIVE_PDF.iter().any(|mark| contains(bytes, mark)) {
            return Err(Fault::invalid("directory.file_active"));
        }
        let named = endings.contains(&ending.as_str());
        return if named { Ok(*taken) } else { Err(unknown()) };
    }
    if kind.is_some_and(|kind| kind != MatcherType::Text) {
        return Err(unknown());
    }
    plain(&ending, bytes)
}

/// A plain text of UTF-8 without anything active in it.
fn plain(ending: &str, bytes: &[u8]) -> Result<&'static str, Fault> {
    let (_, media_type) = TEXTS
        .iter()
        .find(|(known, _)| *known == ending)
        .ok_or_else(unknown)?;
    let text = std::str::from_utf8(bytes).map_err(|_| unknown())?;
    if text
        .chars()
        .any(|c| c.is_control() && !"\n\r\t".contains(c))
    {
        return Err(unknown());
    }
    let text = text.to_lowercase();
    if text.starts_with("#!") || ACTIVE_TEXT.iter().any(|mark| text.contains(mark)) {
        return Err(Fault::invalid("directory.file_active"));
    }
    Ok(media_type)
}

fn unknown() -> Fault {
    Fault::invalid("directory.file_unknown_type")
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn bytes_say_what_a_file_is() {
        assert_eq!(media_type("a.png", PNG).unwrap(), "image/png");
        assert_eq!(
            media_type("a.pdf", b"%PDF-1.7\nx").unwrap(),
            "application/pdf"
        );
        assert_eq!(
            media_type("a.csv", "año;1\n".as_bytes()).unwrap(),
            "text/csv"
        );
        let bank = b"<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022\"/>";
        assert_eq!(media_type("a.xml", bank).unwrap(), "application/xml");
    }

    #[test]
    fn active_content_is_refused_under_any_name() {
        let active: [(&str, &[u8]); 9] = [
            ("a.txt", b"<HTML><body>"),
            ("a.xml", b"<?xml version=\"1.0\"?><svg onload=\"x\"/>"),
            ("a.svg", b"<svg/>"),
            ("a.csv", b"a,<script>alert(1)</script>"),
            ("a.txt", b"#!/bin/sh\nrm"),
            ("a.xml", b"<!DOCTYPE x [<!ENTITY y \"z\">]><x/>"),
            ("a.pdf", b"%PDF-1.7\n1 0 obj << /S /JavaScript /JS (x) >>"),
            ("a.pdf", b"MZ\x90\0\x03\0\0\0"),
            ("a.png", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
        ];
        for (name, bytes) in active {
            assert!(media_type(name, bytes).is_err(), "{name}: {bytes:?}");
        }
    }

    #[test]
    fn a_name_that_lies_is_refused() {
        assert_eq!(
            media_type("a.pdf", PNG).unwrap_err().reason,
            "directory.file_unknown_type"
        );
        assert!(media_type("a.js", b"alert(1)").is_err());
        assert!(media_type("a.txt", b"\x00\x01").is_err());
        assert!(media_type("a", b"text").is_err());
        assert!(media_type("a.txt", b"").is_err());
    }

    #[test]
    fn names_have_no_folders() {
        assert_eq!(name(" Nómina 2026-01.pdf ").unwrap(), "Nómina 2026-01.pdf");
        for bad in [
            "",
            "../x.pdf",
            ".bashrc",
            "a/b.pdf",
            "a\\b.pdf",
            "a\u{202e}fdp.exe",
            "a\n.pdf",
        ] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }
}
