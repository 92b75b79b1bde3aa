//! `pollbench sweep`: a grid of values over one scenario.

use crate::cli::compare::style;
use crate::cli::console::{Failure, is_watched, note, print};
use crate::cli::folder::Folder;
use crate::cli::shell::quoted;
use crate::engine::compare::compare;
use crate::engine::plan::Plan;
use crate::engine::shard::Shard;
use crate::engine::sim::{Control, Options};
use crate::measure::results::Results;
use crate::report::sweep::{Sweep, SweptAxis, SweptPoint};
use crate::scenario::axes::{Axis, GridFile, Place};
use crate::scenario::error::{InvalidScenario, Problem, ScenarioError};
use crate::scenario::recipe::{InvalidRecipe, Loaded, Recipe};
use crate::scenario::{MOST_TASKS, Scenario};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

#[derive(Debug, Args)]
#[command(name = "sweep", after_help = EXAMPLES)]
pub(super) struct SweepArgs {
    /// A grid file: a scenario, and [axes] of values that it takes
    grid: PathBuf,
    /// Take points that are in the output folder already, if they are of this grid
    #[arg(long)]
    resume: bool,
    /// Only say how many points and tasks there are
    #[arg(long)]
    dry_run: bool,
    /// Run only part I of N of the points; once all parts are in one folder, --resume writes the report
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Folder of the output [default: reports/<scenario>-sweep]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Points at a time; results do not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print the knees and nothing else
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
A grid file, here of 7 x 2 points:
  scenario = \"rate-limited\"
  strategies = [\"adaptive\", \"adaptive-hardened\"]
  [axes]
  \"faults.0.rate_per_s\" = { from = 1, to = 100, steps = 7, scale = \"log\" }
  \"models.sora-2.completion.scale\" = [1.0, 1.4]

Also: weather, models, tasks, replicates, seed; mode = \"zip\" takes the first values together, then the second ...
All points have the same tasks (common random numbers).

Examples:
  pollbench sweep grid.toml --dry-run
  pollbench sweep grid.toml --out out
  pollbench sweep grid.toml --out out --resume";

/// One point of the grid.
struct Point {
    place: Place,
    recipe: Recipe,
    scenario: Scenario,
}

/// What is kept of a point in the output folder.
#[derive(Serialize, Deserialize)]
struct Kept {
    recipe: Recipe,
    results: Results,
}

impl SweepArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let origin = self.grid.display().to_string();
        let text =
            fs::read_to_string(&self.grid).map_err(|source| ScenarioError::Read { path: self.grid.clone(), source })?;
        let grid = GridFile::parse(&text, &origin).map_err(ScenarioError::Invalid)?;
        let points = points(&grid, &self.grid, &text)?;
        let tasks: u128 = points.iter().map(|point| tasks(&point.scenario)).sum();
        if tasks > MOST_TASKS {
            return Err(Failure::Input(format!(
                "{origin}: {tasks} tasks in all {} points are more than {MOST_TASKS}",
                points.len()
            )));
        }
        let name = &points[0].scenario.name;
        if self.dry_run {
            let strategies = points[0].scenario.strategies.len();
            print(&format!("{} points, {tasks} tasks, each under {strategies} strategies\n", points.len()))?;
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
        let command = format!("pollbench sweep {}", quoted(&origin));
        let sweep = Sweep { scenario: name, axes: &axes, is_zipped: grid.is_zipped, points: &swept, command: &command };
        for (name, content) in sweep.files() {
            folder.write(name, content.as_bytes())?;
        }
        print(&sweep.text(style()))?;
        if !self.quiet {
            note(format_args!("report: {}", out.join("sweep.html").display()));
        }
        Ok(ExitCode::SUCCESS)
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
        let (next, control) = (AtomicUsize::new(0), Control::default());
        let found: Vec<Mutex<Option<Results>>> = points.iter().map(|_| Mutex::new(None)).collect();
        let failure: Mutex<Option<Failure>> = Mutex::new(None);
        let work = || {
            while !control.stop.load(Ordering::Relaxed)
                && let number = next.fetch_add(1, Ordering::Relaxed)
                && let Some(point) = points.get(number)
            {
                let is_mine = mine.contains(&(number as u64));
                let file = format!("points/{:05}.json", number + 1);
                let kept = if self.resume || !is_mine { kept(&out.join(&file), point) } else { None };
                let results = match kept {
                    Some(results) => Some(results),
                    None if !is_mine => None,
                    None => match one(point, &control, folder, &file) {
                        Ok(results) => Some(results),
                        Err(failed) => {
                            control.stop.store(true, Ordering::Relaxed);
                            *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failed);
                            return;
                        }
                    },
                };
                *found[number].lock().unwrap_or_else(PoisonError::into_inner) = results;
                bar.inc(1);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..threads.min(points.len()) {
                scope.spawn(work);
            }
        });
        bar.finish_and_clear();
        if let Some(failed) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(failed);
        }
        Ok(found.into_iter().map(|results| results.into_inner().unwrap_or_else(PoisonError::into_inner)).collect())
    }
}

