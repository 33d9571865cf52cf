//! What is wrong with a TOML text, in one line.
//!
//! The library shows the line of the text with a mark below it; a command says what is wrong in one line.

use std::ops::Range;

/// The error in one line: with the line of `text` where it stands, or the key that it is about.
#[must_use]
pub fn problem(error: &toml::de::Error, text: &str) -> String {
    match error.span() {
        Some(span) => format!("line {}: {}", line_of(text, &span), one_line(error.message())),
        None => one_line(&error.to_string()),
    }
}

/// All lines of a text as one.
#[must_use]
pub fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(", ")
}

/// From 1.
fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.as_bytes().iter().take(span.start);
    1 + before.filter(|&&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_with_its_place() {
        let text = "a = 1\nb = = 2\n";
        let error = text.parse::<toml::Table>().unwrap_err();
        let problem = problem(&error, text);
        assert!(problem.starts_with("line 2: ") && !problem.contains('\n'), "{problem}");
    }
}
