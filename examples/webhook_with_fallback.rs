//! Is told of the end by a webhook, and asks in case nobody tells: half of the deliveries are lost here.

use pollbench::client::{Client, Submission, WebhookReceiver};
use pollbench::mock::MockApixo;
use pollbench::net::clock::Clock;
use pollbench::scenario::rules::from_json;
use pollbench::strategy::presets::preset;
use serde_json::json;
use std::error::Error;

const SCALE: f64 = 60.0;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lost = from_json(&json!([{ "kind": "lost", "probability": 0.5 }]), &[])?;
    let mock = MockApixo::builder().faults(lost).time_scale(SCALE).start().await?;
    let client = Client::builder(&mock.base_url(), "any").clock(Clock::scaled(SCALE)?).build()?;
    let receiver = WebhookReceiver::bind(([127, 0, 0, 1], 0).into()).await?;
    let strategy = preset("webhook-hybrid").ok_or("a shipped preset")?;

    for _ in 0..6 {
        let prompt = Submission::new(json!({ "prompt": "a lighthouse" })).callback(receiver.url());
        let id = client.submit("flux-2", &prompt).await?;
        let finished = client.task("flux-2", &id).with_webhooks(&receiver).wait(strategy.clone()).await?;
        let how = if receiver.deliveries(&id) > 0 { "told" } else { "asked" };
        println!("{how}: {} after {}, {} requests", id, finished.context.elapsed, finished.context.polls);
    }
    Ok(())
}
