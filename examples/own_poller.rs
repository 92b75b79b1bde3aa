//! A test of one's own poller: this one is naive, and the mock shows it.

use pollbench::client::{Client, Submission};
use pollbench::mock::MockApixo;
use pollbench::server::Stub;
use pollbench::time::Micros;
use pollbench::world::fault::{ErrorCode, Fault, Kind, RetryAdvice};
use serde_json::json;
use std::error::Error;
use std::time::Duration;

/// The poller under test. Yours would use its own HTTP client; this one asks through ours, every three seconds, ten times.
async fn naive(client: &Client, id: &str) -> Result<Vec<String>, String> {
    for _ in 0..10 {
        let status = client.status("flux-2", id).await.map_err(|error| error.to_string())?;
        if status.state.is_terminal() {
            return Ok(status.urls);
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    Err("gave up".to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A hundred scenario seconds per real one: three seconds are thirty milliseconds.
    let mock = MockApixo::builder().time_scale(100.0).start().await?;
    let client = Client::new(&mock.base_url(), "any")?;
    let twelve = Stub::success("flux-2", Micros::from_secs(12));
    let cases = [
        ("nothing goes wrong", twelve.clone()),
        ("one request is reset", twelve.clone().reply(1, Fault::of(Kind::Reset))),
        ("one answer is a 503", twelve.clone().reply(0, Fault::http(ErrorCode::UNAVAILABLE, RetryAdvice::Absent))),
        ("it takes long", Stub::success("flux-2", Micros::from_secs(90))),
    ];
    for (case, stub) in cases {
        mock.stub(stub)?;
        let id = client.submit("flux-2", &Submission::new(json!({ "prompt": "a lighthouse" }))).await?;
        let result = naive(&client, &id).await;
        let requests = mock.requests().route("status").task(&id).count();
        println!(
            "{case}: {requests} requests, {}",
            result.map_or_else(|error| format!("FAILED: {error}"), |_| "ok".to_owned())
        );
    }
    Ok(())
}
