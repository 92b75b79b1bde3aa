//! Programs that know nothing of it live in virtual time: `pollbench warp` and `check --clock virtual`. What needs Node,
//! Python, Perl or curl is left out where they are not there, and says so.

#![cfg(warp)]

#[path = "../support/interpreter.rs"]
mod interpreter;
mod lacks;
mod pools;
mod rules;
mod support;

use serde_json::Value;
use support::{client, has, instants, journal, pollbench, poller, text};

/// Promise: a program that polls every three seconds does so at every third second, to the microsecond, whatever it is
/// written in.
#[test]
fn polls_come_at_exact_instants() {
    let expected: Vec<f64> = (0..=20).map(|n| f64::from(n) * 3_000.0).collect();
    let clients = [
        ("python3", "--version", "clients/poll_urllib.py"),
        ("node", "--version", "clients/fetch.mjs"),
        ("perl", "--version", "clients/tiny.pl"),
        ("bash", "--version", "clients/curl.sh"),
        ("ruby", "--version", "clients/poll.rb"),
    ];
    for (program, version, file) in clients {
        if !has(program, version) || (program == "bash" && !has("curl", "--version")) {
            continue;
        }
        assert_eq!(instants(&journal(&[program, &client(file)])), expected, "{program}");
    }
}

/// Asks at ten planned instants, each of which is over when more than it has passed by the clock of that name.
const ROUNDED: &str = r#"
import os, sys, time, urllib.request
of, now = os.environ, getattr(time, sys.argv[1])
url = f"{of['APIXO_BASE_URL']}/statusTask/{of['POLLBENCH_MODEL']}?taskId={of['POLLBENCH_TASK_ID']}"
asked = urllib.request.Request(url, headers={"Authorization": "Bearer " + of["APIXO_API_KEY"]})
planned, start, passed = [21.794 + 4.777 * n for n in range(10)], now(), -1.0
for _ in range(40):
    if all(at <= passed for at in planned):
        break
    at = next(at for at in planned if at > passed)
    time.sleep(max(0.0, start + at - now()))
    urllib.request.urlopen(asked, timeout=10).read()
    passed = now() - start
print('{"outcome": "timeout", "urls": []}')
"#;

/// Promise: no program is held at an instant by a clock that it reads as a rounded number: where that is finer than a nanosecond
/// it asks once, and where it is a fraction of a microsecond twice at most, which is no busy loop.
#[test]
fn rounded_clocks_hold_nobody_at_an_instant() {
    if !has("python3", "--version") {
        return;
    }
    for (clock, most) in [("monotonic", 1), ("time", 2)] {
        let asked = instants(&journal(&["python3", "-c", ROUNDED, clock]));
        for planned in (0..10).map(|n| 21_794.0 + 4_777.0 * f64::from(n)) {
            let there = asked.iter().filter(|at| (*at - planned).abs() < 1.0).count();
            assert!((1..=most).contains(&there), "{clock}: {planned}: {asked:?}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let case = r#"{"version":1,"deadline_ms":65000,"tasks":[{}]}"#;
        let options = ["check", "--clock", "virtual", "--replay", case, "--properties", "no-busy-loop", "--quiet"];
        let output = pollbench(folder.path(), &[&options[..], &["--", "python3", "-c", ROUNDED, clock]].concat());
        assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    }
}

/// Promise: every wait with a limit lasts exactly so long by the program's own clock: sleeps, locks, descriptors, alarms,
/// limits of sockets, children; and a clock that is read in a loop moves on.
#[test]
fn every_wait_has_its_length() {
    if !has("python3", "--version") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let output = pollbench(folder.path(), &["warp", "--quiet", "--", "python3", &client("waits.py")]);
    let expected = "sleep 2.0\nevent 2.0\nqueue 2.0\nselect 2.0\npoll 2.0\nepoll 2.0\nalarm 2.0\nsigtimedwait 2.0\n\
                    socket 2.0\nSO_RCVTIMEO 2.0\nfork 2.0\nspawn 2.0\nuptime 2.0\nuptime 2.0\nspin 0.05\n";
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
}

/// Promise: a program without the library, be it the child of one that has it, is told and never led wrongly.
#[test]
fn a_program_without_the_library_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in [&["env", "-i", "sleep", "5"][..], &["sh", "-c", "env -i sleep 5; :"]] {
        let output = pollbench(folder.path(), &[&["warp", "--"], command].concat());
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(said.contains("`sleep` runs without the preloaded library"), "{said}");
    }
    let options = ["check", "--clock", "virtual", "--cases", "5", "--quiet", "--strict", "--format", "json", "--"];
    let output = pollbench(folder.path(), &[&options[..], &["env", "-i", "sleep", "5"]].concat());
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    assert!(report["doubt"].as_str().is_some_and(|why| why.contains("without the preloaded library")), "{report}");
}

/// Promise: a program lives wherever the loader puts it, though the filter of the program before stays. Without random
/// addresses libc is where it was; with a stack limit that grows, the next loader moves down across it.
#[test]
fn a_program_lives_where_another_was() {
    if !has("setarch", "--version") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let script = "for more in $(seq 0 32 4096); do (ulimit -S -s 200000; \
                  exec sh -c \"ulimit -S -s $((200000 + more)); exec true\") || echo $more: $?; done; sleep 9";
    let output = pollbench(folder.path(), &["warp", "--", "setarch", "-R", "sh", "-c", script]);
    let said = text(&output.stdout);
    assert!(said.starts_with("0 requests in 9s of virtual time"), "{said}{}", text(&output.stderr));
}

/// Promise: a program that the signal ended which leads it is not blamed for that.
#[test]
fn who_is_ended_by_being_led_is_not_blamed() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = ["check", "--clock", "virtual", "--cases", "2", "--strict", "--quiet", "--format", "json"];
    let later = r#"echo '{"hello":{"version":1,"capabilities":["time-scale"]}}'; read -r line; exit 159"#;
    // What a shell says of a child that SIGSYS ended; as a stream before and after the hello.
    let programs: [(&[&str], &str, i32); 3] =
        [(&[], "exit 159", 4), (&["--stream"], "exit 159", 1), (&["--stream"], later, 4)];
    for (mode, program, code) in programs {
        let output = pollbench(folder.path(), &[&options[..], mode, &["--", "sh", "-c", program]].concat());
        let told = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{program}: {told}");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["findings"], Value::Array(Vec::new()), "{program}");
        assert!(told.contains("was ended by SIGSYS"), "{program}: {told}");
    }
}

