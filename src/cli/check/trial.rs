//! One trial of a program that is started for it.

use super::child::{LONGEST_LINE, Log, PATIENCE, Program, ending};
use super::lines::{Limits, MERCY, answer, environment, filled};
use super::time::Time;
use crate::check::{Case, Conduct, History, Stage};
use crate::time::Micros;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::process::ChildStdout;

/// How often it is looked in real time whether a program asks without a pause: virtual time would stand still.
const GLANCE: Duration = Duration::from_millis(100);
/// Bytes that a program may write to standard output.
const MOST_OUTPUT: usize = 16 << 20;

/// The last line of what a program wrote, and when it was there.
#[derive(Debug, Default)]
struct LastLine {
    text: Vec<u8>,
    /// The line after it, as far as it is there.
    open: Vec<u8>,
    at: Option<Micros>,
    bytes: usize,
    is_flood: bool,
}

/// Starts the program for a case, and sees what it does.
pub(super) async fn trial(command: &[String], time: &Time, limits: Limits, case: &Case, number: u64) -> History {
    let (from, scale) = (Instant::now(), time.scale());
    let not_run = |why: String| History { conduct: Conduct::NotRun(why), ..History::default() };
    let stage = match time.stage(case, false, 0).await {
        Ok(stage) => stage,
        Err(error) => return not_run(error.to_string()),
    };
    let words = filled(command, &stage, case, scale);
    let (mut program, output, _) = match Program::start(&words, &environment(&stage, case, scale, number), time, false)
    {
        Ok(started) => started,
        Err(error) => return not_run(format!("cannot start {}: {error}", words[0])),
    };
    let leader = program.id();
    let watch = time.follow(leader, &output);
    let (mut last, log) = (LastLine::default(), program.log.clone());
    let most = Stage::most_requests(case);
    let flood = async {
        while stage.requests() < most {
            tokio::time::sleep(GLANCE).await;
        }
    };
    let is_over = tokio::select! {
        read = time.within(limits.of(case, scale), read(output, &stage, &mut last, &log)) => read.is_some(),
        () = flood => false,
    };
    // Whatever it has answered meanwhile: whether it had is a matter of chance.
    let is_flood = stage.requests() >= most;
    let late = || time.lateness(from, leader, limits.window(scale));
    let lateness = late();
    let conduct = match is_flood {
        true => {
            program.kill();
            Conduct::Hang(format!("it made {most} requests for one task, and was stopped"))
        }
        false => conduct(&mut program, time, &stage, &last, is_over, &late).await,
    };
    let doubt = program.doubt(time);
    let said = last.said().and_then(|(at, line)| Some(answer(&line).ok()?.at(at)));
    drop(program);
    drop(watch);
    // The mock notices who has left.
    time.pause(Duration::from_millis(1)).await;
    let tasks = if is_flood { stage.flooded(case) } else { stage.histories(case, vec![said.into_iter().collect()]) };
    time.told(&stage, History { tasks, conduct, doubt, lateness, log: log.text(), ..History::default() })
}

/// How the program behaved: what it had no time for, because the machine was `late`, is not held against it.
async fn conduct(
    program: &mut Program,
    time: &Time,
    stage: &Stage,
    last: &LastLine,
    is_over: bool,
    late: &impl Fn() -> Micros,
) -> Conduct {
    if last.is_flood {
        program.kill();
        return Conduct::Garbage(format!("it wrote more than {} MiB to standard output", MOST_OUTPUT >> 20));
    }
    let said = last.said().map(|(_, line)| answer(&line));
    let has_answered = matches!(said, Some(Ok(_)));
    if !is_over && !has_answered {
        let asked = stage.requests();
        let is_slow = program.stop(time).await;
        let deaf = if is_slow { ", and ignored SIGTERM" } else { "" };
        return match asked {
            // What it did is for the properties to judge.
            _ if time.took(MERCY, late()) => Conduct::Sound,
            0 => Conduct::Hang(format!("it sent no request and gave no answer until it was stopped{deaf}")),
            _ if is_slow => Conduct::Hang(format!("it was still running when it was stopped{deaf}")),
            _ => Conduct::Sound,
        };
    }
    let Some(status) = time.within(PATIENCE, program.ended()).await else {
        let is_excused = time.took(PATIENCE, late());
        let deaf = if program.stop(time).await { ", and ignored SIGTERM" } else { "" };
        let what = format!("it did not end within {} s of its answer{deaf}", PATIENCE.as_secs());
        return if is_excused { Conduct::Sound } else { Conduct::Hang(what) };
    };
    let is_good_end = status.as_ref().is_ok_and(std::process::ExitStatus::success);
    match said {
        Some(Ok(_)) if program.leaves_others() => {
            program.kill();
            Conduct::Hang("it ended and left processes behind, which were ended".to_owned())
        }
        Some(Ok(_)) => Conduct::Sound,
        Some(Err(why)) if is_good_end => Conduct::Garbage(format!("its last line is not an answer: {why}")),
        None if is_good_end => Conduct::Garbage("it ended without a line on standard output".to_owned()),
        Some(Err(_)) | None => Conduct::Crash(format!("it ended without an answer ({})", ending(&status))),
    }
}

/// Reads what the program writes, until it ends, writes too much, or all of its output is closed.
async fn read(output: ChildStdout, stage: &Stage, last: &mut LastLine, log: &Log) {
    let mut output = BufReader::new(output);
    let mut bytes = vec![0; 16 << 10];
    while let Ok(count @ 1..) = output.read(&mut bytes).await {
        log.push(&bytes[..count]);
        last.take(&bytes[..count], stage.clock().now());
        // An answer is the end of the wait: whether the program ends is looked at apart.
        if last.is_flood || last.is_answer() {
            break;
        }
    }
    if last.at.is_none() && !last.open.is_empty() {
        last.take(b"\n", stage.clock().now());
    }
}

impl LastLine {
    fn take(&mut self, bytes: &[u8], now: Micros) {
        self.bytes += bytes.len();
        self.is_flood |= self.bytes > MOST_OUTPUT;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.open.len() < LONGEST_LINE {
                self.open.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.open);
                if !line.trim_ascii().is_empty() {
                    (self.text, self.at) = (line, Some(now));
                }
            }
        }
    }

    fn said(&self) -> Option<(Micros, String)> {
        Some((self.at?, String::from_utf8_lossy(self.text.trim_ascii()).into_owned()))
    }

    fn is_answer(&self) -> bool {
        self.open.is_empty() && self.said().is_some_and(|(_, line)| answer(&line).is_ok())
    }
}
