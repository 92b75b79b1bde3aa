//! The command that makes the same numbers again: what was asked for, and the numbers that a scenario file may change.

use super::Compare;
use super::jobs::Job;
use crate::cli::shell::quoted;
use crate::report::distinct;

impl Compare {
    /// A line for a shell. Flags that change no number are left out; a key never appears.
    pub(super) fn again(&self, jobs: &[Job]) -> String {
        // Every flag is named here, so that a new one is decided on.
        let Self {
            scenarios: _,
            weather: _,
            engine,
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
            until,
            webhook,
            no_webhook,
            shard: _,
            changes,
        } = self;
        let files = distinct(jobs.iter().map(|job| job.file.as_str()));
        let weathers = distinct(jobs.iter().filter_map(|job| job.weather.as_deref()));
        let list = |flag, names: &Option<Vec<String>>| names.as_ref().map(|names| (flag, names.join(",")));
        let mut flags = engine.flags();
        flags.extend((!weathers.is_empty()).then(|| ("--weather", weathers.join(","))));
        flags.extend(changes.flags());
        flags.extend(list("--models", models));
        flags.extend(list("--strategies", strategies));
        // Where scenarios differ in a number, each has its own, unless the user said one for all.
        let said = |flag, value: &dyn Fn(&Job) -> String| {
            let first = jobs.first().map(value)?;
            jobs.iter().all(|job| value(job) == first).then_some((flag, first))
        };
        flags.extend(said("--tasks", &|job| job.scenario.tasks.to_string()));
        flags.extend(said("--replicates", &|job| job.scenario.replicates.to_string()));
        flags.extend(said("--seed", &|job| job.scenario.seed.to_string()));
        flags.extend(until.flags());
        let told = [("--webhook", *webhook), ("--no-webhook", *no_webhook)].into_iter().filter(|(_, is_said)| *is_said);
        let told: String = told.map(|(flag, _)| format!(" {flag}")).collect();
        let files: String = files.iter().map(|file| format!(" {}", quoted(file))).collect();
        let words: String = flags.into_iter().map(|(flag, value)| format!(" {flag} {}", quoted(&value))).collect();
        format!("pollbench compare{files}{words}{told}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
            &["flaky", "--engine", "virtual", "--quiet", "--threads", "2"],
            &["flaky", "documented", "--tasks", "9"],
            &["documented", "--weather", "flaky,outage-5m", "--seed", "3"],
            &["flaky", "--until", "lost=5%", "--budget", "30"],
            &["flaky", "--models", "flux-2", "--no-webhook"],
            &["rate-limited", "--set", "horizon=20m", "--set", "faults.0.burst=3"],
        ] {
            let asked = parsed(words);
            let line = asked.again(&asked.jobs().unwrap_or_else(|error| panic!("{error:?}")));
            let rest = line.strip_prefix("pollbench compare ").expect("the command");
            assert!(rest.starts_with(words[0]), "{line}");
            let again = parsed(&rest.split_whitespace().collect::<Vec<_>>());
            assert_eq!(again.again(&again.jobs().unwrap_or_else(|error| panic!("{error:?}"))), line);
            for flag in words.iter().filter(|word| word.starts_with("--") && !["--quiet", "--threads"].contains(word)) {
                assert!(line.contains(*flag), "{flag} is missing in {line}");
            }
        }
    }
}
