//! A program that is started once and takes its cases a line each.

use super::child::{LONGEST_LINE, PATIENCE, Program, ending};
use super::heartbeat::Watch;
use super::lines::{Limits, MERCY, Said, answer, case_line};
use super::time::Time;
use crate::check::{Case, Conduct, History, PollerAnswer, Stage, Subject};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long a program may take to say hello.
const HELLO: Duration = Duration::from_secs(10);
/// Tasks of a case for a program that takes many.
const MANY: usize = 3;
/// How often a program that ended is started again.
const MOST_STARTS: u32 = 50;
/// Lines that are no answers, before the program is ended.
const MOST_STRAYS: usize = 1_000;
/// Cases after whose last answer it is listened for more, whatever the program does.
const PROBATION: u64 = 32;
/// For how long.
const AFTERTHOUGHT: Duration = Duration::from_millis(1);

/// The program and what it said of itself.
pub(super) struct Stream<'c> {
    command: &'c [String],
    hello: Hello,
    time: Time,
    limits: Limits,
    next: AtomicU64,
    /// It was ever heard to answer more often than it was asked.
    repeats_itself: AtomicBool,
    running: tokio::sync::Mutex<State>,
}

/// What a program can do.
#[derive(Debug, Clone, Default)]
struct Hello {
    submits: bool,
    many: bool,
    scales: bool,
    webhooks: bool,
    /// Where it takes webhooks, if it does not say so as it submits.
    callback_url: Option<String>,
}

/// The process of this moment.
#[derive(Default)]
struct State {
    running: Option<Running>,
    starts: u32,
    /// Why it cannot be used at all.
    dead: Option<Conduct>,
}

struct Running {
    program: Program,
    input: ChildStdin,
    desk: Arc<Desk>,
    _watch: Option<Watch>,
}

/// Where the answers to a case come from, and the process that gives them.
type Handed = (UnboundedReceiver<Said>, Arc<Desk>, Option<u32>);

/// Where answers are waited for.
#[derive(Default)]
struct Desk(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    cases: BTreeMap<u64, UnboundedSender<Said>>,
    /// Cases that were cut off: what comes for them is late, and nothing else.
    cut: BTreeSet<u64>,
    /// The number of the next case.
    handed: u64,
    /// Lines that belong to no open case.
    strays: Vec<String>,
    count: usize,
    is_closed: bool,
}

impl Desk {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'c> Stream<'c> {
    /// Starts the program. One that cannot be used is one too: every trial says why.
    pub(super) async fn start(command: &'c [String], time: Time, limits: Limits) -> Self {
        let mut state = State { starts: 1, ..State::default() };
        let hello = match begin(command, &time).await {
            Ok((running, hello)) => {
                state.running = Some(running);
                hello
            }
            Err(conduct) => {
                state.dead = Some(conduct);
                Hello::default()
            }
        };
        let (running, next) = (tokio::sync::Mutex::new(state), AtomicU64::new(0));
        // Who does not say that it scales its time lives in real time.
        let time = if hello.scales { time } else { time.unscaled() };
        Self { command, hello, time, limits, next, repeats_itself: AtomicBool::new(false), running }
    }

    pub(super) fn scale(&self) -> f64 {
        self.time.scale()
    }

    pub(super) fn many(&self) -> usize {
        if self.hello.many { MANY } else { 1 }
    }

    pub(super) fn submits(&self) -> bool {
        self.hello.submits
    }

    pub(super) fn webhooks(&self) -> bool {
        self.hello.webhooks
    }

    /// Ends its input, waits for it to end, and ends it where it does not. What is wrong with how it ended.
    pub(super) async fn finish(self) -> Option<String> {
        let (time, running) = (self.time, self.running.into_inner().running?);
        let Running { mut program, input, desk, .. } = running;
        if desk.lock().is_closed {
            return None;
        }
        let from = Instant::now();
        drop(input);
        if time.within(PATIENCE, program.ended()).await.is_some() {
            let left = program.leaves_others();
            return left.then(|| "it ended and left processes behind, which were ended".to_owned());
        }
        let is_excused = time.took(PATIENCE, time.lateness(from, program.id(), PATIENCE));
        let deaf = if program.stop(&time).await { ", and ignored SIGTERM" } else { "" };
        (!is_excused).then(|| format!("it did not end within {} s of the end of its input{deaf}", PATIENCE.as_secs()))
    }

