//! `pollbench sweep`: a grid of values over one scenario.

use crate::cli::changes::Changes;
use crate::cli::compare::style;
use crate::cli::console::{Failure, is_watched, note, print};
use crate::cli::folder::Folder;
use crate::cli::many::each;
use crate::cli::shell::quoted;
use crate::cli::until::UntilArgs;
use crate::engine::compare::compare;
use crate::engine::plan::Plan;
use crate::engine::shard::Shard;
use crate::engine::sim::{Control, Options};
use crate::engine::until::Until;
use crate::figures::plural;
use crate::measure::results::Results;
use crate::report::bars;
use crate::report::sweep::{Sweep, SweptAxis, SweptPoint};
use crate::scenario::axes::{Axis, GridFile, Place};
use crate::scenario::error::{InvalidScenario, Problem, ScenarioError};
use crate::scenario::recipe::{InvalidRecipe, Loaded, Recipe};
use crate::scenario::set::Assignment;
use crate::scenario::{MOST_TASKS, Scenario};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(name = "sweep", after_help = EXAMPLES)]
pub(super) struct SweepArgs {
    /// A grid file: a scenario and [axes] of values
    grid: PathBuf,
    /// Reuse points of this grid that are in the output folder
    #[arg(long)]
    resume: bool,
    /// Only print how many points and tasks there are
    #[arg(long)]
    dry_run: bool,
    /// Run only part I of N of the points; the part that completes the folder writes the report, and so does --resume
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Apply the faults and network of this scenario to the tasks of every point, in place of the grid's own weather
    #[arg(long, value_name = "PRESET")]
    weather: Option<String>,
    #[command(flatten)]
    until: UntilArgs,
    /// Folder of the output [default: reports/<scenario>-sweep]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Number of points to run at a time [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print only the knees
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    changes: Changes,
}

