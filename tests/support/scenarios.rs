//! Whole scenarios at random: every axis of a strategy's composition, every fault, every way in which tasks interact.
//!
//! Durations are small whole numbers of few kinds, so that instants often coincide: except where a server's own tokens or
//! workers are shared, because which of two requests of one microsecond comes first is nowhere promised.

use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// The text of any scenario that the grammar has a word for, with up to `tasks` tasks of each model.
pub(crate) fn scenarios(tasks: u32) -> impl Strategy<Value = String> {
    (world(tasks), vec(model(), 1..3), vec(fault(), 0..4), vec(strategy(), 1..4)).prop_map(
        |((world, shared_world), models, faults, strategies)| {
            let is_shared = models.iter().any(|model| model.contains("workers"))
                || faults.iter().any(|fault| fault.contains("rate-limit") || fault.contains("load-latency"));
            let world = if is_shared { shared_world } else { world };
            let mut text = format!("schema_version = 1\nname = \"random\"\n{world}");
            for (name, model) in ["sora-2", "m"].iter().zip(models) {
                text += &format!("[models.{name}]\n{model}");
            }
            text.extend(faults.iter().map(|fault| format!("[[faults]]\n{fault}")));
            for (number, strategy) in strategies.iter().enumerate() {
                text += &format!("[[strategies]]\nname = \"s{number}\"\n{strategy}");
            }
            text
        },
    )
}

/// Reads one: all of them are valid.
pub(crate) fn read(text: &str) -> Scenario {
    Scenario::parse(text, "random.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    select(words)
}

/// A duration, often one that others are too.
fn duration(low_ms: u64, high_ms: u64) -> impl Strategy<Value = String> {
    let whole = (low_ms.div_ceil(1_000)..=high_ms / 1_000).prop_map(|s| format!("{s}s"));
    prop_oneof![3 => whole, 1 => (low_ms..=high_ms).prop_map(|ms| format!("{ms}ms"))]
}

fn distribution(low_ms: u64, high_ms: u64) -> impl Strategy<Value = String> {
    let median = || duration(low_ms.max(1), high_ms);
    prop_oneof![
        median(),
        median().prop_map(|median| format!("lognormal(median={median}, sigma=0.5)")),
        median().prop_map(|mean| format!("exponential(mean={mean})")),
    ]
}

/// The part before models and faults, and the same with arrivals and round trips that hardly ever coincide.
fn world(tasks: u32) -> impl Strategy<Value = (String, String)> {
    let arrivals = prop_oneof![
        word(&["0.2", "2.0", "50.0"]).prop_map(|rate| format!("kind = \"poisson\"\nrate_per_s = {rate}")),
        word(&["0.2", "2.0", "50.0"]).prop_map(|rate| format!("kind = \"constant\"\nrate_per_s = {rate}")),
        Just("kind = \"burst\"".to_owned()),
        Just("kind = \"trace\"\nat = [\"1s\", \"1s\", \"2500ms\"]".to_owned()),
    ];
    let rtt = prop_oneof![
        word(&["0s", "1s", "100ms", "3s"]).prop_map(str::to_owned),
        distribution(1, 2_000),
        Just("lognormal(median=120ms, sigma=0.8)".to_owned())
    ];
    let submit = (0_u32..3, duration(0, 3_000), word(&["500ms", "2s", "60s"])).prop_map(|(retries, delay, timeout)| {
        format!("[submit]\nretries = {retries}\nretry_delay = \"{delay}\"\nattempt_timeout = \"{timeout}\"\n")
    });
    let webhook = option::of(distribution(1, 3_000));
    let horizon = prop_oneof![duration(5_000, 60_000), duration(60_000, 600_000)];
    let up = word(&["0.0", "0.3", "0.5", "1.0"]);
    (any::<u32>(), 1..=tasks, 1_u32..3, horizon, arrivals, rtt, up, submit, webhook).prop_map(
        |(seed, tasks, replicates, horizon, arrivals, rtt, up, submit, webhook)| {
            let webhook =
                webhook.map(|distribution| format!("[webhook]\nlatency = \"{distribution}\"\n")).unwrap_or_default();
            let with = |arrivals: &str, rtt: &str, up: &str| {
                format!(
                    "seed = {seed}\ntasks = {tasks}\nreplicates = {replicates}\nhorizon = \"{horizon}\"\n\
                     [arrivals]\n{arrivals}\n[network]\nrtt = \"{rtt}\"\nup_share = {up}\n{submit}{webhook}"
                )
            };
            let spread = "lognormal(median=300ms, sigma=0.8)";
            (with(&arrivals, &rtt, up), with("kind = \"poisson\"\nrate_per_s = 2.0", spread, "0.5"))
        },
    )
}

fn model() -> impl Strategy<Value = String> {
    let failure =
        option::of((word(&["0.2", "0.8"]), word(&["no", "network of friends"]), option::of(distribution(0, 9_000))));
    let parts = (
        distribution(0, 120_000),
        option::of(distribution(0, 5_000)),
        failure,
        word(&["0.0", "0.2"]),
        option::of(1_u32..4),
    );
    parts.prop_map(|(completion, pending, failure, stuck, workers)| {
        let mut text = format!("completion = \"{completion}\"\nstuck_probability = {stuck}\n");
        if let Some(pending) = pending {
            text += &format!("pending = \"{pending}\"\n");
        }
        if let Some((probability, message, after)) = failure {
            let after = after.map(|distribution| format!(", after = \"{distribution}\"")).unwrap_or_default();
            text += &format!("failure = {{ probability = {probability}, message = \"{message}\"{after} }}\n");
        }
        if let Some(workers) = workers {
            text += &format!("workers = {workers}\n");
        }
        text
    })
}

/// A rule's keys but for its routes, and which routes its kind has.
type Drafted = (String, Routes);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Routes {
    /// Status requests, and submits that may leave a task.
    Both,
    /// The same, but what becomes of the task is no question.
    BothTelling,
    Status,
    /// Submits, or webhook deliveries.
    Other,
}

fn named(kinds: &'static [&'static str], routes: Routes) -> impl Strategy<Value = Drafted> {
    word(kinds).prop_map(move |kind| (format!("kind = \"{kind}\"\n"), routes))
}

