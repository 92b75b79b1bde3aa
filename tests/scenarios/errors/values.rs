//! Mistakes in single values, distributions, models and the report.

use super::in_head;

#[test]
fn values_of_the_wrong_kind() {
    in_head(&[
        ("tsks = 5", &["3:1: unknown key `tsks`"]),
        ("tasks = 0", &["3:9: `tasks` must be a whole number of at least 1, not 0"]),
        ("tasks = 1.5", &["3:9: `tasks` must be a whole number of at least 1, not 1.5"]),
        ("tasks = -1", &["3:9: `tasks` must be a whole number of at least 1, not -1"]),
        (r#"tasks = "many""#, &[r#"3:9: `tasks` must be a whole number of at least 1, not "many""#]),
        ("seed = -1", &["3:8: `seed` must be a whole number of at least 0, not -1"]),
        ("horizon = 30", &[r#"3:11: `horizon` must be a duration above zero such as "3s", not the bare number 30"#]),
        (r#"horizon = "0s""#, &[r#"3:11: `horizon` must be a duration above zero such as "3s", not "0s""#]),
        (
            r#"horizon = "soon""#,
            &[
                r#"3:11: `horizon`: `soon` is not a duration: write a number and a unit (us, ms, s, m, h, d), such as "250ms" or "1m30s""#,
            ],
        ),
        ("horizon = -3", &[r#"3:11: `horizon` must be a duration above zero such as "3s", not -3"#]),
        ("description = 3", &["3:15: `description` must be a text, not 3"]),
        ("tasks = 1_000_000_000_000", &["3:9: 20000000000000 tasks in all are more than 10000000000"]),
        ("replicates = 4294967296", &["3:14: `replicates` must be a whole number from 1 to 100000, not 4294967296"]),
        (
            "[network]
up_share = 1.5",
            &["4:12: `up_share` must be a probability from 0 to 1, not 1.5"],
        ),
        (
            "[network]
up_share = nan",
            &["4:12: `up_share` must be a probability from 0 to 1, not nan"],
        ),
        ("tasks = ", &["3:9: string values must be quoted, expected literal string"]),
    ]);
}

#[test]
fn distributions_that_are_none() {
    in_head(&[
        (
            "[network]
rtt = 80",
            &[
                r#"4:7: `rtt` must be a table with a `kind`, or a text: a duration such as "3s", or an expression such as "lognormal(median=120s, sigma=0.5)", not 80"#,
            ],
        ),
        (
            r#"[network]
rtt = { kind = "lognormal", median = "80ms" }"#,
            &["4:7: `sigma` is missing"],
        ),
        (
            r#"[network]
rtt = { kind = "lognormall", median = "80ms", sigma = 0.4 }"#,
            &["4:16: unknown distribution kind `lognormall`"],
        ),
        (
            r#"[network]
rtt = { kind = "lognormal", median = "80ms", sigma = -0.4 }"#,
            &["4:54: `sigma` must be a number from 0 to 20, not -0.4"],
        ),
        (
            r#"[network]
rtt = { kind = "lognormal", median = "80ms", sigma = inf }"#,
            &["4:54: `sigma` must be a number from 0 to 20, not inf"],
        ),
        (
            r#"[network]
rtt = { kind = "lognormal", median = "80ms", sigma = 0.4, mni = "1s" }"#,
            &["4:59: unknown key `mni` for distribution kind `lognormal`"],
        ),
        (
            r#"[network]
rtt = { kind = "exponential", mean = "80ms", min = "2s", max = "1s" }"#,
            &["4:52: `min` (2s) is greater than `max` (1s)"],
        ),
        (
            r#"[network]
rtt = { median = "80ms" }"#,
            &["4:7: `rtt` needs a `kind`"],
        ),
        (
            r#"[network]
rtt = { kind = "mixture", parts = [{ kind = "constant", value = "1s" }] }"#,
            &["4:36: `weight` is missing"],
        ),
        (
            r#"[network]
rtt = { kind = "mixture", parts = [] }"#,
            &["4:35: `parts` must be an array of at least 1, not an empty array"],
        ),
        (
            r#"[network]
rtt = { kind = "empirical" }"#,
            &["4:7: one of `values` and `file` is required"],
        ),
        (
            r#"[network]
rtt = { kind = "empirical", values = [] }"#,
            &["4:38: `values` must be an array of at least 1, not an empty array"],
        ),
        (
            r#"[network]
rtt = { kind = "empirical", file = "none.csv", column = "cost_time_ms" }"#,
            &["4:36: `none.csv`: there is no such file beside the scenario"],
        ),
        (
            r#"[network]
rtt = { kind = "empirical", file = "empty.csv", column = "cost_time_ms" }"#,
            &["4:36: `empty.csv`: there are no rows below the header"],
        ),
        (
            r#"[network]
rtt = { kind = "empirical", file = "bad.csv", column = "cost_time_ms" }"#,
            &["4:36: `bad.csv`: line 3: `soon` is not a duration"],
        ),
        (
            r#"[network]
rtt = { kind = "empirical", file = "negative.csv", column = "cost_time_ms" }"#,
            &["4:36: `negative.csv`: line 2: `-5` is not a time between 0 and 3650 days"],
        ),
        (
            r#"[network]
rtt = { kind = "empirical", file = "bad.csv", column = "time" }"#,
            &["4:36: `bad.csv`: there is no column `time`; the header has `cost_time_ms`"],
        ),
        (
            r#"[network]
rtt = { kind = "empirical", file = "bad.csv" }"#,
            &["4:7: `file` needs `column` beside it"],
        ),
        (
            r#"[network]
rtt = { kind = "empirical", values = ["80ms"], unit = "ms", decimal = "point" }"#,
            &["4:7: `unit` needs `file` beside it", "4:7: `decimal` needs `file` beside it"],
        ),
        (
            r#"[network]
rtt = "fast""#,
            &[
                r#"4:7: `rtt`: `fast` is not a duration: write a number and a unit (us, ms, s, m, h, d), such as "250ms" or "1m30s""#,
            ],
        ),
        (
            r#"[network]
rtt = "lognormal(median=80ms""#,
            &["4:29: expected `,` or `)`"],
        ),
        (
            "[webhook]
latency = 3",
            &[
                r#"4:11: `latency` must be a table with a `kind`, or a text: a duration such as "3s", or an expression such as "lognormal(median=120s, sigma=0.5)", not 3"#,
            ],
        ),
    ]);
}

#[test]
fn arrivals_that_never_come() {
    in_head(&[
        (
            r#"[arrivals]
kind = "poisson"
rate_per_s = 0"#,
            &["5:14: `rate_per_s` must be a number above 0, not 0"],
        ),
        (
            r#"[arrivals]
kind = "poison""#,
            &["4:8: unknown arrivals kind `poison`"],
        ),
        (
            r#"[arrivals]
kind = "trace""#,
            &["3:1: one of `at` and `file` is required"],
        ),
        (
            r#"[arrivals]
kind = "trace"
file = "falling.csv"
column = "cost_time_ms""#,
            &["5:8: instants must ascend, but 3ms follows 5ms"],
        ),
    ]);
}

#[test]
fn models_that_cannot_be() {
    in_head(&[
        (
            r#"[models.bad]
completion = "1s"
stuck_probability = 0.5
failure = { probability = 0.6 }"#,
            &["5:21: `failure.probability` and `stuck_probability` add up to 1.1, which is above 1"],
        ),
        (
            r#"[models."a,b"]
completion = "1s""#,
            &[
                r#"3:9: `model name` cannot be "a,b": it must be a name that is not empty and has no commas or line breaks"#,
            ],
        ),
        ("[models.bad]", &["3:1: `completion` is missing"]),
    ]);
}

#[test]
fn reports_about_nothing() {
    in_head(&[
        (
            r#"[report]
baseline = "basc""#,
            &["4:12: there is no strategy `basc`"],
        ),
        (
            "[report]
poll_cost = -1",
            &["4:13: `poll_cost` must be a number of at least 0, not -1"],
        ),
    ]);
}
