//! Embeds the live page: builds `web/` with npm if Node is there, or else a page that says what is missing.
//!
//! The source tree stays as it is: sources are copied to the build folder first. `SHARXI_WEB=skip` skips the build.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders of `web/` that the page is not made of.
const LEFT_OUT: [&str; 5] = ["node_modules", "dist", "dev", "tests", "test-results"];
/// Lines from either end of a failed command's output that are shown.
const SHOWN_LINES: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=SHARXI_WEB");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=fallback.html");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let web = Path::new("web");
    let built = if std::env::var("SHARXI_WEB").is_ok_and(|choice| choice == "skip") {
        Err("SHARXI_WEB=skip".to_owned())
    } else if web.join("package.json").exists() {
        build(web, &out.join("web"))
    } else {
        Err("there is no web/package.json".to_owned())
    };
    let dist = match built {
        Ok(dist) => dist,
        Err(reason) => {
            for line in reason.lines() {
                println!("cargo::warning=the live page is not built: {line}");
            }
            let dist = out.join("fallback");
            fs::create_dir_all(&dist)?;
            fs::copy("fallback.html", dist.join("index.html"))?;
            dist
        }
    };
    fs::write(out.join("assets.rs"), assets(&dist)?)?;
    Ok(())
}

/// Builds the page in `work`; the folder with the result, or why there is none.
fn build(web: &Path, work: &Path) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("copy the sources: {error}");
    fs::create_dir_all(work).map_err(failed)?;
    for entry in fs::read_dir(work).map_err(failed)?.flatten() {
        // Packages stay where they are as long as the lock file does.
        if entry.file_name() != "node_modules" {
            remove(&entry.path()).map_err(failed)?;
        }
    }
    copy(web, work).map_err(failed)?;
    let lock = fs::read(work.join("package-lock.json")).unwrap_or_default();
    let installed = work.join("node_modules/.installed-lock");
    if fs::read(&installed).ok().as_ref() != Some(&lock) {
        install(work)?;
        fs::write(&installed, &lock).map_err(failed)?;
    }
    run(work, &["run", "build"])?;
    let dist = work.join("dist");
    if dist.join("index.html").exists() {
        Ok(dist)
    } else {
        Err("npm run build left no dist/index.html".to_owned())
    }
}

/// Fetches the packages of the lock file; if that does not fit `package.json`, those that do, with a warning.
fn install(work: &Path) -> Result<(), String> {
    let quiet = ["--no-audit", "--no-fund", "--prefer-offline"];
    let Err(reason) = run(work, &[&["ci"], &quiet[..]].concat()) else { return Ok(()) };
    run(work, &[&["install", "--no-save"], &quiet[..]].concat())?;
    let first = reason.lines().find(|line| line.contains("can only install"));
    println!(
        "cargo::warning=web/package-lock.json was not used: {}",
        first.unwrap_or("npm ci failed")
    );
    Ok(())
}

fn run(work: &Path, arguments: &[&str]) -> Result<(), String> {
    let command = format!("npm {}", arguments.join(" "));
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(work)
        .output()
        .map_err(|error| format!("{command}: {error}; install Node 20 or later"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("npm warn")).collect();
    let shown: Vec<&str> = match lines.len() {
        n if n <= 2 * SHOWN_LINES => lines,
        n => {
            let (head, tail) = (lines.iter().take(SHOWN_LINES), lines.iter().skip(n - SHOWN_LINES));
            head.copied().chain(["…"]).chain(tail.copied()).collect()
        }
    };
    Err(format!("{command} failed\n{}", shown.join("\n")))
}

/// Copies what is written by hand, and has cargo look at it again when it changes.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if LEFT_OUT.iter().any(|folder| name == *folder) {
            continue;
        }
        let (source, target) = (entry.path(), to.join(&name));
        if entry.file_type()?.is_dir() {
            println!("cargo::rerun-if-changed={}", source.display());
            copy(&source, &target)?;
        } else {
            println!("cargo::rerun-if-changed={}", source.display());
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> std::io::Result<()> {
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

/// A Rust table of all files under `dist`, sorted by path.
fn assets(dist: &Path) -> Result<String, Box<dyn Error>> {
    let mut files = Vec::new();
    list(dist, &mut files)?;
    let mut named: Vec<(String, PathBuf)> = Vec::new();
    for file in files {
        let name = file.strip_prefix(dist)?.to_string_lossy().replace('\\', "/");
        named.push((name, fs::canonicalize(file)?));
    }
    named.sort();
    let mut text = String::from("static ASSETS: &[(&str, &[u8])] = &[\n");
    for (name, file) in named {
        let file = file.to_string_lossy();
        writeln!(text, "    ({name:?}, include_bytes!({file:?})),")?;
    }
    text.push_str("];\n");
    Ok(text)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { list(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
