//! Waits for one image, and says what happens meanwhile.
//!
//! Against the real API, which bills the task:
//! `cargo run --example wait_for_one -- https://api.apixo.ai MY-KEY nano-banana "a lighthouse at dawn"`.
//! Without arguments, against a mock of its own, sped up.

use futures_util::StreamExt as _;
use pollbench::client::{Client, Event, Submission};
use pollbench::mock::MockApixo;
use pollbench::net::clock::Clock;
use pollbench::strategy::presets::preset;
use serde_json::json;
use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (_mock, client, model, prompt) = match arguments.as_slice() {
        [base_url, key, model, prompt] => (None, Client::new(base_url, key)?, model.as_str(), prompt.as_str()),
        [] => {
            let mock = MockApixo::builder().time_scale(20.0).start().await?;
            let client = Client::builder(&mock.base_url(), "any").clock(Clock::scaled(20.0)?).build()?;
            (Some(mock), client, "nano-banana", "a lighthouse at dawn")
        }
        _ => return Err("usage: wait_for_one [BASE_URL KEY MODEL PROMPT]".into()),
    };

    let id = client.submit(model, &Submission::new(json!({ "prompt": prompt }))).await?;
    println!("task {id}");
    let strategy = preset("adaptive-hardened").ok_or("a shipped preset")?;
    let mut events = client.task(model, &id).wait(strategy).events();
    while let Some(event) = events.next().await {
        match event {
            Event::Sent { number, at } => println!("{at}: request {number}"),
            Event::StateChanged { to, .. } => println!("it is {}", to.name()),
            Event::Heard { error: Some(error), .. } => println!("it told nothing: {error}"),
            Event::Ended(end) => {
                let finished = (*end)?;
                println!("{} after {} requests", finished.urls.join(" "), finished.context.polls);
            }
            _ => {}
        }
    }
    Ok(())
}
