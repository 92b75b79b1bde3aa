//! The optimum as the floor of everything that is measured: one test of the whole chain from draws to figures.

use pollbench::engine::compare::compare;
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options};
use pollbench::inspection::CostWeights;
use pollbench::scenario::narrow::Overrides;
use pollbench::scenario::{Scenario, files::Embedded};
use pollbench::strategy::calm::checks;
use pollbench::strategy::composition::Sharing;

fn scenario(body: &str) -> Scenario {
    let text =
        format!("schema_version = 1\nname = \"t\"\ntasks = 3000\nreplicates = 2\nseed = 23\nhorizon = \"15m\"\n{body}");
    Scenario::parse(&text, "t.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}"))
}

const MODELS: &str = r#"
[models.plain]
completion = "lognormal(median=40s, sigma=0.4)"
[models.queued]
completion = "weibull(shape=2, scale=70s)"
pending = "exponential(mean=6s)"
failure = { probability = 0.1, code = "C", message = "m", after = "uniform(low=2s, high=9s)" }
stuck_probability = 0.02
[models.two-humps]
completion = "mixture(0.7*lognormal(median=20s, sigma=0.2), 0.3*lognormal(median=120s, sigma=0.3))"
[models.exact]
completion = "30s"
[models.measured]
completion = "empirical(11s, 12s, 12s, 15s, 60s, 400s)"
"#;

/// In a calm world the exact expected cost of every polling strategy is at least the optimum's, and what is simulated
/// agrees with it within 4.5 standard errors: one of these 36 checks fails by chance in about 4,000 seeds.
#[test]
fn no_polling_strategy_is_below_the_optimum_and_samples_agree_with_expectations() {
    let names = [
        "basic",
        "adaptive",
        "exponential",
        "resilient",
        "basic-hardened",
        "adaptive-hardened",
        "exponential-hardened",
        "optimal",
    ];
    let strategies: String = names.iter().map(|name| format!("[[strategies]]\npreset = \"{name}\"\n")).collect();
    for weights in [CostWeights { poll: 1.0, delay_per_s: 0.1 }, CostWeights { poll: 0.2, delay_per_s: 1.0 }] {
        let report = format!("[report]\npoll_cost = {}\ndelay_cost_per_s = {}\n", weights.poll, weights.delay_per_s);
        let scenario = scenario(&format!("{MODELS}{strategies}{report}"));
        let plan = Plan::new(&scenario);
        let compared = compare(&plan, Options { threads: 1, ..Options::default() }, &Control::default(), None);
        let results = compared.expect("nobody stops it").results;
        for (number, cell) in results.cells.iter().enumerate() {
            let (model, strategy) = (number / names.len(), &scenario.strategies[number % names.len()]);
            let yardstick = plan.yardstick(model).expect("no workers");
            let least = cell.optimal_cost.expect("no workers");
            let checks = checks(strategy, &cell.model, scenario.horizon).expect("it polls");
            let exact = yardstick.cost(&checks);
            assert!(exact >= least * (1.0 - 1e-6), "{} on {}: {exact} below {least}", cell.strategy, cell.model);
            let [low, high] = cell.cost.ci95.expect("independent tasks");
            let error = (high - low) / (2.0 * 1.96);
            let apart = (cell.cost.mean - exact).abs();
            assert!(
                apart <= 4.5 * error + 1e-6 * exact,
                "{} on {}: {} ± {error}, expected {exact}",
                cell.strategy,
                cell.model,
                cell.cost.mean
            );
            let efficiency = cell.efficiency_vs_optimal.expect("a cost");
            assert!((efficiency * cell.cost.mean / least - 1.0).abs() < 1e-12);
        }
    }
}

/// What `optimal` costs above `optimal_cost` is one poll of each task that is not done when it gives up: it looks for a last
/// time there, where the least cost does not, since who does not look is charged for the tasks that are done as if he had.
#[test]
fn optimal_costs_its_last_look_more_than_the_least() {
    let scenario = scenario(
        "[models.m]\ncompletion = \"lognormal(median=120s, sigma=0.5)\"\nstuck_probability = 0.03\n\
         [[strategies]]\npreset = \"optimal\"\n",
    );
    let plan = Plan::new(&scenario);
    let yardstick = plan.yardstick(0).expect("no workers");
    let checks = checks(&scenario.strategies[0], "m", scenario.horizon).expect("it polls");
    let last = *checks.instants.last().expect("it polls");
    let last_look = scenario.cost.poll * (1.0 - yardstick.distribution().below(last));
    let above = yardstick.cost(&checks) - yardstick.least();
    assert!((above / last_look - 1.0).abs() < 0.1, "{above} above the least, and a last look is {last_look}");
}

