//! The text of a file: plain text, office documents and PDF. What reads a stranger's bytes here is
//! called in a job alone, and is bounded in what it keeps and in what office documents unpack to.
//! A PDF unpacks what it likes: behind that stands the worker's own limit of memory.

use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::Event;
use zip::ZipArchive;

/// Characters of a text that are kept: what a tsvector holds of any text.
const KEPT: usize = 200_000;
/// Bytes of a text that are kept.
const KEPT_BYTES: usize = 300_000;
/// Bytes of a part of an office document that are unpacked at most.
const UNPACKED: u64 = 32 * 1_024 * 1_024;
/// Parts of an office document that are read at most.
const PARTS: usize = 100;

/// What was found in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Its text.
    Text(String),
    /// It is of a kind that has none.
    Nothing,
    /// It should have some and can't be read.
    Unreadable,
}

impl Found {
    /// The text, if any.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Nothing | Self::Unreadable => "",
        }
    }
}

/// The text of a file of a media type.
pub(super) fn read(media_type: &str, bytes: &[u8]) -> Found {
    let text = match media_type {
        "text/plain" | "text/csv" | "application/json" | "application/jsonl" => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        "application/xml" => of_xml(bytes),
        "application/pdf" => pdf_extract::extract_text_from_mem(bytes).ok(),
        office => match parts_of(office) {
            Some(wanted) => of_archive(bytes, wanted),
            None => return Found::Nothing,
        },
    };
    match text {
        Some(text) => match tidy(&text) {
            tidied if tidied.is_empty() => Found::Nothing,
            tidied => Found::Text(tidied),
        },
        None => Found::Unreadable,
    }
}

/// Which parts of an office document hold its text.
fn parts_of(media_type: &str) -> Option<fn(&str) -> bool> {
    let kind = media_type.rsplit('.').next().unwrap_or_default();
    Some(match (media_type.contains("openxmlformats"), kind) {
        (true, _) if media_type.contains("wordprocessingml") => |name| {
            name == "word/document.xml"
                || name.starts_with("word/footnotes")
                || name.starts_with("word/header")
                || name.starts_with("word/footer")
        },
        (true, _) if media_type.contains("spreadsheetml") => {
            |name| name == "xl/sharedStrings.xml" || name.starts_with("xl/worksheets/sheet")
        }
        (true, _) if media_type.contains("presentationml") => {
            |name| name.starts_with("ppt/slides/slide") || name.starts_with("ppt/notesSlides/")
        }
        (false, _) if media_type.contains("opendocument") => |name| name == "content.xml",
        _ => return None,
    })
}

fn of_archive(bytes: &[u8], wanted: fn(&str) -> bool) -> Option<String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut names: Vec<String> = archive
        .file_names()
        .filter_map(|name| name.ok().map(std::borrow::Cow::into_owned))
        .filter(|name| wanted(name) && name.ends_with(".xml"))
        .collect();
    names.sort_unstable();
    let mut text = String::new();
    for name in names.into_iter().take(PARTS) {
        let mut part = Vec::new();
        let entry = archive.by_name(&name).ok()?;
        entry.take(UNPACKED).read_to_end(&mut part).ok()?;
        text.push_str(&of_xml(&part)?);
        text.push('\n');
        if text.len() > KEPT * 4 {
            break;
        }
    }
    Some(text)
}

/// The words between the tags. Entities are never expanded: a declaration of types is refused.
fn of_xml(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader::from_reader(bytes);
    reader.config_mut().check_end_names = false;
    let mut text = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Text(words) => text.push_str(&words.xml10_content()),
            Event::CData(words) => text.push_str(&words.xml10_content()),
            Event::GeneralRef(named) => {
                if let Ok(Some(letter)) = named.resolve_char_ref() {
                    text.push(letter);
                } else {
                    text.push(match named.xml10_content().as_ref() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => ' ',
                    });
                }
            }
            Event::End(tag) if ends_a_line(tag.local_name().as_ref()) => text.push('\n'),
            Event::Empty(tag) if ends_a_line(tag.local_name().as_ref()) => text.push(' '),
            Event::DocType(_) => return None,
            Event::Eof => return Some(text),
            _ => {}
        }
    }
}

/// Whether a tag of an office document sets its text apart from what follows.
fn ends_a_line(tag: &str) -> bool {
    matches!(
        tag,
        "p" | "h" | "si" | "row" | "c" | "br" | "tab" | "table-cell"
    )
}

/// A text without control characters and runs of blanks, and not too long.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(KEPT));
    let mut blank = true;
    let mut kept = 0;
    for c in text.chars() {
        if kept == KEPT || out.len() >= KEPT_BYTES {
            break;
        }
        let c = if c == '\n' {
            '\n'
        } else if c.is_control() || c.is_whitespace() {
            ' '
        } else {
            c
        };
        if c.is_whitespace() {
            if blank {
                continue;
            }
            blank = true;
        } else {
            blank = false;
        }
        out.push(c);
        kept += 1;
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

    fn docx(document: &str) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file("word/document.xml", options).unwrap();
        writer.write_all(document.as_bytes()).unwrap();
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn words_are_read_from_office_documents() {
        let bytes = docx(
            "<w:document><w:p><w:r><w:t>Convenio </w:t></w:r><w:r><w:t>colectivo</w:t></w:r></w:p>\
             <w:p><w:r><w:t>A &amp; B &#241;</w:t></w:r></w:p></w:document>",
        );
        assert_eq!(
            read(DOCX, &bytes),
            Found::Text("Convenio colectivo\nA & B ñ".to_owned())
        );
    }

    #[test]
    fn entities_are_never_expanded() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
        assert_eq!(read(DOCX, &docx(bomb)), Found::Unreadable);
        assert_eq!(read("application/xml", bomb.as_bytes()), Found::Unreadable);
    }

    #[test]
    fn a_picture_has_no_text_and_a_broken_document_says_so() {
        assert_eq!(read("image/png", b"\x89PNG"), Found::Nothing);
        assert_eq!(read(DOCX, b"PK\x03\x04nonsense"), Found::Unreadable);
        assert_eq!(
            read("application/pdf", b"%PDF-1.7\nnonsense"),
            Found::Unreadable
        );
    }

    #[test]
    fn words_are_read_from_the_pages_that_we_print() {
        use documents::table::{Column, Orientation, Row, Table};
        let table = Table {
            language: documents::Language::Es,
            title: "Convenio colectivo del comercio".to_owned(),
            subtitle: String::new(),
            author: "Ana".to_owned(),
            footnote: String::new(),
            orientation: Orientation::Portrait,
            columns: vec![Column::text("Artículo")],
            rows: vec![Row::plain(vec!["Vacaciones anuales".into()])],
            totals: Vec::new(),
            created_at: chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap(),
        };
        let pdf = table.pdf(documents::Engine::shared().unwrap()).unwrap();
        let found = read("application/pdf", &pdf);
        assert!(found.text().contains("Vacaciones"), "{found:?}");
        assert!(found.text().contains("Convenio"), "{found:?}");
    }

    #[test]
    fn a_text_is_kept_so_long_and_no_longer() {
        let Found::Text(text) = read("text/plain", "a ".repeat(KEPT).as_bytes()) else {
            panic!("text")
        };
        assert!(text.chars().count() <= KEPT);
        let Found::Text(text) = read("text/plain", "\u{20000} ".repeat(KEPT).as_bytes()) else {
            panic!("text")
        };
        assert!(text.len() < KEPT_BYTES + 4);
    }
}
