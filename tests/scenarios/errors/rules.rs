//! Mistakes in strategies, faults and gates.

use super::in_tail;

#[test]
fn strategies_that_cannot_run() {
    in_tail(&[
        (
            r#"[[strategies]]
preset = "optimal"
[report]
delay_cost_per_s = 0.0"#,
            &["10:10: `optimal` cannot be planned: the cost of a poll (1) and of a second of delay (0) must both be \
               positive: free polls would be sent without end, and with free delay it is best never to poll"],
        ),
        (
            r#"[[strategies]]
preset = "adaptve""#,
            &[r#"10:10: `preset` cannot be "adaptve""#],
        ),
        (
            r#"[[strategies]]
preset = "basic""#,
            &["9:1: there is a second strategy `basic`"],
        ),
        (
            r#"[[strategies]]
name = "x""#,
            &["9:1: without `preset`, `schedule` and `limit` must be written"],
        ),
        (
            r#"[[strategies]]
name = "x"
limit = { kind = "none" }
schedule = { kind = "fixed", interval = "0s" }"#,
            &[r#"12:41: `interval` must be a duration above zero such as "3s", not "0s""#],
        ),
        (
            r#"[[strategies]]
name = "x"
limit = { kind = "none" }
schedule = { kind = "exponential", interval = "5s", cap = "2s", multiplier = 0.5 }"#,
            &["12:59: `cap` 2s is below `interval` 5s", "12:78: `multiplier` must be a number of at least 1, not 0.5"],
        ),
        (
            r#"[[strategies]]
name = "x"
limit = { kind = "none" }
schedule = { kind = "exponential", interval = "5s", cap = "2s" }"#,
            &["12:59: `cap` 2s is below `interval` 5s"],
        ),
        (
            r#"[[strategies]]
name = "x"
limit = { kind = "none" }
schedule = { kind = "table", instants = ["5s", "5s"] }"#,
            &["12:41: `instants` must ascend, but 5s follows 5s"],
        ),
        (
            r#"[[strategies]]
name = "x"
limit = { kind = "none" }
schedule = { kind = "table", instants = ["0s"] }"#,
            &["12:41: `instants` has nothing but 0, so there is no gap to repeat after it"],
        ),
        (
            r#"[[strategies]]
preset = "resilient"
recovery = { kind = "network-retry", step = "0s" }"#,
            &[r#"11:45: `step` must be a duration above zero such as "3s", not "0s""#],
        ),
        (
            r#"[[strategies]]
name = "x"
limit = { kind = "none" }
schedule = { kind = "fixed", interval = "1s" }
pool = 3"#,
            &["11:9: lock-step rounds (`pool`) are limited by attempts only"],
        ),
        (
            "[[strategies]]\npreset = \"concurrent\"\nrecovery = { kind = \"tolerant\" }",
            &["11:12: the first error ends lock-step rounds (`pool`): their recovery is \"propagate\" only"],
        ),
        (
            "[[strategies]]\npreset = \"concurrent\"\njitter = \"full\"",
            &["11:10: lock-step rounds (`pool`) are not jittered: all tasks of a pool are polled at one instant"],
        ),
        (
            r#"[[strategies]]
preset = "adaptive"
jitter = "half""#,
            &[r#"11:10: `jitter` cannot be "half""#],
        ),
    ]);
}

#[test]
fn faults_that_cannot_strike() {
    in_tail(&[
        (
            "[[faults]]\nkind = \"reset\"\nprobability = 0.1\nroute = []",
            &[r#"12:9: `route` must be one of "status", "submit", or an array of them, not an empty array"#],
        ),
        (
            r#"[[faults]]
kind = "reset""#,
            &["9:1: `probability` is missing"],
        ),
        (
            r#"[[faults]]
kind = "reset"
probability = 2"#,
            &["11:15: `probability` must be a probability from 0 to 1, not 2"],
        ),
        (
            r#"[[faults]]
kind = "brownout""#,
            &["9:1: `during` is missing"],
        ),
        (
            r#"[[faults]]
kind = "resett""#,
            &["10:8: unknown fault kind `resett`"],
        ),
        (
            r#"[[faults]]
kind = "outage""#,
            &["9:1: `during` is missing"],
        ),
        (
            r#"[[faults]]
kind = "outage"
probability = 0.1
during = { for = "1m" }"#,
            &["11:1: unknown key `probability` for fault kind `outage`"],
        ),
        (
            r#"[[faults]]
kind = "reset"
probability = 0.6

[[faults]]
kind = "stall"
probability = 0.5"#,
            &[
                "13:1: with this rule, the probabilities of rules that can coincide on route `status` of model `m` add up to 1.1, which is above 1",
            ],
        ),
        (
            r#"[[faults]]
kind = "reset"
probability = 0.1
route = "balance""#,
            &[r#"12:9: `route` cannot be "balance""#],
        ),
        (
            r#"[[faults]]
kind = "lost"
probability = 0.1
route = "status""#,
            &[r#"12:9: `route` cannot be "status""#],
        ),
        (
            r#"[[faults]]
kind = "reset"
probability = 0.1
models = ["n"]"#,
            &["12:11: there is no model `n`"],
        ),
        (
            r#"[[faults]]
kind = "reset"
probability = 0.1
task_exists = true"#,
            &["12:15: `task_exists` is for rules that strike submits"],
        ),
        (
            r#"[[faults]]
kind = "reset"
probability = 0.1
during = { every = "1m", for = "2m" }"#,
            &["12:20: `every` 1m is not longer than `for` 2m"],
        ),
        (
            r#"[[faults]]
kind = "reset"
probability = 0.1
during = { for = "2m" }
gilbert_elliott = { bad_share = 0.1, bad_mean = "3s" }"#,
            &["13:19: `during` and `gilbert_elliott` exclude each other"],
        ),
        (
            r#"[[faults]]
kind = "burst-loss"
gilbert_elliott = { bad_share = 1.0, bad_mean = "3s" }"#,
            &["11:33: `bad_share` must be a share strictly between 0 and 1, not 1.0"],
        ),
        (
            r#"[[faults]]
kind = "status"
probability = 0.1
code = 200"#,
            &["12:8: `code` must be a whole number from 400 to 599, not 200"],
        ),
        (
            r#"[[faults]]
kind = "status"
probability = 0.1
retry_after = " soon""#,
            &[
                r#"12:15: `retry_after` must be one of "true", "seconds", "false", "absent", "zero", "http-date", "garbage", "huge", "too-short", a whole number, or a short text of visible characters, not " soon""#,
            ],
        ),
        (
            r#"[[faults]]
kind = "reset"
probability = 0.1
during = { from = "3s", to = "3s" }"#,
            &["12:30: `to` 3s is not after `from` 3s"],
        ),
        (
            r#"[[faults]]
kind = "stale-read"
probability = 0.1
age = { since = "done", from = "20s", to = "20s" }"#,
            &["12:44: no task has an age from 20s to 20s: the end must be later than the start"],
        ),
        (
            r#"[[faults]]
kind = "reset"
probability = 0.1
route = "submit"
age = { to = "20s" }"#,
            &["13:7: `age` is for rules that strike a share of the status requests, and nothing else"],
        ),
        (
            r#"[[faults]]
kind = "before-submit-reply"
probability = 0.1
route = "status""#,
            &[r#"12:9: `route` cannot be "status""#],
        ),
        (
            r#"[[faults]]
kind = "rate-limit"
rate_per_s = 0.1
algorithm = "fixed-window"
window = "5s""#,
            &[
                "9:1: `window` of `rate-limit` cannot be 5s: at 0.1 per second it must let through from 1 to 1000000 requests",
            ],
        ),
        (
            r#"[[faults]]
kind = "redirect"
probability = 0.1
code = 304"#,
            &["9:1: `code` of `redirect` cannot be 304: a whole number from 301 to 308"],
        ),
    ]);
}

#[test]
fn gates_that_match_nothing() {
    in_tail(&[
        (
            r#"[[gates]]
metric = "lots"
max = 0"#,
            &[r#"10:10: `metric` cannot be "lots""#],
        ),
        (
            r#"[[gates]]
metric = "lost""#,
            &["9:1: one of `min` and `max` is required"],
        ),
        (
            r#"[[gates]]
metric = "lost"
max = 0
min = 0"#,
            &["11:7: `min` and `max` exclude each other"],
        ),
        (
            r#"[[gates]]
metric = "lost"
max = 0
model = "n""#,
            &["12:9: there is no model `n`: the gate would match nothing"],
        ),
        (
            r#"[[gates]]
metric = "lost"
max = 0
strategy = "n""#,
            &["12:12: there is no strategy `n`: the gate would match nothing"],
        ),
        (
            r#"[[gates]]
metric = "cost"
stat = "p95"
max = nan"#,
            &["11:8: metric `cost` has no statistic `p95`", "12:7: `max` must be a finite number, not nan"],
        ),
        (
            r#"[[gates]]
metric = "cost"
stat = "p95"
max = 1"#,
            &["11:8: metric `cost` has no statistic `p95`"],
        ),
    ]);
}