#[test]
fn optimal_and_learned_are_written_in_scenario_files() {
    let body = format!(
        "{MODELS}[[strategies]]\nname = \"a\"\nschedule = {{ kind = \"optimal\" }}\nlimit = {{ kind = \"wall-clock\", deadline = \"10m\" }}\n\
         [[strategies]]\nname = \"b\"\nschedule = {{ kind = \"optimal\", completion = \"exponential(mean=100s)\" }}\nlimit = {{ kind = \"none\" }}\n\
         [[strategies]]\npreset = \"adaptive-hardened\"\nmodels.plain.schedule = {{ kind = \"optimal\" }}\n\
         [[strategies]]\nname = \"c\"\npreset = \"learned\"\nlearn = {{ window = 50 }}\n[report]\nbaseline = \"optimal\"\n"
    );
    let scenario = scenario(&body);
    let first = |strategy: &str, model: &str| {
        let strategy = scenario.strategies.iter().find(|known| known.name == strategy).expect("it is written");
        checks(strategy, model, scenario.horizon).expect("it polls").instants
    };
    assert_eq!(scenario.strategies[scenario.baseline].name, "optimal");
    // Planned for other deadlines, which are far away.
    assert!((first("a", "plain")[0] / first("optimal", "plain")[0] - 1.0).abs() < 1e-4);
    assert_eq!(*first("a", "plain").last().expect("a poll"), 600e6);
    // For a memoryless distribution at these weights: see the closed forms.
    assert!((first("b", "exact")[0] / 1e6 - 41.622).abs() < 0.01);
    assert!((first("adaptive-hardened", "plain")[0] / first("optimal", "plain")[0] - 1.0).abs() < 1e-4);
    assert_eq!(first("adaptive-hardened", "queued")[0], 10e6);
}

#[test]
fn without_two_costs_there_is_no_optimum() {
    let text = format!(
        "schema_version = 1\nname = \"t\"\n{MODELS}[[strategies]]\npreset = \"optimal\"\n[report]\npoll_cost = 0\n"
    );
    let error = Scenario::parse(&text, "t.toml", &Embedded(&[])).expect_err("free polls");
    assert!(error.to_string().contains("`optimal` cannot be planned: the cost of a poll (0)"), "{error}");
}

/// Wherever a plan is asked for that the costs have no optimum for, that is said, and of which one.
#[test]
fn plans_that_the_costs_do_not_allow_are_refused_wherever_they_are_written() {
    let said = |strategies: &str, report: &str| {
        let text = format!("schema_version = 1\nname = \"t\"\n{MODELS}{strategies}[report]\n{report}\n");
        Scenario::parse(&text, "t.toml", &Embedded(&[])).map_err(|error| error.to_string())
    };
    let basic = "[[strategies]]\npreset = \"basic\"\n";
    let by_schedule = format!("{basic}schedule = {{ kind = \"optimal\" }}\nname = \"x\"\n");
    let by_model = format!("{basic}models.plain.schedule = {{ kind = \"optimal\" }}\n");
    for (strategies, report, what) in [
        (by_schedule.as_str(), "delay_cost_per_s = 0", "`schedule` cannot be planned"),
        (by_model.as_str(), "poll_cost = 0", "`schedule` cannot be planned"),
        (basic, "poll_cost = 0\nbaseline = \"optimal\"", "`optimal` cannot be planned"),
    ] {
        let error = said(strategies, report).expect_err("no optimum");
        assert!(error.contains(what) && error.contains("must both be positive"), "{error}");
    }
    // Without plans such costs are fine, until a command line asks for one.
    let scenario = said(basic, "poll_cost = 0").expect("a valid scenario");
    let overrides = Overrides { strategies: Some(vec!["optimal".to_owned()]), ..Overrides::default() };
    let error = scenario.narrowed(&overrides).expect_err("no optimum").to_string();
    assert!(error.contains("`optimal` cannot be planned"), "{error}");
}

/// `learned` by its own words: the window that is written, the scenario's costs, and a plan for each model that has one.
#[test]
fn a_written_window_and_the_costs_reach_the_learner() {
    let scenario = scenario(&format!(
        "{MODELS}[[strategies]]\npreset = \"learned\"\nlearn = {{ window = 50 }}\n[report]\npoll_cost = 3.0\ndelay_cost_per_s = 0.7\n"
    ));
    let Sharing::Learned(learning) = scenario.strategies[0].sharing else { panic!("it learns") };
    assert_eq!(learning.window.get(), 50);
    assert_eq!(learning.weights, CostWeights { poll: 3.0, delay_per_s: 0.7 });
}
