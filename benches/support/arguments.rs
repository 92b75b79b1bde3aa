//! What a bench was started with.

/// The arguments behind the program's name.
#[derive(Debug)]
pub(crate) struct Arguments(Vec<String>);

impl Arguments {
    pub(crate) fn read() -> Self {
        Self(std::env::args().skip(1).collect())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.iter().any(|argument| argument == name)
    }

    /// What stands behind a flag.
    pub(crate) fn after(&self, flag: &str) -> Option<&[String]> {
        let at = self.0.iter().position(|argument| argument == flag)?;
        Some(&self.0[at + 1..])
    }

    /// Which contenders run: those with this in `title/contender/`, as in the tables.
    pub(crate) fn filter(&self) -> &str {
        self.0.iter().find(|argument| !argument.starts_with("--")).map_or("", String::as_str)
    }

    /// Whether the table with this title runs, or any of these contenders in it.
    pub(crate) fn runs(&self, title: &str, contenders: &[&str]) -> bool {
        let is_wanted = |contender: &&str| format!("{title}/{contender}/").contains(self.filter());
        format!("{title}/").contains(self.filter()) || contenders.iter().any(is_wanted)
    }

    /// Whether figures are wanted. Cargo says so with `--bench`; without, a short round shows that everything runs.
    pub(crate) fn is_timed(&self) -> bool {
        self.flag("--bench")
    }
}