const EXAMPLES: &str = "\
A grid file, here of 7 x 2 points:
  scenario = \"rate-limited\"
  strategies = [\"adaptive\", \"adaptive-hardened\"]
  [axes]
  \"faults.0.rate_per_s\" = { from = 1, to = 100, steps = 7, scale = \"log\" }
  \"models.sora-2.completion.scale\" = [1.0, 1.4]

Also: weather, models, tasks, replicates, seed; mode = \"zip\" takes the first values together, then the second ones, and so on. \
All points have the same tasks (common random numbers). With --until each point has as many replicates as it takes.

Examples:
  pollbench sweep grid.toml --dry-run
  pollbench sweep grid.toml --out out
  pollbench sweep grid.toml --out out --resume
  pollbench sweep grid.toml --observed-model sora-2=jobs.csv --column took_s --weather outage-5m";

/// One point of the grid.
struct Point {
    place: Place,
    recipe: Recipe,
    scenario: Scenario,
    /// How far it goes on, where that is not its own number of replicates.
    until: Option<Until>,
}

/// What is kept of a point in the output folder.
#[derive(Serialize, Deserialize)]
struct Kept {
    recipe: Recipe,
    /// How far it was to go on.
    until: Option<String>,
    results: Results,
}

impl SweepArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let origin = self.grid.display().to_string();
        let text =
            fs::read_to_string(&self.grid).map_err(|source| ScenarioError::Read { path: self.grid.clone(), source })?;
        let grid = GridFile::parse(&text, &origin).map_err(ScenarioError::Invalid)?;
        let points = self.points(&grid, &text)?;
        let tasks: u128 = points.iter().map(Point::tasks).sum();
        if tasks > MOST_TASKS {
            return Err(Failure::Input(format!(
                "{origin}: {tasks} tasks in all {} points are more than {MOST_TASKS}{}",
                points.len(),
                if self.until.is_asked_for() { ": say how far --until may go with --budget" } else { "" }
            )));
        }
        let name = &points[0].scenario.name;
        if self.dry_run {
            let strategies = points[0].scenario.strategies.len();
            let most = if self.until.is_asked_for() { "at most " } else { "" };
            let (points, tasks) = (plural(points.len(), "point"), plural(tasks, "task"));
            print(&format!("{points}, {most}{tasks}, each under {}\n", plural(strategies, "strategy")))?;
            return Ok(ExitCode::SUCCESS);
        }
        let out = self.out.clone().unwrap_or_else(|| Path::new("reports").join(format!("{name}-sweep")));
        let folder = Folder::writable(&out)?;
        let mine = self.shard.unwrap_or(Shard::WHOLE).part_of(points.len() as u64);
        let found = self.all(&points, mine.clone(), &folder, &out)?;
        if self.shard.is_some() && found.iter().any(Option::is_none) {
            if !self.quiet {
                note(format_args!(
                    "points {} to {} of {} are in {}",
                    mine.start + 1,
                    mine.end,
                    points.len(),
                    out.display()
                ));
            }
            return Ok(ExitCode::SUCCESS);
        }
        let swept: Vec<SweptPoint> = points
            .iter()
            .zip(found)
            .filter_map(|(point, results)| Some(SweptPoint { place: point.place.clone(), results: results? }))
            .collect();
        let axes: Vec<SweptAxis> = grid.axes.iter().map(shown).collect();
        let weather = self.weather.clone().map(|name| ("--weather", name));
        let flags = weather.into_iter().chain(self.changes.flags()).chain(self.until.flags());
        let flags = flags.map(|(flag, value)| format!(" {flag} {}", quoted(&value)));
        let command = format!("pollbench sweep {}{}", quoted(&origin), flags.collect::<String>());
        let sweep = Sweep { scenario: name, axes: &axes, is_zipped: grid.is_zipped, points: &swept, command: &command };
        for (name, content) in sweep.files() {
            folder.write(name, content.as_bytes())?;
        }
        print(&sweep.text(style()))?;
        if !self.quiet && style().colour {
            print(&bars::swept(&sweep, style()))?;
        }
        if !self.quiet {
            note(format_args!("report: {}", out.join("sweep.html").display()));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Every point with its scenario. A value that the scenario does not take is told with the line of its axis.
    fn points(&self, grid: &GridFile, text: &str) -> Result<Vec<Point>, Failure> {
        let weather = self.weather.as_ref().or(grid.weather.as_ref());
        let weather = weather.map(|name| Loaded::named(name, &[])).transpose()?;
        // A path is looked for beside the grid, as the files of a scenario are beside it.
        let beside = self.grid.parent().map(|folder| folder.join(&grid.scenario)).filter(|file| file.is_file());
        let scenario = beside.map_or_else(|| grid.scenario.clone(), |file| file.display().to_string());
        let changed = self.changes.settings_of(&self.changes.fitted(self.quiet)?, &scenario)?;
        let of_place = |place: Place| {
            let cooked = grid.settings(&place).map_err(InvalidRecipe::from).and_then(|settings| {
                // What the command line changes holds everywhere but on the axes.
                let own = Loaded::named(&scenario, &[&changed[..], &settings].concat())?;
                Recipe::cook(&own, weather.as_ref(), grid.overrides.clone())
            });
            match cooked {
                Ok((recipe, scenario)) => Ok(Point { place, recipe, until: self.until.of(&scenario)?, scenario }),
                Err(error) => Err(blamed(grid, &place, (&scenario, &changed), (&self.grid, text), error)),
            }
        };
        grid.places().into_iter().map(of_place).collect()
    }

    /// Results of each point: those that are there already, and of the others those that are `mine`.
    fn all(
        &self,
        points: &[Point],
        mine: std::ops::Range<u64>,
        folder: &Folder,
        out: &Path,
    ) -> Result<Vec<Option<Results>>, Failure> {
        let threads = self.threads.map_or_else(|| Options::default().threads, usize::from);
        let bar = if self.quiet || !is_watched() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(points.len() as u64), bar);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} points, {eta} left") {
            bar.set_style(style);
        }
        let control = Control::default();
        let found = each(points.len(), threads, &control, |number| {
            let point = &points[number];
            let is_mine = mine.contains(&(number as u64));
            let file = format!("points/{:05}.json", number + 1);
            let kept = if self.resume || !is_mine { kept(&out.join(&file), point) } else { None };
            let results = match kept {
                None if is_mine => Some(one(point, &control, folder, &file)?),
                kept => kept,
            };
            bar.inc(1);
            Ok(results)
        });
        bar.finish_and_clear();
        found
    }
}

