//! Waits for generation tasks of APIXO. Rust 1.70 or later, no crates: requests are made by the program `curl`.
//!
//!     rustc -O poller.rs && ./poller MODEL TASK_ID    waits for a task that was submitted before, here or elsewhere
//!
//! The API key is read from APIXO_API_KEY, the server from APIXO_BASE_URL.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// When to look: at these instants since the start of the wait, then at equal gaps, and once more at the deadline.
struct Settings {
    model: &'static str,
    checks_ms: &'static [u64],
    then_every_ms: u64,
    deadline_ms: u64,
}

// settings: begin
// The guide's settings: an example, which `pollbench tune --write-poller rust` replaces.
const SETTINGS: &[Settings] = &[Settings {
    model: "sora-2",
    checks_ms: &[60000],
    then_every_ms: 15000,
    deadline_ms: 600000,
}];
// For models that are not named above: the guide's settings.
const ANY_MODEL: Settings = Settings {
    model: "",
    checks_ms: &[10000],
    then_every_ms: 5000,
    deadline_ms: 300000,
};
// settings: end

/// The longest that one request may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// A Retry-After is obeyed within these bounds: 0 must not make a busy loop, and a day is ignored.
const RETRY_AFTER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How often a sleep looks whether the wait is cancelled.
const GLANCE: Duration = Duration::from_millis(50);

/// How a wait ends without a result.
#[derive(Debug)]
pub enum Ending {
    /// The task ended without a result.
    Failed(String),
    /// The deadline passed; the task may still end, and can be waited for again by its id.
    TimedOut(String),
    /// The server refuses the request itself: asking again cannot help.
    Refused(String),
    /// The caller cancelled the wait.
    Cancelled,
}

/// Waits until the task ends, and returns the URLs of its results.
///
/// Asks at the instants of the settings, and once more at the deadline. Whatever tells nothing (lost connections, server
/// errors, rate limits, half an answer) is asked over until then. Nothing is kept between calls, so a new process can go on
/// where this one stopped. `cancelled` ends the wait when it is set.
pub fn wait_for_task(
    model: &str,
    task_id: &str,
    deadline: Option<Duration>,
    cancelled: &AtomicBool,
) -> Result<Vec<String>, Ending> {
    let settings = SETTINGS
        .iter()
        .find(|settings| settings.model == model)
        .unwrap_or(&ANY_MODEL);
    let deadline = deadline.unwrap_or_else(|| scaled(settings.deadline_ms));
    let start = Instant::now();
    let mut planned = next_check(settings, None);
    let mut not_before = Duration::ZERO;
    loop {
        let at = planned.max(not_before);
        let is_last = at >= deadline;
        let at = at.min(deadline);
        while start.elapsed() < at {
            if cancelled.load(Ordering::Relaxed) {
                return Err(Ending::Cancelled);
            }
            std::thread::sleep(GLANCE.min(at.saturating_sub(start.elapsed())));
        }

        // The look at the deadline has the whole attempt timeout, every other one what is left.
        let attempt = ATTEMPT_TIMEOUT
            .div_f64(time_scale())
            .max(Duration::from_secs(1));
        let timeout = if is_last {
            attempt
        } else {
            attempt.min(deadline - at)
        };
        let seen = check(model, task_id, timeout);
        match seen.told {
            Told::Success(urls) => return Ok(urls),
            Told::Failed(why) => return Err(Ending::Failed(why)),
            Told::Refused(why) if !is_last => return Err(Ending::Refused(why)),
            Told::Refused(why) | Told::Nothing(why) if is_last => {
                return Err(Ending::TimedOut(why))
            }
            Told::Unfinished if is_last => return Err(Ending::TimedOut("unfinished".to_owned())),
            _ => {}
        }
        let elapsed = start.elapsed();
        planned = next_check(settings, Some(elapsed));
        not_before = elapsed + seen.retry_after;
    }
}

/// When to look next, since the start: at the first planned instant still to come, or after a gap.
fn next_check(settings: &Settings, elapsed: Option<Duration>) -> Duration {
    let planned = settings.checks_ms.iter().map(|ms| scaled(*ms));
    let mut to_come = planned.filter(|at| elapsed.map_or(true, |elapsed| *at > elapsed));
    to_come
        .next()
        .unwrap_or_else(|| elapsed.unwrap_or_default() + scaled(settings.then_every_ms))
}

/// Settings are divided by this: only tests against a mock that is faster than life set it.
fn time_scale() -> f64 {
    let scale = std::env::var("POLLBENCH_TIME_SCALE")
        .ok()
        .and_then(|scale| scale.parse().ok());
    scale.filter(|scale| *scale > 0.0).unwrap_or(1.0)
}

fn scaled(ms: u64) -> Duration {
    Duration::from_millis(ms).div_f64(time_scale())
}

/// What one request told of the task.
enum Told {
    Unfinished,
    Success(Vec<String>),
    Failed(String),
    Refused(String),
    Nothing(String),
}

struct Seen {
    told: Told,
    retry_after: Duration,
}

