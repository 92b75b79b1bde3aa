//! How the cost grows: with fault rules, tasks, tasks in flight, strategies; and what stands around the simulation.

use crate::MILLIONS;
use crate::floors::World;
use crate::support::page::Target;
use crate::support::timing::{By, Contender, Section};
use crate::workload::{Schedule, Weather, alone, scenario, simulate, with_rules};
use pollbench::engine::compare::compare;
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options};
use pollbench::inspection::DoneTime;
use pollbench::report::charts::tuning;
use pollbench::report::findings::Receiver;
use pollbench::report::{Report, files};
use pollbench::scenario::CostWeights;
use pollbench::scenario::shipped::SHIPPED;
use pollbench::tune::{Goal, drift, tune};
use std::cell::LazyCell;
use std::fmt::Write as _;
use std::sync::Arc;

/// A rule of every kind that leaves tasks independent, hardly any of which ever strikes.
const EVERY_KIND: &str = include_str!("every_kind.toml");
const MANY: Target = Target::AtLeast(1.0);
const IDLE_RULES: Target = Target::AtLeast(0.95);

pub(crate) fn sections(world: &Arc<World>, tasks: u64) -> [Section<'_>; 6] {
    [rules(tasks / 2), number(tasks), in_flight(world, tasks / 2), strategies(tasks / 4), around(), tuner()]
}

/// Each contender has the rules of those before it, too.
fn rules(tasks: u64) -> Section<'static> {
    const RULES: [(&str, &str); 6] = [
        ("round trips only", "[network]\nrtt = \"lognormal(median=80ms, sigma=0.4)\"\n"),
        ("+ stale-read", "[[faults]]\nkind = \"stale-read\"\nprobability = 0.02\n"),
        ("+ null-data", "[[faults]]\nkind = \"null-data\"\nprobability = 0.01\n"),
        (
            "+ status in a window",
            "[[faults]]\nkind = \"status\"\ncode = 429\nprobability = 0.9\nduring = { every = \"1h\", for = \"1m\" }\n",
        ),
        ("+ outage", "[[faults]]\nkind = \"outage\"\nduring = { every = \"1h\", from = \"30m\", for = \"1m\" }\n"),
        (
            "+ burst-loss",
            "[[faults]]\nkind = \"burst-loss\"\nprobability = 0.5\ngilbert_elliott = { bad_share = 0.02, bad_mean = \"10s\" }\n",
        ),
    ];
    let mut file = String::new();
    let mut contenders: Vec<_> = RULES
        .iter()
        .map(|(name, rule)| {
            file += rule;
            under(name, tasks, &file)
        })
        .collect();
    let every = format!("{}{EVERY_KIND}", RULES[0].1);
    contenders.push(under("round trips and rules of 41 kinds that hardly ever strike", tasks, &every));
    let target = |at| (at == RULES.len()).then_some(IDLE_RULES);
    let ratios = (1..=RULES.len()).map(|at| (at, 0, target(at))).collect();
    Section { title: "added fault rules, adaptive-hardened", unit: MILLIONS, by: By::Rate, contenders, ratios }
}

fn under(name: &str, tasks: u64, rules: &str) -> Contender<'static> {
    let strategy = "[[strategies]]\npreset = \"adaptive-hardened\"\n";
    let mut scenario = with_rules(&[Schedule::Adaptive], Weather::Ideal, tasks, 0.5, &format!("{strategy}{rules}"));
    scenario.strategies.remove(0);
    Contender::new(name, tasks, move || simulate(&scenario, alone()))
}

fn number(most: u64) -> Section<'static> {
    let numbers = [most / 64, most / 8, most];
    let of = |tasks| {
        let scenario = scenario(&[Schedule::Adaptive], Weather::Lossy, tasks, 0.5);
        Contender::new(format!("{tasks} tasks"), tasks, move || simulate(&scenario, alone()))
    };
    let contenders = numbers.map(of).into();
    Section {
        title: "number of tasks, lossy, adaptive",
        unit: MILLIONS,
        by: By::Rate,
        contenders,
        ratios: vec![(2, 0, None)],
    }
}

