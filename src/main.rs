//! The program: everything it does is in [`pollbench::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    pollbench::cli::main()
}
