//! The packs that come with the program, and how to find the one for a date.

use std::sync::{Arc, LazyLock};

use chrono::NaiveDate;

use crate::fault::RuleError;
use crate::pack::RulePack;

const ES_2025: &str = concat!(
    include_str!("../packs/es/2025.toml"),
    "\n",
    include_str!("../packs/es/contributions.toml"),
    "\n",
    include_str!("../packs/es/garnishment.toml"),
);

const ES_2026: &str = concat!(
    include_str!("../packs/es/2026.toml"),
    "\n",
    include_str!("../packs/es/contributions.toml"),
    "\n",
    include_str!("../packs/es/garnishment.toml"),
    "\n",
    include_str!("../packs/es/withholding.toml"),
);

static BUILT_IN: LazyLock<Result<Library, Vec<RuleError>>> = LazyLock::new(|| {
    let mut library = Library::default();
    for text in [ES_2025, ES_2026] {
        library.add(RulePack::parse(text)?);
    }
    Ok(library)
});

/// Packs of any countries and spans. The last one added wins where two cover a date, so that an
/// installation can correct a figure without waiting for a release.
#[derive(Clone, Debug, Default)]
pub struct Library {
    packs: Vec<Arc<RulePack>>,
}

impl Library {
    /// The packs that come with the program, read once.
    pub fn built_in() -> Result<Self, Vec<RuleError>> {
        BUILT_IN.clone()
    }

    /// Adds a pack in front of the others.
    pub fn add(&mut self, pack: RulePack) {
        self.packs.push(Arc::new(pack));
    }

    /// Every pack.
    pub fn packs(&self) -> impl Iterator<Item = &RulePack> {
        self.packs.iter().map(AsRef::as_ref)
    }

    /// The pack of a country on a date.
    pub fn pack_for(&self, country: &str, date: NaiveDate) -> Result<Arc<RulePack>, RuleError> {
        let mut packs = self.packs.iter().rev();
        let found = packs.find(|pack| pack.country == country && pack.covers(date));
        found.cloned().ok_or_else(|| RuleError::NoPackFor {
            country: country.to_owned(),
            date,
        })
    }
}

/// The built-in pack of a country on a date.
pub fn pack_for(country: &str, date: NaiveDate) -> Result<Arc<RulePack>, Vec<RuleError>> {
    match &*BUILT_IN {
        Ok(library) => library.pack_for(country, date).map_err(|error| vec![error]),
        Err(errors) => Err(errors.clone()),
    }
}