fn check(model: &str, task_id: &str, timeout: Duration) -> Seen {
    let (status, head, body) = match request(model, task_id, timeout) {
        Ok(answer) => answer,
        Err(why) => {
            return Seen {
                told: Told::Nothing(why),
                retry_after: Duration::ZERO,
            }
        }
    };
    let answer = Json::read(&body);
    let field = |name: &str| answer.as_ref().and_then(|answer| answer.field(name));
    // Some servers say in the body what they should have said in the status.
    let said = field("code")
        .and_then(Json::number)
        .filter(|_| status == 200);
    let status = said.map_or(status, |code| code as u64);
    let data = field("data");
    let text = |name: &str| data.and_then(|data| data.field(name)).and_then(Json::text);
    let told = if status != 200 {
        let words = format!(
            "HTTP {status} {}",
            field("message").and_then(Json::text).unwrap_or_default()
        );
        // A replica that lags may not know a new task yet: 404 passes, as 408, 425 and 429 do.
        let passes = matches!(status, 404 | 408 | 425 | 429);
        if (400..500).contains(&status) && !passes {
            Told::Refused(words)
        } else {
            Told::Nothing(words)
        }
    } else if !matches!(data, Some(Json::Object(_))) {
        Told::Nothing("an answer without data".to_owned())
    } else if text("taskId").map_or(false, |id| id != task_id) {
        Told::Nothing("an answer about another task".to_owned())
    } else {
        match text("state") {
            Some("failed") => Told::Failed(format!(
                "{}: {}",
                text("failCode").unwrap_or("failed"),
                text("failMsg").unwrap_or_default()
            )),
            Some("success") => match text("resultJson").and_then(result_urls) {
                Some(urls) => Told::Success(urls),
                None => Told::Nothing("a result that cannot be read".to_owned()),
            },
            // `pending`, `processing`, and states that are not known here: the task is not done.
            _ => Told::Unfinished,
        }
    };
    Seen {
        told,
        retry_after: retry_after(&head),
    }
}

fn result_urls(result_json: &str) -> Option<Vec<String>> {
    let result = Json::read(result_json)?;
    let Json::Array(urls) = result.field("resultUrls")? else {
        return None;
    };
    let urls: Option<Vec<String>> = urls
        .iter()
        .map(|url| url.text().map(str::to_owned))
        .collect();
    urls.filter(|urls| !urls.is_empty())
}

/// Status, head and body of an answer. The key goes in by standard input, so that no list of processes shows it.
fn request(model: &str, task_id: &str, timeout: Duration) -> Result<(u64, String, String), String> {
    let origin =
        std::env::var("APIXO_BASE_URL").unwrap_or_else(|_| "https://api.apixo.ai".to_owned());
    let root = origin.trim_end_matches('/').trim_end_matches("/api/v1");
    let key = std::env::var("APIXO_API_KEY").unwrap_or_default();
    let url = format!(
        "{root}/api/v1/statusTask/{}?taskId={}",
        encoded(model),
        encoded(task_id)
    );
    let lost = |error: std::io::Error| format!("curl: {error}");
    let mut curl = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--include",
            "--max-redirs",
            "0",
            "--max-filesize",
            "1048576",
        ])
        .args([
            "--http1.1",
            "--max-time",
            &format!("{:.3}", timeout.as_secs_f64().max(0.001)),
            "--config",
            "-",
            &url,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(lost)?;
    if let Some(mut stdin) = curl.stdin.take() {
        let key = key.replace(['"', '\\', '\n', '\r'], "");
        writeln!(stdin, "header = \"Authorization: Bearer {key}\"").map_err(lost)?;
    }
    let mut answer = Vec::new();
    if let Some(stdout) = curl.stdout.take() {
        // An answer must not be endless.
        stdout
            .take(1 << 21)
            .read_to_end(&mut answer)
            .map_err(lost)?;
    }
    let ended = curl.wait_with_output().map_err(lost)?;
    if !ended.status.success() {
        return Err(String::from_utf8_lossy(&ended.stderr).trim().to_owned());
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or("an answer without a head")?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or("an answer without a status")?;
    Ok((status, head.to_owned(), body.to_owned()))
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            (byte as char).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// How long to stay away, from seconds or an HTTP date; nothing for anything else.
fn retry_after(head: &str) -> Duration {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let header = lines
        .filter(|(name, _)| name.eq_ignore_ascii_case("retry-after"))
        .map(|(_, value)| value.trim())
        .last();
    let Some(text) = header else {
        return Duration::ZERO;
    };
    let asked = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Some(Duration::from_secs(
            text.parse().unwrap_or(u64::from(u32::MAX)),
        ))
    } else {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        http_date(text).map(|date| date.saturating_sub(now))
    };
    asked.map_or(Duration::ZERO, |asked| {
        asked.clamp(RETRY_AFTER.0, RETRY_AFTER.1)
    })
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, since 1970.
fn http_date(text: &str) -> Option<Duration> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, date) = text.split_once(", ")?;
    let [day, month, year, clock, "GMT"] = date.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|known| *known == month)? as u64 + 1;
    let (day, year): (u64, u64) = (
        day.parse().ok()?,
        year.parse()
            .ok()
            .filter(|year| (1970..10_000).contains(year))?,
    );
    let [h, m, s] = clock
        .split(':')
        .map(|part| part.parse().ok())
        .collect::<Option<Vec<u64>>>()?[..]
    else {
        return None;
    };
    // Days from the civil date: years begin in March, so that the leap day is their last.
    let (y, m0) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m0 + 2) / 5 + day - 1;
    Some(Duration::from_secs(
        days.checked_sub(719_468)? * 86_400 + h * 3_600 + m * 60 + s,
    ))
}