    /// Hands in a case: where its answers come from.
    async fn hand_in(&self, number: u64, line: &str) -> Result<Handed, Conduct> {
        let mut state = self.running.lock().await;
        if let Some(dead) = &state.dead {
            return Err(dead.clone());
        }
        if state.running.as_ref().is_none_or(|running| running.desk.lock().is_closed) {
            if state.starts == MOST_STARTS {
                let dead = Conduct::Crash(format!("it ended {MOST_STARTS} times, and was not started again"));
                state.dead = Some(dead.clone());
                return Err(dead);
            }
            state.starts += 1;
            state.running = Some(begin(self.command, &self.time).await?.0);
        }
        let Some(running) = &mut state.running else { return Err(Conduct::Crash("it ended".to_owned())) };
        let (sender, answers) = unbounded_channel();
        {
            let mut waiting = running.desk.lock();
            waiting.handed = waiting.handed.max(number + 1);
            waiting.cases.insert(number, sender);
        }
        let (desk, from) = (Arc::clone(&running.desk), Instant::now());
        let written = async {
            running.input.write_all(line.as_bytes()).await?;
            running.input.flush().await
        };
        match self.time.within(PATIENCE, written).await {
            Some(Ok(())) => Ok((answers, desk, running.program.id())),
            Some(Err(_)) => {
                desk.lock().is_closed = true;
                Err(Conduct::Crash("it closed its standard input while cases were left".to_owned()))
            }
            None => {
                desk.lock().is_closed = true;
                let what = "it no longer reads its standard input".to_owned();
                let is_excused = self.time.took(PATIENCE, self.time.lateness(from, running.program.id(), PATIENCE));
                Err(if is_excused { Conduct::NotRun(what) } else { Conduct::Hang(what) })
            }
        }
    }

    /// Why nobody knows what the program would have done that has closed its output.
    async fn doubt(&self) -> Option<String> {
        let mut state = self.running.lock().await;
        let program = &mut state.running.as_mut()?.program;
        let _ = self.time.within(PATIENCE, program.ended()).await;
        program.doubt(&self.time)
    }

    async fn log(&self) -> String {
        self.running.lock().await.running.as_ref().map(|running| running.program.log.text()).unwrap_or_default()
    }
}

impl Subject for Stream<'_> {
    async fn play(&self, case: &Case) -> History {
        let (number, from) = (self.next.fetch_add(1, Ordering::Relaxed), Instant::now());
        let not_run = |why: String| History { conduct: Conduct::NotRun(why), ..History::default() };
        let stage = match self.time.stage(case, self.hello.submits, number).await {
            Ok(stage) => stage,
            Err(error) => return not_run(error.to_string()),
        };
        let called_back = self.hello.callback_url.as_ref().map_or(Ok(()), |url| stage.call_back(url));
        if let Err(why) = called_back {
            return History { conduct: Conduct::Garbage(format!("its hello's {why}")), ..History::default() };
        }
        let handed = self.hand_in(number, &case_line(&stage, case, self.scale(), number)).await;
        let (mut answers, desk, leader) = match handed {
            Ok(handed) => handed,
            Err(conduct) => return History { conduct, log: self.log().await, ..History::default() },
        };
        let count = case.tasks().len();
        let mut said: Vec<Vec<PollerAnswer>> = vec![Vec::new(); count];
        let mut conduct = Conduct::Sound;
        let mut take = |answer: Said| {
            let place = place(&stage, &answer, count);
            match place {
                Some(task) => said[task].push(answer.at(stage.clock().now())),
                None => conduct = Conduct::Garbage("it answered for a task that is not in its case".to_owned()),
            }
        };
        let mut has_ended = false;
        let all = async {
            for _ in 0..count {
                match answers.recv().await {
                    Some(answer) => take(answer),
                    None => {
                        has_ended = true;
                        break;
                    }
                }
            }
        };
        let is_cut = self.time.within(self.limits.of(case, self.scale()), all).await.is_none();
        // The mock notices who has left. Whoever answers twice does so at once, and soon; from who never did nothing more is
        // waited for, and what comes nevertheless is told of as an answer to a case that is closed.
        let is_doubted = number < PROBATION || self.repeats_itself.load(Ordering::Relaxed);
        if is_doubted || self.time.is_led() || !stage.is_idle() {
            self.time.pause(AFTERTHOUGHT).await;
        }
        while let Ok(answer) = answers.try_recv() {
            self.repeats_itself.store(true, Ordering::Relaxed);
            take(answer);
        }
        let strays = {
            let mut waiting = desk.lock();
            waiting.cases.remove(&number);
            if is_cut {
                waiting.cut.insert(number);
            }
            std::mem::take(&mut waiting.strays)
        };
        let lateness = self.time.lateness(from, leader, self.limits.window(self.scale()));
        let doubt = if has_ended { self.doubt().await } else { None };
        let is_silent = said.iter().all(Vec::is_empty);
        if let Some(stray) = strays.first() {
            conduct = Conduct::Garbage(stray.clone());
        } else if has_ended && is_silent {
            conduct = Conduct::Crash("it ended while a case was open".to_owned());
        } else if is_cut && is_silent && stage.requests() == 0 && !self.time.took(MERCY, lateness) {
            conduct = Conduct::Hang("it sent no request and gave no answer for this case".to_owned());
        }
        let log = if conduct == Conduct::Sound { String::new() } else { self.log().await };
        let tasks = stage.histories(case, said);
        let history = History { tasks, submits: stage.submits(), conduct, doubt, lateness, log };
        self.time.told(&stage, history)
    }
}

/// The task that an answer is for.
fn place(stage: &Stage, answer: &Said, count: usize) -> Option<usize> {
    match (&answer.task, stage.ids()) {
        (None, _) if count == 1 => Some(0),
        (None, _) => None,
        // Who submits knows ids that nobody told it, in the order of its submits.
        (Some(task), []) => stage.made().iter().position(|made| made == task).filter(|task| *task < count),
        (Some(task), ids) => ids.iter().position(|id| id == task),
    }
}

