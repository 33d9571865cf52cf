//! What a run depends on: settings, seed, program version, and the contents of every file that is read.
//!
//! Files are told apart by a SipHash-2-4 of 128 bits over their bytes (Aumasson & Bernstein 2012) with a fixed key: good
//! enough to notice any change by accident, no proof against forgery.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::Hasher;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher24};

use crate::scenario::file::{Fleet, Given, Scenario, ScenarioError, read};
use crate::study::{Land, StudyError};
use crate::sweep::grid::Setting;

/// The version that is part of what a run depends on.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A scenario as it was named on the command line.
#[derive(Clone, Debug, Default)]
pub struct Base {
    /// The scenario file.
    pub path: Option<PathBuf>,
    /// `--set KEY=VALUE`.
    pub sets: Vec<String>,
    /// Files given in place of the scenario's.
    pub given: Given,
}

impl Base {
    /// The scenario with `settings` on top, for `seed`.
    ///
    /// # Errors
    /// [`ScenarioError`].
    pub fn scenario(&self, settings: &[Setting], seed: u64) -> Result<Scenario, ScenarioError> {
        let mut sets = self.sets.clone();
        sets.extend(settings.iter().map(|(key, value)| format!("{key}={value}")));
        let given = Given { seed: Some(seed), ..self.given.clone() };
        read(self.path.as_deref(), &sets, &given)
    }
}

/// A file that a run reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InputFile {
    /// As the scenario names it.
    pub path: PathBuf,
    /// Of its contents, 32 hexadecimal digits.
    pub hash: String,
}

/// Everything that a run depends on. Equal inputs give equal results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Of this program.
    pub version: String,
    /// The seed.
    pub seed: u64,
    /// Set for all runs.
    pub sets: Vec<String>,
    /// Set for this one.
    pub settings: Vec<Setting>,
    /// `scenario`, `region`, `demand`, `fleet`.
    pub files: BTreeMap<String, InputFile>,
}

impl Inputs {
    /// The name of the run: 32 hexadecimal digits made of everything but the paths of the files.
    #[must_use]
    pub fn run_id(&self) -> String {
        let mut hasher = SipHasher24::new();
        let mut part = |text: &str| {
            // The length keeps "ab", "c" apart from "a", "bc".
            hasher.write_u64(text.len() as u64);
            hasher.write(text.as_bytes());
        };
        part(&self.version);
        part(&self.seed.to_string());
        self.sets.iter().for_each(|set| part(set));
        part("settings");
        for (key, value) in &self.settings {
            part(key);
            part(value);
        }
        for (role, file) in &self.files {
            part(role);
            part(&file.hash);
        }
        hex(&hasher)
    }
}

/// Regions and hashes of files, each read once.
#[derive(Default)]
pub struct Library {
    lands: BTreeMap<PathBuf, Land>,
    hashes: BTreeMap<PathBuf, String>,
}

impl Library {
    /// The region at `path`.
    ///
    /// # Errors
    /// [`StudyError::Land`].
    pub fn land(
        &mut self,
        path: &Path,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Land, StudyError> {
        if let Some(land) = self.lands.get(path) {
            return Ok(land.clone());
        }
        let land = Land::load(path, progress)?;
        self.lands.insert(path.to_owned(), land.clone());
        Ok(land)
    }

    /// What a run of `scenario` depends on.
    ///
    /// # Errors
    /// [`StudyError::File`] for a file that can't be read.
    pub fn inputs(
        &mut self,
        base: &Base,
        settings: &[Setting],
        scenario: &Scenario,
    ) -> Result<Inputs, StudyError> {
        let mut files = BTreeMap::new();
        let mut add = |role: &str, path: &Path| -> Result<(), StudyError> {
            let file = InputFile { path: path.to_owned(), hash: self.hash(path)? };
            files.insert(role.to_owned(), file);
            Ok(())
        };
        add("region", &scenario.region)?;
        add("demand", &scenario.demand)?;
        if let Some(path) = &base.path {
            add("scenario", path)?;
        }
        if let Fleet::File(path) = &scenario.fleet {
            add("fleet", path)?;
        }
        Ok(Inputs {
            version: VERSION.to_owned(),
            seed: scenario.seed,
            sets: base.sets.clone(),
            settings: settings.to_vec(),
            files,
        })
    }

    fn hash(&mut self, path: &Path) -> Result<String, StudyError> {
        if let Some(hash) = self.hashes.get(path) {
            return Ok(hash.clone());
        }
        let error = |source| StudyError::File { path: path.to_owned(), source };
        let hash = hash_of(File::open(path).map_err(error)?).map_err(error)?;
        self.hashes.insert(path.to_owned(), hash.clone());
        Ok(hash)
    }
}

/// The hash of everything that `input` holds.
fn hash_of(mut input: impl Read) -> io::Result<String> {
    let mut hasher = SipHasher24::new();
    let mut block = vec![0; 1 << 16];
    loop {
        let n_bytes = input.read(&mut block)?;
        if n_bytes == 0 {
            return Ok(hex(&hasher));
        }
        hasher.write(&block[..n_bytes]);
    }
}

fn hex(hasher: &SipHasher24) -> String {
    format!("{:032x}", hasher.finish128().as_u128())
}
