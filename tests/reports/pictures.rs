//! Pictures that can be read: in every chart of every shipped scenario, and of the pages of `tune`, `trace` and `sweep`,
//! labels are clear of marks, of curves and of each other, and no text is too small. Measured from the SVG's own elements.

use pollbench::engine::compare::compare;
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options};
use pollbench::report::findings::Receiver;
use pollbench::report::{Report, charts};
use pollbench::scenario::narrow::Overrides;
use pollbench::scenario::shipped::{SHIPPED, load};
use pollbench::strategy::presets::PRESETS;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Widths of letters as a share of the size: those of a usual font, on the average of a name.
const LETTER: f64 = 0.55;
/// Height of what is seen of letters, as a share of the size.
const HEIGHT: f64 = 0.8;
/// Least size of text in a picture that is shown at its own size or larger.
const SMALLEST: f64 = 11.0;

#[derive(Debug, Clone, Copy)]
struct Box {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Box {
    fn meets(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    /// Whether a line goes through it, by steps of less than a pixel.
    fn is_crossed(&self, from: (f64, f64), to: (f64, f64)) -> bool {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0) as usize * 2;
        (0..=steps).any(|step| {
            let share = step as f64 / steps as f64;
            let (x, y) = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            self.left < x && x < self.right && self.top < y && y < self.bottom
        })
    }
}

/// A straight piece of a line: its element, and from where to where it goes.
type Piece = (String, (f64, f64), (f64, f64));

/// What an SVG shows.
#[derive(Default)]
struct Picture {
    texts: Vec<(String, Box)>,
    marks: Vec<(String, Box)>,
    lines: Vec<Piece>,
}

/// The value of an attribute.
fn attribute<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let start = line.find(&format!(" {name}=\""))? + name.len() + 3;
    line[start..].split('"').next()
}

fn number(line: &str, name: &str) -> f64 {
    attribute(line, name).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no {name} in {line}"))
}

fn points(line: &str) -> Vec<(f64, f64)> {
    let pairs = attribute(line, "points").unwrap_or_default().split(' ');
    pairs
        .map(|pair| {
            pair.split_once(',')
                .map(|(x, y)| (x.parse().expect("as charts write it"), y.parse().expect("as charts write it")))
                .expect("as charts write it")
        })
        .collect()
}

fn around(points: &[(f64, f64)]) -> Box {
    points.iter().fold(
        Box { left: f64::INFINITY, top: f64::INFINITY, right: f64::NEG_INFINITY, bottom: f64::NEG_INFINITY },
        |all, (x, y)| Box {
            left: all.left.min(*x),
            top: all.top.min(*y),
            right: all.right.max(*x),
            bottom: all.bottom.max(*y),
        },
    )
}

fn text(line: &str) -> (String, Box) {
    let words = line.split('>').nth(1).unwrap_or_default().trim_end_matches("</text").to_owned();
    let shown = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let (x, y, size) = (number(line, "x"), number(line, "y"), number(line, "font-size"));
    assert!(size >= SMALLEST, "{size} px: {words}");
    let (width, half) = (shown.chars().count() as f64 * size * LETTER, size * HEIGHT / 2.0);
    let left = match attribute(line, "text-anchor") {
        None => x,
        Some("middle") => x - width / 2.0,
        Some(_) => x - width,
    };
    // A title of a vertical axis is turned around its middle.
    let place = match line.contains("rotate(270") {
        true => Box { left: x - half, top: y - width / 2.0, right: x + half, bottom: y + width / 2.0 },
        false => Box { left, top: y - half, right: left + width, bottom: y + half },
    };
    (words, place)
}

/// Grid lines, bands and what only answers to a pointer are behind everything.
const BEHIND: [&str; 3] = ["#E3E6EA", "#F8E3D3", "#FEFEFE"];

fn picture(svg: &str) -> Picture {
    let mut picture = Picture::default();
    for line in svg.lines() {
        let is_behind = BEHIND.iter().any(|colour| line.contains(colour)) || line.contains("pointer-events");
        let element = line.trim_start_matches('<').split([' ', '>']).next().unwrap_or_default();
        let mut mark = |place: Box| picture.marks.push((line.to_owned(), place));
        match element {
            "text" => picture.texts.push(text(line)),
            _ if is_behind => {}
            "rect" => {
                let (x, y) = (number(line, "x"), number(line, "y"));
                mark(around(&[(x, y), (x + number(line, "width"), y + number(line, "height"))]));
            }
            "circle" => {
                let (x, y, r) = (number(line, "cx"), number(line, "cy"), number(line, "r"));
                mark(around(&[(x - r, y - r), (x + r, y + r)]));
            }
            "polygon" => mark(around(&points(line))),
            "polyline" => {
                let points = points(line);
                picture.lines.extend(points.windows(2).map(|pair| (line.to_owned(), pair[0], pair[1])));
            }
            "line" => {
                let (from, to) = ((number(line, "x1"), number(line, "y1")), (number(line, "x2"), number(line, "y2")));
                picture.lines.push((line.to_owned(), from, to));
            }
            _ => {}
        }
    }
    picture
}

/// What is on top of what.
fn overlaps(svg: &str) -> Vec<String> {
    let Picture { texts, marks, lines } = picture(svg);
    let mut found = Vec::new();
    for (at, (words, place)) in texts.iter().enumerate() {
        let others = texts[at + 1..].iter().filter(|(_, other)| place.meets(other));
        found.extend(others.map(|(other, _)| format!("`{words}` and `{other}`")));
        let under = marks.iter().filter(|(_, mark)| place.meets(mark));
        found.extend(under.map(|(mark, _)| format!("`{words}` and {mark}")));
        let through = lines.iter().filter(|(_, from, to)| place.is_crossed(*from, *to));
        found.extend(through.map(|(line, ..)| format!("`{words}` and {:.120}", line)));
    }
    found
}