/// Starts the program and hears its hello.
async fn begin(command: &[String], time: &Time) -> Result<(Running, Hello), Conduct> {
    let from = Instant::now();
    let started = Program::start(command, &[], time, true);
    let (mut program, output, input) =
        started.map_err(|error| Conduct::NotRun(format!("cannot start {}: {error}", command[0])))?;
    let Some(input) = input else { return Err(Conduct::NotRun("the program has no standard input".to_owned())) };
    let watch = time.follow(program.id(), &output);
    let mut lines = BufReader::new(output);
    let said = time.within(HELLO, line(&mut lines)).await;
    let hello = match said {
        Some(Some(line)) => hello(&line),
        Some(None) => {
            let end = time.within(PATIENCE, program.ended()).await;
            if let Some(doubt) = program.doubt(time) {
                return Err(Conduct::NotRun(doubt));
            }
            let end = end.map_or_else(|| "it closed its output".to_owned(), |status| ending(&status));
            let log = program.log.text();
            let said = if log.trim().is_empty() { String::new() } else { format!("; {}", log.trim_end()) };
            return Err(Conduct::Crash(format!("it ended before its hello ({end}){said}")));
        }
        None => {
            let what = format!("it did not say hello within {} s", HELLO.as_secs());
            let is_excused = time.took(HELLO / 2, time.lateness(from, program.id(), HELLO));
            return Err(if is_excused {
                Conduct::NotRun(format!("{what}, on a machine that was too late to give it that time"))
            } else {
                Conduct::Hang(what)
            });
        }
    };
    let hello = hello.map_err(Conduct::Garbage)?;
    let desk = Arc::<Desk>::default();
    tokio::spawn(sort(lines, Arc::clone(&desk)));
    Ok((Running { program, input, desk, _watch: watch }, hello))
}

/// A line, as long as one may be.
async fn line(lines: &mut BufReader<ChildStdout>) -> Option<String> {
    let mut bytes = Vec::new();
    let mut bounded = lines.take(LONGEST_LINE as u64);
    match bounded.read_until(b'\n', &mut bytes).await {
        Ok(1..) => Some(String::from_utf8_lossy(bytes.trim_ascii()).into_owned()),
        Ok(0) | Err(_) => None,
    }
}

/// Brings answers to those who wait for them.
async fn sort(mut lines: BufReader<ChildStdout>, desk: Arc<Desk>) {
    while let Some(first) = line(&mut lines).await {
        let mut come = vec![first];
        // What came together is brought together: the second answer to a case as long as that is open.
        while lines.buffer().contains(&b'\n') {
            come.extend(line(&mut lines).await);
        }
        let mut waiting = desk.lock();
        come.iter().for_each(|line| waiting.take(line));
        if waiting.count > MOST_STRAYS {
            break;
        }
    }
    let mut waiting = desk.lock();
    waiting.is_closed = true;
    // Whoever waits hears that nothing more comes.
    waiting.cases.clear();
}

impl Waiting {
    /// Takes a line, for the case that it answers.
    fn take(&mut self, line: &str) {
        let stray = match answer(line) {
            _ if line.is_empty() => return,
            Ok(said) => match said.case.and_then(|case| self.cases.get(&case)) {
                Some(sender) => {
                    let _ = sender.send(said);
                    return;
                }
                None => match said.case {
                    Some(case) if self.cut.contains(&case) => return,
                    Some(case) if case < self.handed => format!("it answered again for case {case}"),
                    Some(case) => format!("it answered for case {case}, which is not open"),
                    None => "it answered without saying for which case".to_owned(),
                },
            },
            Err(why) => why,
        };
        self.count += 1;
        if self.strays.len() < 8 {
            self.strays.push(stray);
        }
    }
}

/// `{"hello":{"version":1,"capabilities":[…]}}`.
fn hello(line: &str) -> Result<Hello, String> {
    let shown: String = line.chars().take(200).collect();
    let value: Value = serde_json::from_str(line).map_err(|_| format!("`{shown}` is not a hello"))?;
    let said = value.get("hello").ok_or_else(|| format!("`{shown}` is not a hello"))?;
    match said.get("version").and_then(Value::as_u64) {
        Some(1) => {}
        _ => return Err(format!("its hello is not of version 1: `{shown}`")),
    }
    let mut hello = Hello::default();
    for capability in said.get("capabilities").and_then(Value::as_array).into_iter().flatten() {
        match capability.as_str() {
            Some("submit") => hello.submits = true,
            Some("many") => hello.many = true,
            Some("time-scale") => hello.scales = true,
            Some("webhook") => hello.webhooks = true,
            // What later versions know is no mistake.
            _ => {}
        }
    }
    hello.callback_url = said.get("callback_url").and_then(Value::as_str).map(str::to_owned);
    if hello.webhooks && !hello.submits && hello.callback_url.is_none() {
        return Err(format!("its hello says `webhook` without a `callback_url`: `{shown}`"));
    }
    Ok(hello)
}