fn retry() -> impl Strategy<Value = String> {
    let word = word(&[
        "true",
        "false",
        "zero",
        "http-date",
        "garbage",
        "huge",
        "too-short",
        "2",
        "Thu, 01 Jan 2026 00:00:20 GMT",
    ]);
    (word, duration(0, 9_000)).prop_map(|(word, delay)| format!("retry_after = \"{word}\"\nretry_in = \"{delay}\"\n"))
}

/// Kinds that strike a share of the requests.
fn share() -> impl Strategy<Value = Drafted> {
    let cut = named(&["reset", "reset-mid-body", "close", "close-mid-body", "stall", "stall-mid-body"], Routes::Both);
    let told = named(&["null-data", "missing-data", "truncated-json", "wrong-content-length"], Routes::Both);
    let whole = named(&["idle-close"], Routes::BothTelling);
    let lies = named(
        &[
            "unknown-state",
            "stale-read",
            "state-regression",
            "task-mixup",
            "bad-result-json",
            "empty-result",
            "fail-message-network",
            "expired",
        ],
        Routes::Status,
    );
    let slow = (duration(0, 20_000), word(&["2", "7"])).prop_map(|(takes, pieces)| {
        (format!("kind = \"slow-body\"\ntakes = \"{takes}\"\npieces = {pieces}\n"), Routes::BothTelling)
    });
    let huge = word(&["2000", "1048576", "1048577", "3000000"])
        .prop_map(|bytes| (format!("kind = \"huge-body\"\nbytes = {bytes}\n"), Routes::Both));
    let moved =
        word(&["301", "302", "307"]).prop_map(|code| (format!("kind = \"redirect\"\ncode = {code}\n"), Routes::Both));
    let said = word(&["401", "429", "500"])
        .prop_map(|code| (format!("kind = \"code-in-200\"\ncode = {code}\n"), Routes::Both));
    let status = (word(&["400", "404", "408", "429", "500", "503"]), word(&["json", "html", "empty"]), retry())
        .prop_map(|(code, body, retry)| {
            (format!("kind = \"status\"\ncode = {code}\nbody = \"{body}\"\n{retry}"), Routes::Both)
        });
    let unknown = retry().prop_map(|retry| (format!("kind = \"transient-404\"\n{retry}"), Routes::Status));
    let late =
        duration(0, 40_000).prop_map(|by| (format!("kind = \"before-submit-reply\"\nby = \"{by}\"\n"), Routes::Other));
    let spike = distribution(0, 9_000)
        .prop_map(|by| (format!("kind = \"latency-spike\"\nby = \"{by}\"\n"), Routes::BothTelling));
    prop_oneof![
        3 => cut, 2 => told, 1 => whole, 3 => lies, 2 => slow, 1 => huge, 1 => moved, 1 => said, 3 => status, 1 => unknown,
        1 => late, 2 => spike
    ]
}