/// Simulates a point and keeps what it found.
fn one(point: &Point, control: &Control, folder: &Folder, file: &str) -> Result<Results, Failure> {
    let plan = Plan::new(&point.scenario);
    let options = Options { threads: 1, ..Options::default() };
    let compared = compare(&plan, options, control, None).ok_or(Failure::Stopped)?;
    let kept = Kept { recipe: point.recipe.clone(), results: compared.results };
    let json = serde_json::to_string(&kept).map_err(|error| Failure::Run(error.to_string()))?;
    folder.write(file, json.as_bytes())?;
    Ok(kept.results)
}

/// What an earlier run found at this very point; another grid's points, and damaged ones, are run again.
fn kept(path: &Path, point: &Point) -> Option<Results> {
    let kept: Kept = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    let is_same = kept.recipe == point.recipe && kept.results.run.version == env!("CARGO_PKG_VERSION");
    is_same.then_some(kept.results)
}

fn tasks(scenario: &Scenario) -> u128 {
    u128::from(scenario.tasks) * u128::from(scenario.replicates) * scenario.models.len() as u128
}

/// Every point with its scenario. A value that the scenario does not take is told with the line of its axis.
fn points(grid: &GridFile, path: &Path, text: &str) -> Result<Vec<Point>, Failure> {
    let weather = grid.weather.as_ref().map(|name| Loaded::named(name, &[])).transpose()?;
    // A path is looked for beside the grid, as the files of a scenario are beside it.
    let beside = path.parent().map(|folder| folder.join(&grid.scenario)).filter(|file| file.is_file());
    let scenario = beside.map_or_else(|| grid.scenario.clone(), |file| file.display().to_string());
    let of_place = |place: Place| {
        let cooked = grid.settings(&place).map_err(InvalidRecipe::from).and_then(|settings| {
            let own = Loaded::named(&scenario, &settings)?;
            Recipe::cook(&own, weather.as_ref(), grid.overrides.clone())
        });
        match cooked {
            Ok((recipe, scenario)) => Ok(Point { place, recipe, scenario }),
            Err(error) => Err(blamed(grid, &place, &scenario, path, text, error)),
        }
    };
    grid.places().into_iter().map(of_place).collect()
}

/// The failure of a point, at the axis whose value alone makes it.
fn blamed(grid: &GridFile, place: &Place, scenario: &str, path: &Path, text: &str, error: InvalidRecipe) -> Failure {
    let settings = grid.settings(place).unwrap_or_default();
    let fails = |at: &usize| Loaded::named(scenario, &settings[*at..=*at]).is_err();
    // A scenario that is wrong by itself is nobody's fault here.
    if Loaded::named(scenario, &[]).is_err() || settings.is_empty() {
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
