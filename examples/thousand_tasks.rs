//! A thousand tasks under one limit: twenty requests a second, eight at once, however many tasks wait.

use pollbench::client::{Client, Submission, TaskSet};
use pollbench::mock::MockApixo;
use pollbench::net::clock::Clock;
use pollbench::strategy::composition::Limiter;
use pollbench::strategy::presets::preset;
use serde_json::json;
use std::error::Error;
use std::num::NonZeroU32;

const SCALE: f64 = 60.0;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mock = MockApixo::builder().time_scale(SCALE).start().await?;
    let client = Client::builder(&mock.base_url(), "any").clock(Clock::scaled(SCALE)?).build()?;
    let strategy = preset("adaptive-hardened").ok_or("a shipped preset")?;
    let at_once = NonZeroU32::new(8).ok_or("not zero")?;
    let limit = Limiter::new(at_once, 20.0, NonZeroU32::MIN)?;

    let mut set = TaskSet::new(&client, &strategy, Some(limit));
    for number in 0..1_000 {
        let prompt = Submission::new(json!({ "prompt": format!("lighthouse number {number}") }));
        let id = client.submit("sora-2", &prompt).await?;
        set.push("sora-2", &id).await;
    }
    let (mut done, mut failed, mut polls) = (0, 0, 0);
    while let Some((entry, result)) = set.next().await {
        match result {
            Ok(finished) => (done, polls) = (done + 1, polls + finished.context.polls),
            Err(error) => {
                failed += 1;
                println!("{}: {error}", entry.id);
            }
        }
    }
    println!("{done} done, {failed} not, {:.1} requests for each", f64::from(polls) / f64::from(done));
    Ok(())
}