#[test]
fn the_test_sees_overlaps() {
    let text = |x: i32, y: i32| {
        format!("<text x=\"{x}\" y=\"{y}\" dy=\".35em\" font-size=\"12\" fill=\"#1B1F24\">abcdef</text>\n")
    };
    assert!(overlaps(&(text(10, 10) + &text(80, 10))).is_empty());
    assert_eq!(overlaps(&(text(10, 10) + &text(30, 14))).len(), 1);
    let line = "<polyline fill=\"none\" stroke=\"#1B1F24\" points=\"0,0 60,20\"/>\n";
    assert_eq!(overlaps(&(text(10, 10) + line)).len(), 1);
    assert_eq!(overlaps(&(text(10, 10) + "<circle cx=\"20\" cy=\"10\" r=\"3\" fill=\"#1B1F24\"/>\n")).len(), 1);
}

#[test]
fn labels_are_clear_in_every_chart_of_every_shipped_scenario() {
    let mut all = Vec::new();
    let mut seen = 0;
    for shipped in SHIPPED {
        let scenario = load(shipped.name).expect("as charts write it");
        let few = Overrides { tasks: Some(40), replicates: Some(2), ..Overrides::default() };
        let scenario = scenario.narrowed(&few).expect("as charts write it");
        let plan = Plan::new(&scenario);
        let options = Options { threads: 1, sample: true, ..Options::default() };
        let compared = compare(&plan, options, &Control::default(), None).expect("as charts write it");
        let (results, series) = (&compared.results, &compared.series);
        let report = Report { scenario: &scenario, results, series, command: "", receiver: Receiver::default() };
        for chart in charts::all(&report) {
            seen += 1;
            let found = overlaps(&chart.svg);
            all.extend(found.into_iter().map(|what| format!("{}: {}: {what}", shipped.name, chart.file_stem)));
        }
    }
    assert!(seen > 100, "{seen} charts");
    assert!(all.is_empty(), "{} overlaps:\n{}", all.len(), all[..all.len().min(40)].join("\n"));
}

/// What the program prints when it is run in `folder`.
fn run(folder: &Path, words: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_pollbench")).args(words).current_dir(folder).output().expect("it runs");
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}

/// The pictures of a page, each with its name.
fn pictures(page: &str) -> Vec<(&str, &str)> {
    let parts = page.split("<svg ").skip(1);
    parts
        .map(|part| (attribute(part, "aria-label").unwrap_or_default(), part.split("</svg>").next().unwrap_or(part)))
        .collect()
}

/// Fails if labels of a page's pictures are not clear, or if it has fewer than `least` of them.
fn assert_clear(what: &str, page: &str, least: usize) {
    let pictures = pictures(page);
    assert!(pictures.len() >= least, "{what} has {} pictures", pictures.len());
    for (name, svg) in &pictures {
        assert!(picture(svg).texts.len() > 3, "{what}: {name} has no labels that this test sees");
    }
    let found: Vec<String> = pictures
        .into_iter()
        .flat_map(|(name, svg)| overlaps(svg).into_iter().map(move |overlap| format!("{name}: {overlap}")))
        .collect();
    assert!(found.is_empty(), "{what}: {} overlaps:\n{}", found.len(), found[..found.len().min(40)].join("\n"));
}

#[test]
fn labels_are_clear_on_the_pages_of_tune() {
    let folder = tempfile::tempdir().expect("a folder");
    for model in load("documented").expect("shipped").models {
        run(folder.path(), &["tune", "--model", &model.name, "--deadline", "10m", "--out", "out"]);
        let page = fs::read_to_string(folder.path().join("out/tune.html")).expect("a page");
        assert_clear(&model.name, &page, 2);
    }
}

#[test]
fn labels_are_clear_on_the_pages_of_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    for preset in PRESETS {
        for ends in [&["--completes-at", "12s"][..], &["--completes-at", "94s"], &["--completes-at", "11m"], &[]] {
            let words = ["trace", "--strategy", preset, "--model", "sora-2", "--rtt", "80ms", "--format", "html"];
            let page = run(folder.path(), &[&words, ends].concat());
            assert_clear(&format!("{preset} {ends:?}"), &page, 1);
        }
    }
}

#[test]
fn labels_are_clear_on_the_pages_of_sweep() {
    let folder = tempfile::tempdir().expect("a folder");
    let axes = [
        ("rate-limited", "\"faults.0.rate_per_s\" = { from = 1, to = 40, steps = 6, scale = \"log\" }"),
        ("documented", "\"models.sora-2.completion.scale\" = [0.5, 1.0, 1.5, 2.0, 4.0]"),
        ("flaky", "\"report.delay_cost_per_s\" = { from = 0.01, to = 2, steps = 5, scale = \"log\" }"),
    ];
    for (scenario, axis) in axes {
        let recipe =
            format!("scenario = \"{scenario}\"\nmodels = [\"sora-2\"]\ntasks = 40\nreplicates = 2\n[axes]\n{axis}\n");
        fs::write(folder.path().join("recipe.toml"), recipe).expect("written");
        run(folder.path(), &["sweep", "recipe.toml", "--quiet", "--out", scenario]);
        let page = fs::read_to_string(folder.path().join(scenario).join("sweep.html")).expect("a page");
        assert_clear(scenario, &page, 3);
    }
}
