//! The command that makes the same numbers again: what was asked for, and the numbers that a scenario file may change.

use super::Compare;
use crate::scenario::Scenario;

impl Compare {
    /// A line for a shell. Flags that change no number are left out; a key never appears.
    pub(super) fn again(&self, scenario: &Scenario) -> String {
        // Every flag is named here, so that a new one is decided on.
        let Self {
            scenario: file,
            ground,
            models,
            strategies,
            tasks: _,
            replicates: _,
            seed: _,
            threads: _,
            out: _,
            format: _,
            per_task: _,
            strict: _,
            quiet: _,
        } = self;
        let list = |flag, names: &Option<Vec<String>>| names.as_ref().map(|names| (flag, names.join(",")));
        let mut flags = ground.flags();
        flags.extend(list("--models", models));
        flags.extend(list("--strategies", strategies));
        flags.extend([
            ("--tasks", scenario.tasks.to_string()),
            ("--replicates", scenario.replicates.to_string()),
            ("--seed", scenario.seed.to_string()),
        ]);
        let words = flags.into_iter().map(|(flag, value)| format!(" {flag} {}", quoted(&value)));
        format!("pollbench compare {}{}", quoted(file), words.collect::<String>())
    }
}

/// A word of a shell command.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::shipped::load;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        compare: Compare,
    }

    fn parsed(words: &[&str]) -> Compare {
        let words = ["compare"].iter().chain(words);
        Line::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).compare
    }

    /// Parsed again, the line asks for the same scenario, and is the same line.
    #[test]
    fn the_line_asks_for_the_same_again() {
        for words in [
            &["flaky"][..],
            &["flaky", "--models", "flux-2", "--strategies", "basic,adaptive", "--tasks", "3", "--seed", "9"],
            &["documented", "--engine", "wire", "--time-scale", "2.5", "--max-lateness", "3s"],
            &["a folder/it's mine.toml", "--engine", "virtual", "--quiet", "--threads", "2"],
        ] {
            let asked = parsed(words);
            let scenario = load("flaky").expect("a shipped scenario").narrowed(&asked.overrides()).expect("it exists");
            let line = asked.again(&scenario);
            let rest = line.strip_prefix("pollbench compare ").expect("the command");
            let unquoted = rest.replace(r"'\''", "\u{1}").replace('\'', "").replace('\u{1}', "'");
            assert!(unquoted.starts_with(words[0]), "{line}");
            let again: Vec<&str> = unquoted[words[0].len()..].split_whitespace().collect();
            let again = parsed(&[&words[..1], &again[..]].concat());
            assert_eq!(again.again(&scenario), line);
            for flag in words.iter().filter(|word| word.starts_with("--") && !["--quiet", "--threads"].contains(word)) {
                assert!(line.contains(*flag), "{flag} is missing in {line}");
            }
        }
    }
}
