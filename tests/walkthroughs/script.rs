//! A chapter of a walkthrough as it is written: Markdown whose fenced blocks are requests and the
//! answers that they are to get. `docs/walkthroughs/README.md` tells the notation.

use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde_json::Value;

/// A chapter.
pub struct Chapter {
    /// Its place, for messages.
    pub file: String,
    /// What happens in it, in order.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Debug)]
pub enum Step {
    /// Somebody sends a document.
    Ask(Ask),
    /// Somebody fetches a path by plain HTTP.
    Fetch(Fetch),
    /// The web shop that is watched answers with a status from now on.
    Shop(u16),
}

/// A document that is sent, with the answers that are shown.
#[derive(Debug)]
pub struct Ask {
    pub line: usize,
    pub document: String,
    pub who: Who,
    /// The idempotency key.
    pub key: Option<String>,
    pub way: Way,
    pub variables: Value,
    /// One, or one an event of a subscription.
    pub answers: Vec<Answer>,
}

/// Who sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Nobody,
    /// The user of the demo company of this name.
    User(String),
    /// Whoever holds the secret that was kept under this name.
    Bearer(String),
}

/// How it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Once,
    /// Again and again until the answer is the one that is shown.
    Until,
    /// As a subscription.
    Stream,
}

/// An answer as it is shown.
#[derive(Debug)]
pub struct Answer {
    pub line: usize,
    /// The names that it gives to values for later.
    pub keep: Vec<String>,
    pub shown: Value,
}

/// A path that is fetched, and the status and media type that are shown.
#[derive(Debug)]
pub struct Fetch {
    pub line: usize,
    pub path: String,
    pub shown: String,
}

/// A fenced block.
pub struct Block {
    pub line: usize,
    /// The first word after the fence.
    pub language: String,
    /// The words after it.
    pub words: Vec<String>,
    pub text: String,
}

/// What a Markdown text holds, as far as it is carried out.
enum Part {
    Block(Block),
    Shop(u16),
}

/// The folder of the documents of this repository.
pub fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// The chapters in a language, in order.
pub fn chapters(language: &str) -> Result<Vec<Chapter>, String> {
    let folder = docs().join("walkthroughs").join(language);
    let mut files = markdown(&folder)?;
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            read(&format!("{language}/{name}"), &text(path)?)
        })
        .collect()
}

/// The Markdown files of a folder.
pub fn markdown(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let files = entries.flatten().map(|entry| entry.path());
    Ok(files
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect())
}

/// The text of a file.
pub fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A chapter from its text.
pub fn read(file: &str, text: &str) -> Result<Chapter, String> {
    let mut steps = Vec::new();
    for part in parts(text) {
        let (line, done) = match part {
            Part::Shop(status) => {
                steps.push(Step::Shop(status));
                continue;
            }
            Part::Block(block) => (block.line, take(&mut steps, block)),
        };
        done.map_err(|why| format!("{file}:{line}: {why}"))?;
    }
    for step in &steps {
        let unanswered = match step {
            Step::Ask(ask) if ask.answers.is_empty() => ask.line,
            Step::Fetch(fetch) if fetch.shown.is_empty() => fetch.line,
            _ => continue,
        };
        return Err(format!("{file}:{unanswered}: shows no answer"));
    }
    let file = file.to_owned();
    Ok(Chapter { file, steps })
}

/// The fenced blocks of a Markdown text.
pub fn blocks(text: &str) -> Vec<Block> {
    let block = |part| match part {
        Part::Block(block) => Some(block),
        Part::Shop(_) => None,
    };
    parts(text).into_iter().filter_map(block).collect()
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let mut words = info.split_whitespace().map(str::to_owned);
                open = Some(Block {
                    line: text[..range.start].lines().count() + 1,
                    language: words.next().unwrap_or_default(),
                    words: words.collect(),
                    text: String::new(),
                });
            }
            Event::Text(piece) => {
                if let Some(block) = &mut open {
                    block.text.push_str(&piece);
                }
            }
            Event::End(TagEnd::CodeBlock) => parts.extend(open.take().map(Part::Block)),
            Event::Html(html) | Event::InlineHtml(html) => {
                parts.extend(shop(&html).map(Part::Shop))
            }
            _ => {}
        }
    }
    parts
}

/// The status of a comment such as `<!-- shop 503 -->`.
fn shop(html: &str) -> Option<u16> {
    let inner = html.trim().strip_prefix("<!-- shop ")?;
    inner.strip_suffix(" -->")?.parse().ok()
}

fn take(steps: &mut Vec<Step>, block: Block) -> Result<(), String> {
    let first = block.words.first().map(String::as_str);
    match (block.language.as_str(), first) {
        ("graphql", _) => steps.push(Step::Ask(ask(block)?)),
        ("http", None) => steps.push(Step::Fetch(fetch(&block)?)),
        ("json", Some("variables")) if block.words.len() == 1 => {
            let Some(Step::Ask(ask)) = steps.last_mut() else {
                return Err("variables of no document".to_owned());
            };
            ask.variables = json(&block.text)?;
        }
        ("json", Some("answer")) => {
            let Some(Step::Ask(ask)) = steps.last_mut() else {
                return Err("an answer to no document".to_owned());
            };
            if !ask.answers.is_empty() && ask.way != Way::Stream {
                return Err("a second answer".to_owned());
            }
            ask.answers.push(answer(&block)?);
        }
        ("text", Some("answer")) if block.words.len() == 1 => {
            let Some(Step::Fetch(fetch)) = steps.last_mut() else {
                return Err("an answer to no path".to_owned());
            };
            fetch.shown = block.text.trim().to_owned();
        }
        _ => return Err(format!("a block of {} {first:?}", block.language)),
    }
    Ok(())
}

fn ask(block: Block) -> Result<Ask, String> {
    let mut ask = Ask {
        line: block.line,
        document: block.text,
        who: Who::Nobody,
        key: None,
        way: Way::Once,
        variables: Value::Null,
        answers: Vec::new(),
    };
    for word in block.words {
        match word.split_once('=') {
            Some(("as", name)) => ask.who = Who::User(name.to_owned()),
            Some(("bearer", name)) => ask.who = Who::Bearer(name.to_owned()),
            Some(("key", key)) => ask.key = Some(key.to_owned()),
            None if word == "until" => ask.way = Way::Until,
            None if word == "stream" => ask.way = Way::Stream,
            _ => return Err(format!("what does {word:?} mean?")),
        }
    }
    Ok(ask)
}

fn answer(block: &Block) -> Result<Answer, String> {
    let mut keep = Vec::new();
    for word in block.words.iter().skip(1) {
        let Some(names) = word.strip_prefix("keep=") else {
            return Err(format!("what does {word:?} mean?"));
        };
        keep.extend(names.split(',').map(str::to_owned));
    }
    let shown = json(&block.text)?;
    let line = block.line;
    Ok(Answer { line, keep, shown })
}

fn fetch(block: &Block) -> Result<Fetch, String> {
    let path = block.text.trim().strip_prefix("GET ");
    let path = path.ok_or("only GET is known")?.to_owned();
    Ok(Fetch {
        line: block.line,
        path,
        shown: String::new(),
    })
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))
}