/// Kinds that strike a share of the webhook deliveries.
fn delivery() -> impl Strategy<Value = Drafted> {
    let plain =
        named(&["lost", "malformed", "wrong-task", "receiver-refuses", "receiver-500", "receiver-slow"], Routes::Other);
    let timed = (word(&["delayed\"\nby", "reordered\"\nby", "duplicated\"\nafter"]), distribution(0, 9_000))
        .prop_map(|(kind, distribution)| (format!("kind = \"{kind} = \"{distribution}\"\n"), Routes::Other));
    prop_oneof![2 => plain, 1 => timed]
}

fn age() -> impl Strategy<Value = String> {
    (word(&["submit", "done"]), duration(0, 20_000), option::of(duration(21_000, 60_000))).prop_map(
        |(since, from, to)| {
            let to = to.map(|to| format!(", to = \"{to}\"")).unwrap_or_default();
            format!("age = {{ since = \"{since}\", from = \"{from}\"{to} }}\n")
        },
    )
}

fn fault() -> impl Strategy<Value = String> {
    // Three rules at most, so that they fit together.
    let portion = word(&["0.05", "0.3"]);
    let drawn = (prop_oneof![4 => share(), 1 => delivery()], portion, option::of(when())).prop_map(
        |((kind, routes), share, when)| (format!("{kind}probability = {share}\n{}", when.unwrap_or_default()), routes),
    );
    let windows = (word(&["outage", "refuse", "receiver-down"]), window()).prop_map(|(kind, window)| {
        let routes = if kind == "receiver-down" { Routes::Other } else { Routes::BothTelling };
        (format!("kind = \"{kind}\"\n{window}"), routes)
    });
    let brownout = (window(), word(&["1.0", "3.0"]), word(&["0.0", "0.5"]), duration(0, 9_000)).prop_map(
        |(window, factor, errors, ramp)| {
            let text = format!("latency_factor = {factor}\nerrors = {errors}\nramp = \"{ramp}\"\n");
            (format!("kind = \"brownout\"\n{window}{text}"), Routes::Both)
        },
    );
    let bursts = word(&["0.5", "1.0"]);
    let bursts = (bursts, burst())
        .prop_map(|(share, burst)| (format!("kind = \"burst-loss\"\nprobability = {share}\n{burst}"), Routes::Both));
    let counted = prop_oneof![
        2 => (1_u32..5).prop_map(|burst| format!("burst = {burst}\n")),
        1 => word(&["fixed", "sliding"])
            .prop_map(|kind| format!("algorithm = \"{kind}-window\"\nwindow = \"4s\"\nper = \"key\"\n")),
    ];
    let limit = (word(&["0.5", "3.0", "20.0"]), counted, option::of(when()), option::of(word(&["true", "zero"])));
    let limit = limit.prop_map(|(rate, counted, when, retry)| {
        let retry = retry.map(|retry| format!("retry_after = \"{retry}\"\n")).unwrap_or_default();
        let when = when.unwrap_or_default();
        (format!("kind = \"rate-limit\"\nrate_per_s = {rate}\n{counted}{retry}{when}"), Routes::BothTelling)
    });
    let load = (word(&["1", "3"]), duration(100, 5_000), word(&["0", "4"])).prop_map(|(servers, service, queue)| {
        let text = format!("servers = {servers}\nservice = \"{service}\"\nqueue = {queue}\n");
        (format!("kind = \"load-latency\"\n{text}"), Routes::Both)
    });
    let models = option::of(word(&["sora-2"]));
    let route = option::weighted(0.3, word(&["status", "submit"]));
    let drafted = prop_oneof![8 => drawn, 1 => windows, 1 => brownout, 1 => bursts, 1 => limit, 1 => load];
    let aged = option::weighted(0.2, age());
    (drafted, models, route, any::<bool>(), aged).prop_map(|((mut fault, routes), models, route, exists, age)| {
        let on = route.filter(|_| matches!(routes, Routes::Both | Routes::BothTelling));
        if let Some(route) = on {
            fault += &format!("route = \"{route}\"\n");
            if route == "submit" && routes == Routes::Both {
                fault += &format!("task_exists = {exists}\n");
            }
        }
        // Only what strikes a share of the status requests looks at ages.
        let is_share =
            fault.contains("probability") && !["burst-loss", "latency-spike"].iter().any(|kind| fault.contains(kind));
        if let Some(age) = age.filter(|_| is_share && on != Some("submit") && routes != Routes::Other) {
            fault += &age;
        }
        match models {
            Some(model) => fault + &format!("models = [\"{model}\"]\n"),
            None => fault,
        }
    })
}

