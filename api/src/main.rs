//! The `sharxi` command.

fn main() {}
