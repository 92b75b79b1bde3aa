//! Partial files: what one shard of a run found, for another machine to add up.
//!
//! A file is gzip, whose checksum tells any damage. Inside, the first line is JSON that says what the rest is of (`zcat FILE
//! | head -1`): format, version, scenario with everything it reads, shard. The rest are the findings, sums and histograms
//! of integers, in postcard's encoding. Their size does not depend on the number of tasks.

use crate::engine::findings::Findings;
use crate::engine::plan::Plan;
use crate::engine::shard::Shard;
use crate::scenario::recipe::Recipe;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufRead as _, BufReader, Read, Write};

/// The form of the files that this version writes and reads.
const FORMAT: u32 = 1;

/// Longest first line, and longest rest, in bytes: a file that says more is no partial file. In JSON the longest files that
/// a recipe carries are six times as long, if every byte of them is escaped.
const MOST_HEADER: u64 = 200 << 20;
const MOST_FINDINGS: u64 = 1 << 30;

/// What a partial file says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Form of the file.
    pub partial: u32,
    /// Version of the program: others may simulate otherwise.
    pub version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Random seed.
    pub seed: u64,
    /// Which part of the run this is: (number from 1, of how many).
    pub shard: Shard,
    /// The command that makes the whole run on one machine.
    pub command: String,
    /// What the scenario is made of.
    pub recipe: Recipe,
}

impl Header {
    /// Of a shard of the run of a plan that was made by `recipe`.
    #[must_use]
    pub fn new(plan: &Plan<'_>, shard: Shard, command: &str, recipe: &Recipe) -> Self {
        Self {
            partial: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: plan.scenario.name.clone(),
            seed: plan.scenario.seed,
            shard,
            command: command.to_owned(),
            recipe: recipe.clone(),
        }
    }
}

/// Why a file is no part of a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPartial {
    /// It cannot be read, or is cut off or damaged.
    #[error("it is damaged or cut off, or no partial file at all ({0}): run its shard again")]
    Damaged(io::Error),
    /// Its first line is not understood.
    #[error("it is not a partial file: its first line cannot be read ({0})")]
    Header(serde_json::Error),
    /// It was written by another version.
    #[error("it was written by version {version} (form {form}), and this is {}: parts of a run have one version", env!("CARGO_PKG_VERSION"))]
    Version {
        /// The version that wrote it.
        version: String,
        /// The form of its file.
        form: u32,
    },
    /// What was found cannot be read.
    #[error("what it holds cannot be read ({0}): run its shard again")]
    Findings(postcard::Error),
}

/// Writes what a shard found.
///
/// # Errors
///
/// Where `out` does not take it.
pub fn write(out: impl Write, header: &Header, findings: &Findings) -> io::Result<()> {
    let mut out = GzEncoder::new(out, Compression::fast());
    serde_json::to_writer(&mut out, header)?;
    out.write_all(b"\n")?;
    let bytes = postcard::to_allocvec(findings).map_err(io::Error::other)?;
    out.write_all(&bytes)?;
    out.finish()?.flush()
}

/// One part, as it was read.
#[derive(Debug)]
pub struct PartialRun {
    /// What it says of itself.
    pub header: Header,
    findings: Findings,
    /// Of its bytes: the same shard, run twice, has the same.
    hash: u64,
}

impl PartialRun {
    /// Reads a part to its end.
    ///
    /// # Errors
    ///
    /// See [`InvalidPartial`].
    pub fn read(file: impl Read) -> Result<Self, InvalidPartial> {
        let mut text = BufReader::new(GzDecoder::new(file));
        let mut line = Vec::new();
        text.by_ref().take(MOST_HEADER).read_until(b'\n', &mut line).map_err(InvalidPartial::Damaged)?;
        let said: Said = serde_json::from_slice(&line).map_err(InvalidPartial::Header)?;
        if said.partial != FORMAT || said.version != env!("CARGO_PKG_VERSION") {
            return Err(InvalidPartial::Version { version: said.version, form: said.partial });
        }
        let header: Header = serde_json::from_slice(&line).map_err(InvalidPartial::Header)?;
        let mut bytes = Vec::new();
        // To the end: only there is the checksum.
        text.take(MOST_FINDINGS).read_to_end(&mut bytes).map_err(InvalidPartial::Damaged)?;
        let findings = postcard::from_bytes(&bytes).map_err(InvalidPartial::Findings)?;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Ok(Self { header, findings, hash: hasher.finish() })
    }
}