fn when() -> impl Strategy<Value = String> {
    prop_oneof![window(), burst()]
}

fn window() -> impl Strategy<Value = String> {
    let once = (duration(0, 60_000), duration(500, 60_000))
        .prop_map(|(from, length)| format!("during = {{ from = \"{from}\", for = \"{length}\" }}\n"));
    let again = (duration(0, 30_000), duration(500, 20_000))
        .prop_map(|(from, length)| format!("during = {{ from = \"{from}\", every = \"30s\", for = \"{length}\" }}\n"));
    prop_oneof![once, again]
}

fn burst() -> impl Strategy<Value = String> {
    (word(&["0.05", "0.5"]), duration(1_000, 20_000))
        .prop_map(|(share, mean)| format!("gilbert_elliott = {{ bad_share = {share}, bad_mean = \"{mean}\" }}\n"))
}

fn schedule() -> impl Strategy<Value = String> {
    let first = || duration(0, 30_000);
    let gap = || duration(500, 20_000);
    let fixed = (first(), gap())
        .prop_map(|(first, gap)| format!("{{ kind = \"fixed\", first = \"{first}\", interval = \"{gap}\" }}"));
    let growing = (first(), duration(500, 5_000), word(&["1.0", "1.5", "3.0"]), duration(5_000, 40_000)).prop_map(
        |(first, gap, multiplier, cap)| {
            format!(
                "{{ kind = \"exponential\", first = \"{first}\", interval = \"{gap}\", multiplier = {multiplier}, cap = \"{cap}\" }}"
            )
        },
    );
    let table = prop::collection::btree_set(1_u32..60, 1..5).prop_map(|instants| {
        let instants: Vec<_> = instants.iter().map(|instant| format!("\"{instant}s\"")).collect();
        format!("{{ kind = \"table\", instants = [{}] }}", instants.join(", "))
    });
    prop_oneof![2 => fixed, 1 => growing, 1 => table]
}

