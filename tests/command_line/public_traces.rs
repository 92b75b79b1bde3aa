//! Files of the shapes of public traces load without preparation, by one command each. With `POLLBENCH_TRACES` naming a folder
//! that holds the files themselves, these are read too, and their counts held.

use crate::desk::Desk;
use std::path::Path;

/// A file of a public trace: its name, its own header and rows like those it has, the command, and what is read of it.
struct Trace {
    file: &'static str,
    rows: fn() -> String,
    command: &'static str,
    /// When waits for the rows give up, and those for the file itself: a deadline that is far away takes long to plan for.
    deadlines: [&'static str; 2],
    read: &'static [&'static str],
    /// What is read of the file itself.
    whole: &'static [&'static str],
}

const TRACES: [Trace; 4] = [
    // alibaba/clusterdata, cluster-trace-v2026-GenAI: failed rows stand among the times, pending ones have a time of 0.
    Trace {
        file: "lora_request_trace.csv",
        rows: || {
            let mut rows = "gmt_create,predict_type,predict_status,exec_time_seconds,groupId,prompt_length,\
                negative_prompt_length,num_images_per_prompt,num_inference_steps,checkpoint_model_version_id,num_lora\n"
                .to_owned();
            for at in 0..80_u32 {
                let state = ["SUCCEED", "SUCCEED", "SUCCEED", "FAILED", "PENDING"][(at % 5) as usize];
                let time = if state == "PENDING" { 0 } else { 12 + at * 7 % 31 };
                rows += &format!(
                    "2024-11-15 16:{:02}:50,TXT_2_IMG,{state},{time}.0,G000{},63.0,,1.0,30.0,M0000,0\n",
                    at % 60,
                    at % 9
                );
            }
            rows
        },
        command: "tune --column exec_time_seconds --where predict_status=SUCCEED --observed",
        deadlines: ["10m", "10m"],
        read: &[
            "48 of 80 rows used",
            "in s",
            "left out: 32 rows where `predict_status = SUCCEED` does not hold (first: line 5: `FAILED`)",
        ],
        whole: &["26,392 of 26,823 rows used", "median 23.0 s"],
    },
    // The same trace, another file: times in milliseconds under a name that says nothing, so that the unit has to be said.
    Trace {
        file: "pipeline_inference_data_anon.csv",
        rows: || {
            let row = |at: u32| {
                format!(
                    "{}.0,{}.0,63beb1b84354963cd40aa5fbdac96110\n",
                    1_662_858_720 + at * 9,
                    15_000 + at * 377 % 9_000
                )
            };
            format!("timestamp_anon,value,container_ip\n{}", (0..60).map(row).collect::<String>())
        },
        command: "tune --column value --unit ms --observed",
        deadlines: ["10m", "10m"],
        read: &["60 of 60 rows used", "durations in `value`, in ms"],
        whole: &["34,421 of 34,421 rows used"],
    },
    // cluster-trace-gpu-v2023: lengths are differences of counts of seconds from 0.
    Trace {
        file: "openb_pod_list_default.csv",
        rows: || {
            let row = |at: u32| {
                let (start, end) = (at * 1_000, at * 1_000 + 300 + at * 53 % 600);
                let scheduled = if at % 7 == 3 { String::new() } else { start.to_string() };
                let phase = if at.is_multiple_of(4) { "Running" } else { "Succeeded" };
                format!("openb-pod-{at:04},12000,16384,1,1000,,LS,{phase},{start},{end},{scheduled}\n")
            };
            let header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n";
            format!("{header}{}", (0..60).map(row).collect::<String>())
        },
        command: "tune --start creation_time --end deletion_time --unit s --unfinished pod_phase=Running --observed",
        deadlines: ["1h", "10d"],
        read: &["60 of 60 rows used", "counts of s", "25.0 % unfinished"],
        whole: &["8,152 of 8,152 rows used"],
    },
    // HPMLL/BurstGPT: instants in seconds since the first day, and the time that an answer took, under a name without a unit.
    Trace {
        file: "BurstGPT_2.csv",
        rows: || {
            let row = |at: u32| {
                let (seconds, model) =
                    (f64::from(at * 37 % 90) / 4.0 + 1.5, if at.is_multiple_of(2) { "ChatGPT" } else { "GPT-4" });
                format!("{}.0,{},{seconds},{model},472,18,490,Conversation log\n", at * 11, at % 5)
            };
            let header =
                "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n";
            format!("{header}{}", (0..60).map(row).collect::<String>())
        },
        command: "tune --column Elapsed_time --unit s --by Model --observed",
        deadlines: ["10m", "10m"],
        read: &["60 of 60 rows used", "ChatGPT", "GPT-4"],
        whole: &["rows used"],
    },
];

