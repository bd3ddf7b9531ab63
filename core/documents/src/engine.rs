//! The typesetter: fonts and templates loaded once, one render a document.
//!
//! Data reaches a template as a JSON file of a private, in-memory file system that holds
//! nothing else than the embedded templates; strings of that file become text, never markup.
//! No template can read the disk, the network, the environment or today's date.

use std::collections::HashMap;
use std::sync::OnceLock;

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::Serialize;
use typst::comemo;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, Timestamp};

use crate::{DocumentError, Result};

const FONTS: [(&str, &[u8]); 2] = [
    (
        "Inter-Regular.otf",
        include_bytes!("../assets/fonts/Inter-Regular.otf"),
    ),
    (
        "Inter-SemiBold.otf",
        include_bytes!("../assets/fonts/Inter-SemiBold.otf"),
    ),
];

const FILES: [(&str, &str); 5] = [
    ("/theme.typ", include_str!("../templates/theme.typ")),
    (PAYSLIP.0, include_str!("../templates/payslip.typ")),
    (
        "/payslip.words.json",
        include_str!("../templates/payslip.words.json"),
    ),
    (TABLE.0, include_str!("../templates/table.typ")),
    (
        "/table.words.json",
        include_str!("../templates/table.words.json"),
    ),
];

const DATA: &str = "/data.json";

/// Memoised layout that so many renders in a row did not need is forgotten, so that a long
/// batch keeps what its documents share and memory stays flat.
const FORGET_AFTER_RENDERS: usize = 4;

/// An embedded template, by its file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template(&'static str);

pub(crate) const PAYSLIP: Template = Template("/payslip.typ");
pub(crate) const TABLE: Template = Template("/table.typ");

/// The typesetter with its fonts and templates; shared by threads.
///
/// A render keeps one core busy for its whole time: call it where blocking is allowed
/// (`tokio::task::spawn_blocking`), and from several threads for a batch.
pub struct Engine {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    sources: HashMap<FileId, Source>,
    files: HashMap<FileId, Bytes>,
    data: FileId,
}

impl Engine {
    /// Loads the embedded fonts and templates; takes some milliseconds.
    ///
    /// # Errors
    /// [`DocumentError::Asset`] when the program was built with a broken asset.
    pub fn new() -> Result<Self> {
        let fonts = fonts()?;
        let mut engine = Self {
            library: LazyHash::new(Library::builder().build()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            sources: HashMap::new(),
            files: HashMap::new(),
            data: file_id(DATA)?,
        };
        for (path, text) in FILES {
            let id = file_id(path)?;
            if path.ends_with(".typ") {
                engine.sources.insert(id, Source::new(id, text.to_owned()));
            }
            engine.files.insert(id, Bytes::new(text.as_bytes()));
        }
        Ok(engine)
    }

    /// The engine of the whole program, made when first asked for.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Engine> = OnceLock::new();
        if let Some(engine) = SHARED.get() {
            return Ok(engine);
        }
        let engine = Self::new()?;
        Ok(SHARED.get_or_init(|| engine))
    }

    /// Renders a template with its data. `identity` names the document for the PDF's file
    /// identifier; the bytes depend on nothing but the arguments.
    pub(crate) fn pdf<D: Serialize>(
        &self,
        template: Template,
        data: &D,
        identity: &str,
        created_at: DateTime<Utc>,
    ) -> Result<Vec<u8>> {
        let document = self.layout(template, data)?;
        let options = PdfOptions {
            ident: Smart::Custom(identity.to_owned()),
            creator: Smart::Custom(Some("Trastienda".to_owned())),
            timestamp: timestamp(created_at),
            ..PdfOptions::default()
        };
        let pdf = typst_pdf::pdf(&document, &options)
            .map_err(|diagnostics| failure(template, &diagnostics));
        comemo::evict(FORGET_AFTER_RENDERS);
        pdf
    }

    /// Lays the pages out without exporting them.
    pub(crate) fn layout<D: Serialize>(
        &self,
        template: Template,
        data: &D,
    ) -> Result<PagedDocument> {
        let json = serde_json::to_vec(data).map_err(|error| DocumentError::Template {
            template: template.0,
            reason: error.to_string(),
        })?;
        let job = Job {
            engine: self,
            main: file_id(template.0)?,
            data: Bytes::new(json),
        };
        typst::compile::<PagedDocument>(&job)
            .output
            .map_err(|diagnostics| failure(template, &diagnostics))
    }
}

/// One render: the shared engine and the data of this document.
struct Job<'a> {
    engine: &'a Engine,
    main: FileId,
    data: Bytes,
}

impl World for Job<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.engine.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.engine.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.engine
            .sources
            .get(&id)
            .cloned()
            .ok_or_else(|| missing(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.engine.data {
            return Ok(self.data.clone());
        }
        self.engine
            .files
            .get(&id)
            .cloned()
            .ok_or_else(|| missing(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.engine.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn fonts() -> Result<Vec<Font>> {
    let mut fonts = Vec::with_capacity(FONTS.len());
    for (name, bytes) in FONTS {
        let font = Font::new(Bytes::new(bytes), 0).ok_or(DocumentError::Asset(name))?;
        fonts.push(font);
    }
    Ok(fonts)
}

fn file_id(path: &'static str) -> Result<FileId> {
    let path = VirtualPath::new(path).map_err(|_| DocumentError::Asset(path))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

fn missing(id: FileId) -> FileError {
    FileError::NotFound(id.vpath().get_without_slash().into())
}

fn timestamp(at: DateTime<Utc>) -> Option<Timestamp> {
    let part = |value: u32| u8::try_from(value).ok();
    let datetime = Datetime::from_ymd_hms(
        at.year(),
        part(at.month())?,
        part(at.day())?,
        part(at.hour())?,
        part(at.minute())?,
        part(at.second())?,
    )?;
    Some(Timestamp::new_utc(datetime))
}

fn failure(template: Template, diagnostics: &[SourceDiagnostic]) -> DocumentError {
    let reasons: Vec<_> = diagnostics
        .iter()
        .map(|it| it.message.to_string())
        .collect();
    DocumentError::Template {
        template: template.0,
        reason: reasons.join("; "),
    }
}

/// What a reader sees of a document, for tests: the text of every page, run by run.
#[cfg(test)]
pub(crate) mod seen {
    use super::*;
    use typst::layout::{Frame, FrameItem};

    /// The runs of text of each page, in drawing order.
    pub(crate) fn pages(document: &PagedDocument) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        for page in document.pages() {
            let mut runs = Vec::new();
            collect(&page.frame, &mut runs);
            pages.push(runs);
        }
        pages
    }

    fn collect(frame: &Frame, runs: &mut Vec<String>) {
        for (_, item) in frame.items() {
            match item {
                FrameItem::Group(group) => collect(&group.frame, runs),
                FrameItem::Text(text) => runs.push(text.text.to_string()),
                _ => {}
            }
        }
    }
}
