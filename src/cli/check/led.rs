//! Trials in virtual time: each on a thread of its own, which leads the mock and one program through it.

use super::lines::Limits;
use super::time::Time;
use super::trial::trial;
use crate::check::{Case, Conduct, History, write_case};
use crate::cli::console::Failure;
use crate::net::warp::{Stuck, Warp};
use tokio::runtime::{Builder, Runtime};

/// Time for a program whose chance `key` decides.
pub(super) fn warp(key: u64) -> Result<Warp, Failure> {
    Warp::new(key | 1)
        .map_err(|missing| Failure::Run(format!("--clock virtual cannot work here: {missing}; --clock scaled can")))
}

/// A runtime that is led: nothing else runs on it.
pub(super) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Why nothing can be said of a trial.
pub(super) fn doubt(stuck: &Stuck) -> String {
    format!("the program could not be run in virtual time: {stuck}")
}

/// A number that depends on the case alone: the same case, the same chance (FNV-1a).
fn key(case: &Case) -> u64 {
    let fold = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    write_case(case).bytes().fold(0xCBF2_9CE4_8422_2325, fold)
}

/// One trial.
pub(super) async fn play(command: &[String], limits: Limits, case: &Case) -> History {
    let (command, case) = (command.to_vec(), case.clone());
    let played = tokio::task::spawn_blocking(move || alone(&command, limits, &case)).await;
    played.unwrap_or_else(|error| not_run(error.to_string()))
}

fn not_run(why: String) -> History {
    History { conduct: Conduct::NotRun(why), ..History::default() }
}

/// How often a trial is begun that virtual time cannot be led through to its end.
const TRIES: u32 = 3;

fn alone(command: &[String], limits: Limits, case: &Case) -> History {
    let mut tries = 0;
    loop {
        tries += 1;
        match attempt(command, limits, case) {
            Ok(history) => return history,
            // What a busy machine did to a trial it hardly does three times; who computes for half a minute does so again.
            Err(stuck) if tries < TRIES && !matches!(stuck, Stuck::Busy(_)) => {}
            Err(stuck) => return History { doubt: Some(doubt(&stuck)), ..History::default() },
        }
    }
}

fn attempt(command: &[String], limits: Limits, case: &Case) -> Result<History, Stuck> {
    let key = key(case);
    let (warp, runtime) = match (Warp::new(key | 1), runtime()) {
        (Ok(warp), Ok(runtime)) => (warp, runtime),
        (Err(missing), _) => return Ok(not_run(missing.to_string())),
        (_, Err(error)) => return Ok(not_run(error.to_string())),
    };
    let time = Time::led(&warp);
    let (history, _) = runtime.block_on(warp.drive(trial(command, &time, limits, case, key % 1_000_000)));
    runtime.shutdown_background();
    history
}