/// What every version says in the first line.
#[derive(Deserialize)]
struct Said {
    partial: u32,
    version: String,
}

/// Why a part does not belong to the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Foreign {
    /// Another run: other scenario, settings or seed.
    #[error("it is part of another run: {what} `{theirs}`, where the parts before it have `{ours}`")]
    Run {
        /// What differs.
        what: &'static str,
        /// What the parts before it have.
        ours: String,
        /// What it has.
        theirs: String,
    },
    /// The same name, other contents.
    #[error(
        "its scenario `{0}` has the same name and seed as that of the parts before it, and other contents or settings"
    )]
    Scenario(String),
    /// The run was cut into another number of shards.
    #[error("it is shard {theirs}, and the parts before it are of {ours}: all parts of a run have the same N")]
    Cut {
        /// Shards of the parts before it.
        ours: u32,
        /// The shard that it is.
        theirs: Shard,
    },
    /// The same shard with other findings.
    #[error("shard {0} was given twice, with different results: one of the two belongs to another run")]
    Contradiction(Shard),
    /// Its findings are not those of its own scenario.
    #[error("what it holds does not fit the scenario that it names: run its shard again")]
    Shape,
}

/// Parts that are added up, in any order.
#[derive(Debug)]
pub struct Merging {
    header: Header,
    findings: Findings,
    /// Shards that are in, with the hash of their findings.
    shards: BTreeMap<Shard, u64>,
}

impl Merging {
    /// Nothing yet of the run that `first` is a part of; `plan` is that of its recipe.
    #[must_use]
    pub fn new(first: &Header, plan: &Plan<'_>) -> Self {
        Self { header: first.clone(), findings: Findings::new(plan), shards: BTreeMap::new() }
    }

    /// Adds a part; `false` where the same was there already.
    ///
    /// # Errors
    ///
    /// Where it belongs to another run.
    pub fn add(&mut self, part: PartialRun) -> Result<bool, Foreign> {
        let (ours, theirs) = (&self.header, &part.header);
        let differs = |what, ours: &dyn ToString, theirs: &dyn ToString| {
            let (ours, theirs) = (ours.to_string(), theirs.to_string());
            if ours == theirs { Ok(()) } else { Err(Foreign::Run { what, ours, theirs }) }
        };
        differs("scenario", &ours.scenario, &theirs.scenario)?;
        differs("seed", &ours.seed, &theirs.seed)?;
        if ours.recipe != theirs.recipe {
            return Err(Foreign::Scenario(theirs.scenario.clone()));
        }
        if ours.shard.of() != theirs.shard.of() {
            return Err(Foreign::Cut { ours: ours.shard.of(), theirs: theirs.shard });
        }
        match self.shards.get(&theirs.shard) {
            Some(hash) if *hash == part.hash => return Ok(false),
            Some(_) => return Err(Foreign::Contradiction(theirs.shard)),
            None => {}
        }
        if !self.findings.is_like(&part.findings) {
            return Err(Foreign::Shape);
        }
        self.shards.insert(theirs.shard, part.hash);
        self.findings.merge(part.findings);
        Ok(true)
    }

    /// Shards that are not there.
    #[must_use]
    pub fn missing(&self) -> Vec<Shard> {
        let all = 1..=self.header.shard.of();
        let all = all.filter_map(|number| Shard::new(number, self.header.shard.of()).ok());
        all.filter(|shard| !self.shards.contains_key(shard)).collect()
    }

    /// What all of them found together.
    #[must_use]
    pub fn into_findings(self) -> Findings {
        self.findings
    }
}