/// They stay about 137 s. The most are many times those in flight, or building up would be what is measured.
fn in_flight(world: &Arc<World>, tasks: u64) -> Section<'_> {
    let numbers =
        [("100 in flight", 0.73, tasks), ("1 000", 7.3, tasks), ("10 000", 73.0, tasks), ("100 000", 730.0, tasks * 4)];
    let of = |(name, rate_per_s, tasks): (&str, f64, u64)| {
        let scenario = scenario(&[Schedule::Adaptive], Weather::Lossy, tasks, rate_per_s);
        Contender::new(name, tasks, move || simulate(&scenario, Options { force_queue: true, ..alone() }))
    };
    let mut contenders: Vec<_> = numbers.map(of).into();
    let (_, rate_per_s, most) = numbers[3];
    contenders.push(Contender::new("floor, heap, 100 000 in flight", most, move || {
        world.heap(Schedule::Adaptive, most, rate_per_s)
    }));
    let ratios = vec![(1, 0, None), (2, 0, None), (3, 0, None), (3, 4, Some(MANY))];
    Section {
        title: "tasks in flight in the event queue, lossy, adaptive",
        unit: MILLIONS,
        by: By::Rate,
        contenders,
        ratios,
    }
}

/// All strategies meet the same tasks, which are drawn once; each but the first is paired with it.
fn strategies(tasks: u64) -> Section<'static> {
    let mut contenders = Vec::new();
    for (name, hold) in [("adaptive", &Schedule::BOTH[..1]), ("adaptive and exponential, paired", &Schedule::BOTH[..])]
    {
        let scenario = scenario(hold, Weather::Lossy, tasks, 0.5);
        contenders.push(Contender::new(name, tasks * hold.len() as u64, move || simulate(&scenario, alone())));
    }
    Section {
        title: "strategies side by side, lossy",
        unit: ("million waits", 1e6),
        by: By::Rate,
        contenders,
        ratios: Vec::new(),
    }
}

/// What `tune` does for a model of the default scenario, but for printing it.
fn tuner() -> Section<'static> {
    let of = |name: &'static str| {
        // Only if it runs: reading the scenario is work too.
        let done_time = LazyCell::new(move || {
            let scenario = SHIPPED[0].scenario().expect("shipped scenarios are valid");
            let model = scenario.models.iter().find(|model| model.name == name).expect("a model of the guide");
            DoneTime::of_model(model).of_those_that_end().expect("some tasks end")
        });
        move |charts: bool| {
            let goal = Goal::new(&done_time, CostWeights { poll: 1.0, delay_per_s: 0.1 }).expect("positive weights");
            let tuned = tune(&goal, name);
            let drift = drift(&goal, tuned.recommended(), &[0.7, 1.3]);
            (drift, if charts { tuning::all(name, &goal, &tuned, None) } else { Vec::new() })
        }
    };
    let contenders = ["nano-banana", "sora-2", "suno"].map(|name| {
        let run = of(name);
        Contender::new(format!("{name}, all families and charts"), 1, move || run(true))
    });
    let plain = of("sora-2");
    let contenders = contenders.into_iter().chain([Contender::new("sora-2, no charts", 1, move || plain(false))]);
    Section { title: "`tune`", unit: ("runs", 1.0), by: By::Rate, contenders: contenders.collect(), ratios: Vec::new() }
}

/// The default scenario from its text to the files of its report.
fn around() -> Section<'static> {
    let scenario = || SHIPPED[0].scenario().expect("shipped scenarios are valid");
    let run = move || {
        let scenario = scenario();
        let options = Options { sample: true, ..Options::default() };
        compare(&Plan::new(&scenario), options, &Control::default(), None).expect("nobody stops it")
    };
    let found = LazyCell::new(move || (scenario(), run()));
    let render = move || {
        let (scenario, compared) = &*found;
        let report = Report {
            scenario,
            results: &compared.results,
            series: &compared.series,
            command: "",
            receiver: Receiver::Unsaid,
        };
        files(&report).iter().fold(String::new(), |mut sizes, (name, text)| {
            let _ = write!(sizes, "{name} {} ", text.len());
            sizes
        })
    };
    let contenders = vec![
        Contender::new("read the scenario", 1, scenario),
        Contender::new("simulate and sum up 720,000 waits, all cores", 1, run),
        Contender::new("write the report with its charts", 1, render),
    ];
    Section {
        title: "`compare documented`, part by part",
        unit: ("runs", 1.0),
        by: By::Rate,
        contenders,
        ratios: Vec::new(),
    }
}