/// JSON, as much of it as an answer needs.
enum Json {
    Other,
    Number(f64),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The value that a text is, and nothing but that.
    fn read(text: &str) -> Option<Self> {
        let mut rest = text;
        let value = Self::value(&mut rest, 0)?;
        rest.trim_start().is_empty().then_some(value)
    }

    fn value(rest: &mut &str, depth: usize) -> Option<Self> {
        *rest = rest.trim_start();
        match rest.chars().next()? {
            _ if depth > 64 => None,
            '"' => Self::string(rest).map(Self::Text),
            '[' => Self::list(rest, ']', |rest| Self::value(rest, depth + 1)).map(Self::Array),
            '{' => {
                let pair = |rest: &mut &str| {
                    *rest = rest.trim_start();
                    let key = Self::string(rest)?;
                    *rest = rest.trim_start().strip_prefix(':')?;
                    Some((key, Self::value(rest, depth + 1)?))
                };
                Self::list(rest, '}', pair).map(Self::Object)
            }
            _ => {
                let end = rest
                    .find([',', ']', '}', ' ', '\n', '\r', '\t'])
                    .unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                *rest = after;
                match word {
                    "null" | "true" | "false" => Some(Self::Other),
                    _ => word
                        .parse()
                        .ok()
                        .filter(|number: &f64| number.is_finite())
                        .map(Self::Number),
                }
            }
        }
    }

    fn list<T>(
        rest: &mut &str,
        end: char,
        item: impl Fn(&mut &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut items = Vec::new();
        *rest = rest[1..].trim_start();
        if let Some(after) = rest.strip_prefix(end) {
            *rest = after;
            return Some(items);
        }
        loop {
            items.push(item(rest)?);
            *rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix(end) {
                *rest = after;
                return Some(items);
            }
            *rest = rest.strip_prefix(',')?;
        }
    }

    fn string(rest: &mut &str) -> Option<String> {
        let mut text = String::new();
        let mut chars = rest.strip_prefix('"')?.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => match chars.next()? {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'b' => text.push('\u{8}'),
                    'f' => text.push('\u{c}'),
                    'u' => {
                        let unit = |chars: &mut std::str::Chars<'_>| {
                            let hex: String = chars.take(4).collect();
                            u16::from_str_radix(&hex, 16).ok()
                        };
                        let mut units = vec![unit(&mut chars)?];
                        // Half of a pair: the other one follows.
                        if (0xd800..0xdc00).contains(&units[0]) && chars.as_str().starts_with("\\u")
                        {
                            chars.nth(1);
                            units.push(unit(&mut chars)?);
                        }
                        text.push_str(&String::from_utf16_lossy(&units));
                    }
                    plain => text.push(plain),
                },
                plain => text.push(plain),
            }
        }
        *rest = chars.as_str();
        Some(text)
    }

    fn field(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else {
            return None;
        };
        fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    fn number(&self) -> Option<f64> {
        if let Self::Number(number) = self {
            Some(*number)
        } else {
            None
        }
    }
}

/// A text as a literal of JSON.
fn literal(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", c as u32),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// Run as a program: one line of JSON on standard output says how it ended. A signal ends it; the same command goes on.
fn main() {
    let or_said = |at: usize, name: &str| {
        std::env::args()
            .nth(at)
            .or_else(|| std::env::var(name).ok())
    };
    let (Some(model), Some(task_id)) = (
        or_said(1, "POLLBENCH_MODEL"),
        or_said(2, "POLLBENCH_TASK_ID"),
    ) else {
        eprintln!("usage: poller MODEL TASK_ID");
        std::process::exit(2);
    };
    let deadline_ms = std::env::var("POLLBENCH_DEADLINE_MS")
        .ok()
        .and_then(|ms| ms.parse::<f64>().ok());
    let deadline = deadline_ms
        .filter(|ms| *ms >= 0.0)
        .map(|ms| Duration::from_millis(ms as u64));
    let (outcome, urls) = match wait_for_task(&model, &task_id, deadline, &AtomicBool::new(false)) {
        Ok(urls) => ("success", urls),
        Err(ending) => {
            eprintln!("{ending:?}");
            let outcome = match ending {
                Ending::Failed(_) => "failed",
                Ending::TimedOut(_) => "timeout",
                Ending::Refused(_) | Ending::Cancelled => "error",
            };
            (outcome, Vec::new())
        }
    };
    let urls: Vec<String> = urls.iter().map(|url| literal(url)).collect();
    println!(
        "{{\"outcome\":\"{outcome}\",\"urls\":[{}]}}",
        urls.join(",")
    );
    std::process::exit(i32::from(outcome != "success"));
}
