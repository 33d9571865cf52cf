//! House rules that no lint knows, checked over the whole tree as an ordinary test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::allow_attributes, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 500;
const COLUMNS_MAX: usize = 140;
const SKIPPED: &[&str] = &["target", "node_modules", "dist", ".git", "out", "results"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(ends: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if ends.iter().any(|end| name.ends_with(end)) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().display().to_string(), text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file ends in {ends:?}");
    found
}

/// Fails with one line for each breach.
fn none(rule: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{rule}:\n{}", breaches.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = files(&[".rs"]).into_iter().filter(|(_, text)| !text.starts_with("//!"));
    none("begins without //!", &silent.map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn no_file_is_too_long() {
    let counted = files(&[".rs", ".ts", ".svelte"]);
    let long = counted.into_iter().map(|(path, text)| (path, text.lines().count()));
    let long = long.filter(|(_, lines)| *lines > LINES_MAX);
    let told: Vec<String> = long.map(|(path, lines)| format!("{path}: {lines} lines")).collect();
    none("longer than 500 lines", &told);
}

#[test]
fn no_line_is_too_wide_and_none_ends_in_blanks() {
    let mut breaches = Vec::new();
    for (path, text) in files(&[".rs", ".toml"]) {
        for (number, line) in (1..).zip(text.lines()) {
            // A long text stays in one piece.
            let wide = line.chars().count() > COLUMNS_MAX && !line.contains('"');
            if wide || line.ends_with(' ') {
                breaches.push(format!("{path}:{number}"));
            }
        }
    }
    none("too wide, or blanks at the end", &breaches);
}

#[test]
fn nothing_of_one_machine_is_in_the_tree() {
    // Put together here so that this file does not find itself.
    let hosts = ["crates", "pypi", "npmjs"].map(|host| format!("//{host}."));
    let index = format!("//index.{}.io", "crates");
    let folders = ["work/", "root/"].map(|folder| format!(" /{folder}"));
    let off = format!("#[{}", "ignore");
    let words: Vec<String> = [hosts.to_vec(), vec![index, off], folders.to_vec()].concat();
    let mut breaches = Vec::new();
    let ends = [".rs", ".toml", ".md", ".ts", ".svelte", ".json", ".yml", "Makefile", "run"];
    for (path, text) in files(&ends) {
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(word) = words.iter().find(|word| line.contains(word.as_str())) {
                breaches.push(format!("{path}:{number}: {word}"));
            }
        }
    }
    none("names a machine, a registry, or switches a test off", &breaches);
}

#[test]
fn unfinished_work_names_its_issue() {
    let marks = ["TODO", "FIXME", "XXX"].map(|mark| mark.to_owned());
    let mut breaches = Vec::new();
    for (path, text) in files(&[".rs", ".ts", ".svelte"]) {
        if path.ends_with("tests/tidy.rs") {
            continue;
        }
        for (number, line) in (1..).zip(text.lines()) {
            let marked = marks.iter().any(|mark| line.contains(mark.as_str()));
            if marked && !line.contains("TODO(#") {
                breaches.push(format!("{path}:{number}"));
            }
        }
    }
    none("unfinished without an issue", &breaches);
}