fn attempts() -> impl Strategy<Value = String> {
    (1_u32..30).prop_map(|attempts| format!("{{ kind = \"attempts\", attempts = {attempts} }}"))
}

fn limit() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just("{ kind = \"none\" }".to_owned()),
        1 => attempts(),
        1 => duration(1_000, 200_000).prop_map(|max| format!("{{ kind = \"sum-of-sleeps\", max = \"{max}\" }}")),
        2 => duration(1_000, 200_000).prop_map(|at| format!("{{ kind = \"wall-clock\", deadline = \"{at}\" }}")),
    ]
}

fn recovery() -> impl Strategy<Value = String> {
    let retry = (0_u32..4, duration(500, 9_000))
        .prop_map(|(retries, step)| format!("{{ kind = \"network-retry\", retries = {retries}, step = \"{step}\" }}"));
    let tolerant = (option::of(1_u32..5), duration(500, 15_000), duration(0, 2_000), duration(2_000, 60_000)).prop_map(
        |(failures, timeout, floor, ceiling)| {
            let failures = failures.map(|failures| format!(", consecutive_failures = {failures}")).unwrap_or_default();
            format!(
                "{{ kind = \"tolerant\", attempt_timeout = \"{timeout}\", retry_after_floor = \"{floor}\", \
                 retry_after_ceiling = \"{ceiling}\"{failures} }}"
            )
        },
    );
    prop_oneof![1 => Just("{ kind = \"propagate\" }".to_owned()), 1 => retry, 2 => tolerant]
}

/// Every composition that a scenario may have.
fn strategy() -> impl Strategy<Value = String> {
    let pool = (schedule(), attempts(), option::of((schedule(), attempts())), 1_u32..7).prop_map(
        |(schedule, limit, own, pool)| format!("schedule = {schedule}\nlimit = {limit}\npool = {pool}\n{}", paces(own)),
    );
    let limiter = (1_u32..4, word(&["0.3", "2.0", "50.0"]), 1_u32..4).prop_map(|(in_flight, rate, burst)| {
        format!("limiter = {{ max_in_flight = {in_flight}, rate_per_s = {rate}, burst = {burst} }}\n")
    });
    // Clients that share a limit only poll.
    let channel = word(&["poll", "poll", "webhook", "both"]).prop_map(|channel| format!("channel = \"{channel}\"\n"));
    let learn = word(&["learn = {}\n", "learn = { window = 5 }\n"]).prop_map(str::to_owned);
    let batch = (1_u32..5, word(&["0s", "1s", "20s"]))
        .prop_map(|(size, linger)| format!("sharing = {{ kind = \"batch\", size = {size}, linger = \"{linger}\" }}\n"));
    let sharing = prop_oneof![2 => channel, 2 => limiter, 1 => learn, 2 => batch];
    let own = option::of((schedule(), limit()));
    let jitter = word(&["none", "none", "full", "equal", "decorrelated"]);
    let others = (schedule(), limit(), own, recovery(), jitter, sharing).prop_map(
        |(schedule, limit, own, recovery, jitter, sharing)| {
            format!(
                "schedule = {schedule}\nlimit = {limit}\nrecovery = {recovery}\njitter = \"{jitter}\"\n{sharing}{}",
                paces(own)
            )
        },
    );
    let preset = word(&[
        "basic",
        "adaptive",
        "resilient",
        "concurrent",
        "webhook-hybrid",
        "concurrent-hardened",
        "learned",
        "batch-hardened",
    ])
    .prop_map(|preset| format!("preset = \"{preset}\"\n"));
    prop_oneof![1 => preset, 1 => pool, 4 => others]
}

/// A pace of one model's own.
fn paces(own: Option<(String, String)>) -> String {
    own.map(|(schedule, limit)| format!("models.sora-2 = {{ schedule = {schedule}, limit = {limit} }}\n"))
        .unwrap_or_default()
}
