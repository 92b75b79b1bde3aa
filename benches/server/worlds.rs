//! Worlds that the mock plays beside a calm one.

use crate::support::hosted::calm;
use pollbench::mock::world;
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use pollbench::server::World;

/// Twenty rules of every kind, none of which strikes a status request of the model that is asked for: their windows are
/// over or a year away, they are for another model or route, they are next to impossible, or their bucket is never empty.
const IDLE: &str = r#"
[[faults]]
kind = "outage"
during = { from = "8000h", for = "1m" }
[[faults]]
kind = "outage"
during = { for = "1us" }
[[faults]]
kind = "outage"
models = ["suno"]
during = { for = "1000h" }
[[faults]]
kind = "burst-loss"
probability = 0.5
gilbert_elliott = { bad_share = 0.000000001, bad_mean = "10ms" }
[[faults]]
kind = "burst-loss"
probability = 0.000000001
gilbert_elliott = { bad_share = 0.5, bad_mean = "10s" }
[[faults]]
kind = "burst-loss"
models = ["suno"]
probability = 0.5
gilbert_elliott = { bad_share = 0.5, bad_mean = "10s" }
[[faults]]
kind = "reset"
probability = 0.2
during = { from = "8000h", for = "1m" }
[[faults]]
kind = "reset"
probability = 0.000000001
[[faults]]
kind = "stall"
probability = 0.2
during = { for = "1us" }
[[faults]]
kind = "stall"
route = "submit"
probability = 0.000000001
[[faults]]
kind = "status"
code = 503
probability = 0.1
during = { every = "9000h", from = "8000h", for = "1m" }
[[faults]]
kind = "status"
code = 500
models = ["suno"]
probability = 0.1
[[faults]]
kind = "status"
code = 429
retry_after = true
retry_in = "10s"
probability = 0.000000001
[[faults]]
kind = "rate-limit"
rate_per_s = 1000000000.0
burst = 1000000000
[[faults]]
kind = "rate-limit"
rate_per_s = 1.0
burst = 1
during = { from = "8000h", for = "1m" }
[[faults]]
kind = "null-data"
probability = 0.2
during = { from = "8000h", for = "1m" }
[[faults]]
kind = "null-data"
probability = 0.000000001
[[faults]]
kind = "stale-read"
probability = 0.000000001
gilbert_elliott = { bad_share = 0.1, bad_mean = "1s" }
[[faults]]
kind = "lost"
probability = 0.5
[[faults]]
kind = "delayed"
probability = 0.2
by = "30s"
"#;

/// One request in ten is struck, always by an answer over HTTP.
const STRUCK: &str = r#"
[[faults]]
kind = "stale-read"
probability = 0.04
[[faults]]
kind = "null-data"
probability = 0.03
[[faults]]
kind = "status"
code = 503
retry_after = true
probability = 0.03
"#;

pub(crate) fn idle() -> World {
    with(IDLE)
}

pub(crate) fn struck() -> World {
    with(STRUCK)
}

fn with(rules: &str) -> World {
    let text = format!(
        "schema_version = 1\nname = \"rules\"\n[models.sora-2]\ncompletion = \"10h\"\n[models.suno]\ncompletion = \"10h\"\n\
         [[strategies]]\npreset = \"basic\"\n{rules}"
    );
    let scenario = Scenario::parse(&text, "rules.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}"));
    World { models: calm().models, ..world(&scenario) }
}