/// Promise: what a program takes for chance is the seed's: the same again, and another with another seed.
#[test]
fn chance_is_the_seeds() {
    let folder = tempfile::tempdir().expect("a folder");
    let programs: [(&str, &str, &[&str]); 3] = [
        ("python3", "--version", &["-c", "import os, random; print(os.urandom(8), random.random(), hash('a'))"]),
        ("node", "--version", &["-e", "console.log(Math.random(), Math.random())"]),
        ("bash", "--version", &["-c", "echo $RANDOM $RANDOM"]),
    ];
    for (program, version, words) in programs {
        if !has(program, version) {
            continue;
        }
        let draw = |seed: &str| {
            let output =
                pollbench(folder.path(), &[&["warp", "--quiet", "--seed", seed, "--", program], words].concat());
            assert!(output.status.success(), "{}", text(&output.stderr));
            text(&output.stdout)
        };
        assert_eq!(draw("7"), draw("7"), "{program}");
        assert_ne!(draw("7"), draw("8"), "{program}");
    }
}

/// Promise: a stream program of several processes is started so often, each of them gets its share of the cases, and what is
/// found, confirmed and shrunk is the same every time, byte for byte.
#[test]
fn a_stream_has_as_many_processes_as_it_is_asked_for() {
    if !has("node", "--version") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (starts, guide) = (folder.path().join("starts"), client("../clients/guide_poller.mjs"));
    let script = format!("echo $$ >> {}; exec node {guide} fixed --stream", starts.display());
    let play = |processes: &str| {
        let options = ["check", "--clock", "virtual", "--stream", "--cases", "5", "--quiet", "--format", "json"];
        let command = ["--properties", "last-look", "--parallel", processes, "--", "sh", "-c", &script];
        let output = pollbench(folder.path(), &[&options[..], &command].concat());
        // Each time without what was found the last time.
        std::fs::remove_dir_all(folder.path().join(".pollbench")).expect("failures are kept");
        assert_eq!(output.status.code(), Some(5), "{}{}", text(&output.stdout), text(&output.stderr));
        let started = std::fs::read_to_string(&starts).expect("it was started").lines().count();
        std::fs::remove_file(&starts).expect("a file");
        assert_eq!(started.to_string(), processes);
        text(&output.stdout)
    };
    let first = play("2");
    assert_eq!(serde_json::from_str::<Value>(&first).expect("JSON")["cases"], 6);
    assert_eq!(play("2"), first);
}