/// The words of a command; `_` stands for a space in a column's name where the shell would have quotes.
fn words(trace: &Trace, file: &Path, deadline: &str) -> Vec<String> {
    let words = trace.command.split(' ').map(|word| if word == "Elapsed_time" { "Elapsed time" } else { word });
    let rest = [file.display().to_string(), "--deadline".to_owned(), deadline.to_owned()];
    words.map(str::to_owned).chain(rest).collect()
}

#[test]
fn public_traces_load_by_one_command() {
    let desk = Desk::new();
    for trace in &TRACES {
        desk.write(trace.file, (trace.rows)());
        let run = desk.run_words(&words(trace, &desk.path(trace.file), trace.deadlines[0]));
        assert_eq!(run.code, 0, "{}: {}", trace.file, run.err);
        for told in trace.read {
            assert!(run.out.contains(told), "{}: {told} is missing in\n{}", trace.file, run.out);
        }
        let whole = std::env::var_os("POLLBENCH_TRACES").map(|folder| Path::new(&folder).join(trace.file));
        let Some(whole) = whole.filter(|whole| whole.is_file()) else { continue };
        let run = desk.run_words(&words(trace, &whole, trace.deadlines[1]));
        assert_eq!(run.code, 0, "{}: {}", trace.file, run.err);
        for told in trace.whole {
            assert!(run.out.contains(told), "{}: {told} is missing in\n{}", trace.file, run.out);
        }
    }
    // As arrivals, instants are taken since the first of them, in any order.
    for (file, column, unit) in [
        ("lora_request_trace.csv", "gmt_create", ""),
        ("pipeline_inference_data_anon.csv", "timestamp_anon", ""),
        ("BurstGPT_2.csv", "Timestamp", ", unit = \"s\""),
    ] {
        desk.write(
            "arriving.toml",
            format!(
                "schema_version = 1\nname = \"arriving\"\n[arrivals]\nkind = \"trace\"\nfile = \"{file}\"\ncolumn = \"{column}\"{}\n\
                 [models.m]\ncompletion = \"20s\"\n[[strategies]]\npreset = \"adaptive\"\n",
                unit.replace(", ", "\n")
            ),
        );
        let run = desk.run("show arriving.toml --format text");
        assert_eq!(run.code, 0, "{file}: {}", run.err);
        assert!(run.out.contains("recorded instants over"), "{}", run.out);
    }
}

/// Promise: the page of `tune --by` has each model's settings, fit, surface and trade-off, the settings that `--format js` prints,
/// who was left out and why, and needs no network.
#[test]
fn a_page_has_every_model() {
    let desk = Desk::new();
    let mut rows = "model,took_s\n".to_owned();
    for at in 0..80_u32 {
        rows += &format!(
            "{},{}.{}\n",
            if at.is_multiple_of(2) { "sora-2" } else { "a \"<b>\"" },
            30 + at * 37 % 50,
            at % 10
        );
    }
    rows += "few,9\nfew,8\n";
    desk.write("jobs.csv", rows);
    let flags = "tune --observed jobs.csv --column took_s --by model --deadline 5m";
    let run = desk.run(&format!("{flags} --weather outage-5m --out page --format js"));
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("page: page/tune.html") && run.err.contains("few (2 rows): left at"), "{}", run.err);
    let page = desk.read("page/tune.html");
    for part in
        ["sora-2", "a &quot;&lt;b&gt;&quot;", "few (2 rows)", "82 of 82 rows used", "In outage-5m: 10,000 tasks each"]
    {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(page.contains("&#39;sora-2&#39;: { initial: ") || page.contains("'sora-2': { initial: "));
    assert_eq!(page.matches("<svg").count(), 6);
    for stem in ["sora-2", "a-b"] {
        for chart in ["fit", "surface", "pareto"] {
            let name = format!("page/charts/{stem}-tune-{chart}.svg");
            assert!(
                desk.path(&name).is_file(),
                "{name}: {:?}",
                std::fs::read_dir(desk.path("page/charts"))
                    .map(|all| all.flatten().map(|one| one.file_name()).collect::<Vec<_>>())
            );
        }
    }
    let elsewhere = page.replace("http://www.w3.org", "");
    assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"));
    let bad = desk.run(&format!("{flags} --weather outage-6m"));
    assert_eq!((bad.code, bad.err.contains("did you mean `outage-5m`?")), (2, true), "{}", bad.err);
}
