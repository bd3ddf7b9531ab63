//! Steps and bars: live at a terminal, one line each elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use trastienda_core::demo::Chapter;

use super::sentences;
use crate::say::{self, Language, Text};

const SPINNER: &str = "  {spinner} {msg}";
const BAR: &str = "  {spinner} {msg:32} [{bar:28}] {pos}/{len} {elapsed_precise}";

/// Where progress is drawn.
pub struct Progress {
    bars: MultiProgress,
    language: Language,
    live: bool,
}

impl Progress {
    /// Draws on standard error, where that is a terminal.
    pub fn new(language: Language) -> Self {
        Self {
            bars: MultiProgress::new(),
            language,
            live: std::io::stderr().is_terminal(),
        }
    }

    /// Something that takes a while and cannot be counted.
    pub fn step(&self, text: &Text) -> Step {
        let bar = self.bars.add(ProgressBar::new_spinner());
        self.begin(&bar, SPINNER, text);
        Step {
            bar,
            text: text.read(self.language).to_owned(),
            began: Instant::now(),
        }
    }

    /// Something that is counted.
    pub fn bar(&self, text: &Text, total: u64) -> Bar {
        let bar = self.bars.add(ProgressBar::new(total));
        self.begin(&bar, BAR, text);
        Bar(Step {
            bar,
            text: text.read(self.language).to_owned(),
            began: Instant::now(),
        })
    }

    fn begin(&self, bar: &ProgressBar, template: &str, text: &Text) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.set_message(text.read(self.language).to_owned());
        if self.live {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
    }
}

/// A step under way. Dropped without `done`, it just disappears: the error says the rest.
pub struct Step {
    bar: ProgressBar,
    text: String,
    began: Instant,
}

impl Step {
    /// Leaves one line that says what was done and how long it took.
    pub fn done(self) {
        self.bar.finish_and_clear();
        let seconds = self.began.elapsed().as_secs_f64();
        say::aside(&format!("  ✓ {} ({seconds:.1} s)", self.text));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.bar.is_finished() {
            self.bar.finish_and_clear();
        }
    }
}

/// A counted step under way.
pub struct Bar(Step);

impl Bar {
    /// How many are done.
    pub fn set(&self, done: u64) {
        self.0.bar.set_position(done);
    }

    /// How many there are, once that is known.
    pub fn expect(&self, total: u64) {
        self.0.bar.set_length(total);
    }

    /// Leaves one line, as [`Step::done`] does.
    pub fn done(self) {
        self.0.done();
    }
}

/// The bars of the chapters of the demo company, one after another.
pub struct Chapters<'a> {
    progress: &'a Progress,
    current: Mutex<Option<(Option<Chapter>, Bar)>>,
}

impl<'a> Chapters<'a> {
    /// None begun yet.
    pub fn new(progress: &'a Progress) -> Self {
        Self {
            progress,
            current: Mutex::new(None),
        }
    }

    /// Draws how far a chapter is; `None` is the company itself. The one before it is done.
    pub fn tell(&self, chapter: Option<Chapter>, done: u64, total: u64) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = matches!(&*current, Some((at, _)) if *at == chapter);
        if !begun {
            let bar = self.progress.bar(&sentences::chapter(chapter), total);
            if let Some((_, before)) = current.replace((chapter, bar)) {
                before.done();
            }
        }
        if let Some((_, bar)) = &*current {
            bar.expect(total);
            bar.set(done);
        }
    }

    /// Ends the last one.
    pub fn done(self) {
        let current = self.current.into_inner();
        if let Some((_, bar)) = current.unwrap_or_else(PoisonError::into_inner) {
            bar.done();
        }
    }
}