/// Promise: a correct poller keeps every promise in virtual time, where bounds are judged too and nothing is unknown.
#[test]
fn a_correct_poller_is_cleared() {
    let programs: [(&str, &[&str]); 3] =
        [("python3", &["poller.py"]), ("node", &["poller.mjs"]), ("node", &["poller.mjs", "--stream"])];
    std::thread::scope(|scope| {
        for (program, words) in programs.into_iter().filter(|(program, _)| has(program, "--version")) {
            scope.spawn(move || {
                let folder = tempfile::tempdir().expect("a folder");
                let file = poller(words[0]);
                let mut options = vec!["check", "--clock", "virtual", "--cases", "8", "--strict", "--quiet"];
                options.extend(words.get(1).map(|_| "--stream"));
                let command = [&["--", program, file.as_str()], &words[1..]].concat();
                let output = pollbench(folder.path(), &[&options[..], &command].concat());
                assert_eq!(
                    output.status.code(),
                    Some(0),
                    "{words:?}: {}{}",
                    text(&output.stdout),
                    text(&output.stderr)
                );
                assert!(text(&output.stdout).contains("virtual clock"));
            });
        }
    });
}

/// Asks without a pause, or every second and dies of the first answer that is no JSON.
const HASTY: &str = r#"
import json, os, sys, time, urllib.request
of = os.environ
url = f"{of['APIXO_BASE_URL']}/statusTask/{of['POLLBENCH_MODEL']}?taskId={of['POLLBENCH_TASK_ID']}"
asked = urllib.request.Request(url, headers={"Authorization": "Bearer " + of["APIXO_API_KEY"]})
while True:
    try:
        told = urllib.request.urlopen(asked, timeout=10).read()
    except OSError:
        told = b"{}"
    data = json.loads(told).get("data") or {}
    if data.get("state") == "success":
        print(json.dumps({"outcome": "success", "urls": json.loads(data["resultJson"])["resultUrls"]}))
        break
    if sys.argv[1] == "busy":
        continue
    time.sleep(1)
"#;

/// Promise: a program that never pauses, for which virtual time stands still, is stopped and told so; who crashes of half a
/// JSON has not survived it, and is not said to have missed its deadline as well.
#[test]
fn who_never_pauses_is_stopped_and_who_crashes_has_not_survived() {
    if !has("python3", "--version") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("hasty.py"), HASTY).expect("a script");
    let found = |more: &[&str], command: &[&str]| {
        let options = ["check", "--clock", "virtual", "--deadline", "5s", "--quiet", "--format", "json"];
        let output = pollbench(folder.path(), &[&options[..], more, &["--"], command].concat());
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
        let findings = report["findings"].as_array().expect("findings").clone();
        findings.iter().map(|finding| finding["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let busy = found(&["--cases", "0"], &["python3", "hasty.py", "busy"]);
    assert!(["no-busy-loop", "hang"].iter().all(|id| busy.iter().any(|found| found == id)), "{busy:?}");
    let garbage = ["--cases", "12", "--properties", "survives-garbage"];
    let crashes = found(&garbage, &["python3", "hasty.py", "crash"]);
    assert!(["survives-garbage", "crash"].iter().all(|id| crashes.iter().any(|found| found == id)), "{crashes:?}");
    assert_eq!(found(&["--cases", "0"], &["true"]), ["garbage"]);
}

/// Promise: what is found of a program, and the case that it is shrunk to, are the same every time.
#[test]
#[ignore = "slow: shrinking a case starts Python some hundred times, twice"]
fn a_verdict_is_the_same_every_time() {
    if !has("python3", "--version") {
        return;
    }
    let report = || {
        let folder = tempfile::tempdir().expect("a folder");
        let options = ["check", "--clock", "virtual", "--cases", "6", "--quiet", "--format", "json"];
        let properties = ["--properties", "last-look,ends-by-deadline"];
        let output =
            pollbench(folder.path(), &[&options[..], &properties, &["--", "python3", &client("hasty.py")]].concat());
        assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let (first, second) = (report(), report());
    assert!(first.contains("last-look") || first.contains("ends-by-deadline"), "{first}");
    // The first line that differs says more than two whole reports.
    for (one, other) in first.lines().zip(second.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(second, first);
}