/// Simulates a point and keeps what it found.
fn one(point: &Point, control: &Control, folder: &Folder, file: &str) -> Result<Results, Failure> {
    let options = Options { threads: 1, ..Options::default() };
    let compared = match &point.until {
        Some(until) => until.compare(&point.scenario, options, control, None).map(|(_, compared)| compared),
        None => compare(&Plan::new(&point.scenario), options, control, None),
    };
    let results = compared.ok_or(Failure::Stopped)?.results;
    let kept = Kept { recipe: point.recipe.clone(), until: point.until.as_ref().map(ToString::to_string), results };
    let json = serde_json::to_string(&kept).map_err(|error| Failure::Run(error.to_string()))?;
    folder.write(file, json.as_bytes())?;
    Ok(kept.results)
}

/// What an earlier run found at this very point; another grid's points, and damaged ones, are run again.
fn kept(path: &Path, point: &Point) -> Option<Results> {
    let kept: Kept = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    let is_same = kept.recipe == point.recipe
        && kept.until == point.until.as_ref().map(ToString::to_string)
        && kept.results.run.version == env!("CARGO_PKG_VERSION");
    is_same.then_some(kept.results)
}

impl Point {
    /// Tasks that it has, at most.
    fn tasks(&self) -> u128 {
        let Scenario { tasks, replicates, models, .. } = &self.scenario;
        let replicates = self.until.as_ref().map_or(*replicates, Until::most);
        u128::from(*tasks) * u128::from(replicates) * models.len() as u128
    }
}

/// The failure of a point, at the axis whose value alone makes it.
fn blamed(
    grid: &GridFile,
    place: &Place,
    (scenario, changed): (&str, &[Assignment]),
    (path, text): (&Path, &str),
    error: InvalidRecipe,
) -> Failure {
    let settings = grid.settings(place).unwrap_or_default();
    let fails = |at: &usize| Loaded::named(scenario, &[changed, &settings[*at..=*at]].concat()).is_err();
    // A scenario that is wrong by itself is nobody's fault here.
    if Loaded::named(scenario, changed).is_err() || settings.is_empty() {
        return error.into();
    }
    let at = (0..settings.len()).find(fails);
    let mut help = None;
    let message = match &error {
        InvalidRecipe::Scenario(ScenarioError::Invalid(invalid)) => {
            help = invalid.problems.iter().find_map(|problem| problem.help.clone());
            let told: Vec<&str> = invalid.problems.iter().map(|problem| problem.message.as_str()).collect();
            told.join("; ")
        }
        InvalidRecipe::Scenario(_)
        | InvalidRecipe::Setting(_)
        | InvalidRecipe::Weather(_)
        | InvalidRecipe::Override(_) => error.to_string(),
    };
    let (span, message) = match at {
        Some(at) => {
            let axis = &grid.axes[at];
            (axis.span.clone(), format!("{} = {}: {message}", axis.path, axis.label(place[at])))
        }
        None => (0..0, message),
    };
    let problem = Problem { span, message, help };
    let origin = path.display().to_string();
    Failure::Scenario(ScenarioError::Invalid(InvalidScenario {
        origin,
        text: text.to_owned(),
        problems: vec![problem],
    }))
}

/// An axis as a report shows it.
fn shown(axis: &Axis) -> SweptAxis {
    let count = axis.values.len();
    let numbers: Option<Vec<f64>> = (0..count).map(|at| axis.number(at)).collect();
    SweptAxis {
        path: axis.path.clone(),
        labels: (0..count).map(|at| axis.label(at)).collect(),
        numbers: numbers.filter(|numbers| numbers.windows(2).all(|pair| pair[0] < pair[1])),
        is_logarithmic: axis.is_logarithmic,
    }
}
