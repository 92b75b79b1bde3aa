//! Waits that learn, with the client against the mock in memory on a paused clock, and the state that they keep.

use futures_util::future::join;
use pollbench::client::{Client, InvalidState, LearnedState, LearnedWaits, Submission};
use pollbench::net::clock::Clock;
use pollbench::net::memory::MemoryNetwork;
use pollbench::net::stream::{Listener, Transport};
use pollbench::server::{Server, Settings, Stub, World};
use pollbench::strategy::learned::Learning;
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::model::Model;
use proptest::prelude::*;
use serde_json::json;

const MODEL: &str = "sora-2";

struct Place {
    client: Client,
    server: Server,
    clock: Clock,
}

/// A mock and a client on one paused clock.
fn place() -> Place {
    let (memory, clock) = (MemoryNetwork::default(), Clock::magnified());
    let network = Transport::Memory(memory.clone());
    let model = Model::plain(MODEL, Distribution::constant(Micros::from_secs(94)));
    let settings = Settings { network: network.clone(), ..Settings::new(clock.clone()) };
    let server = Server::new(World::calm(vec![model], 1), settings);
    let (serving, listener) = (server.clone(), Listener::Memory(memory.listen("mock:80")));
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    let client = Client::builder("http://mock/api/v1/", "secret-key").clock(clock.clone()).network(network).build();
    Place { client: client.expect("a valid client"), server, clock }
}

impl Place {
    async fn submit(&self, seconds: u64) -> String {
        self.server.stub(Stub::success(MODEL, Micros::from_secs(seconds))).expect("a model");
        self.client.submit(MODEL, &Submission::new(json!({ "prompt": "a lighthouse" }))).await.expect("accepted")
    }

    /// Milliseconds from `start` at which the task was asked for.
    fn asked(&self, task: &str, start: Micros) -> Vec<i64> {
        let journal = self.server.journal();
        let polls = journal.iter().filter(|entry| entry.route == "status" && entry.task.as_deref() == Some(task));
        polls.map(|entry| (entry.at_ms - start.get() as f64 / 1e3).round() as i64).collect()
    }

    /// Submits a task, waits for it, and tells when it was asked for.
    async fn waited(&self, waits: &LearnedWaits, seconds: u64) -> Vec<i64> {
        let (id, start) = (self.submit(seconds).await, self.clock.now());
        waits.wait(MODEL, &id).await.expect("it succeeds");
        self.asked(&id, start)
    }

    fn resumed(&self, state: &LearnedState) -> LearnedWaits {
        LearnedWaits::resumed(&self.client, Learning::default().strategy(), state.clone())
    }

    /// A state after some tasks.
    async fn state(&self) -> LearnedState {
        let waits = LearnedWaits::new(&self.client, Learning::default().strategy());
        for seconds in [94, 101, 87, 112, 96, 90, 105, 99] {
            self.waited(&waits, seconds).await;
        }
        waits.learnt()
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_waited_for_twice_counts_once() {
    let place = place();
    let waits = LearnedWaits::new(&place.client, Learning::default().strategy());
    let id = place.submit(94).await;
    let (one, other) = join(waits.wait(MODEL, &id), waits.wait(MODEL, &id)).await;
    assert!(one.is_ok() && other.is_ok());
    waits.wait(MODEL, &id).await.expect("it has succeeded");
    assert_eq!(waits.learnt().observations(MODEL), 1);
    place.waited(&waits, 94).await;
    assert_eq!(waits.learnt().observations(MODEL), 2);
}

/// While one wait has its plan made, another that begins goes ahead by the one before: had the first planned on this
/// thread, the second would have found its plan made.
#[tokio::test(start_paused = true)]
async fn a_plan_holds_up_nobody_else() {
    let place = place();
    let waits = place.resumed(&place.state().await);
    let (one, other) = (place.submit(94).await, place.submit(94).await);
    let start = place.clock.now();
    let (a, b) = join(waits.wait(MODEL, &one), waits.wait(MODEL, &other)).await;
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(place.asked(&other, start), [60_000, 75_000, 90_000, 105_000], "the guide's instants");
    assert_ne!(place.asked(&one, start), place.asked(&other, start));
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_goes_on_where_it_was() {
    let place = place();
    let kept = place.state().await;
    assert_eq!(kept.observations(MODEL), 8);
    let read = LearnedState::read(kept.to_json().as_bytes()).expect("what was written");
    assert_eq!(read, kept);
    let (one, other) = (place.resumed(&kept), place.resumed(&read));
    for seconds in [94, 130, 80, 99, 103] {
        let asked = place.waited(&one, seconds).await;
        assert_eq!(place.waited(&other, seconds).await, asked);
        assert_ne!(asked[0], 60_000, "no longer the guide's first instant");
    }
    assert_eq!(other.learnt(), one.learnt());
    assert_eq!(one.learnt().observations(MODEL), 13);
}

#[test]
fn a_state_that_is_none_is_refused() {
    let read = |text: &str| LearnedState::read(text.as_bytes()).expect_err(text);
    assert_eq!(read(r#"{"version":2,"models":{},"more":[]}"#), InvalidState::OtherVersion(2));
    for text in ["", "[]", "{}", r#"{"version":-1}"#, r#"{"version":1}"#, r#"{"m":{"total":3,"seen":[]}}"#] {
        assert!(matches!(read(text), InvalidState::Unreadable(_)), "{text}");
    }
    let model =
        |total: u64, seen: &str| format!(r#"{{"version":1,"models":{{"m":{{"total":{total},"seen":[{seen}]}}}}}}"#);
    assert!(LearnedState::read(model(2, "[1e6,false],[2e6,true]").as_bytes()).is_ok());
    for (total, seen) in [(u64::MAX, "[1e6,false]"), (0, "[1e6,false]")] {
        assert_eq!(read(&model(total, seen)), InvalidState::Total { model: "m".to_owned(), total });
    }
    for us in [-1.0, 1e300] {
        assert_eq!(read(&model(1, &format!("[{us:e},true]"))), InvalidState::Time { model: "m".to_owned(), us });
    }
    let many = vec!["[1e6,false]"; 10_001].join(",");
    assert_eq!(read(&model(10_001, &many)), InvalidState::TooMany { model: "m".to_owned(), count: 10_001 });
    assert_eq!(read(&" ".repeat((16 << 20) + 1)), InvalidState::TooLong((16 << 20) + 1));
}

proptest! {
    #![proptest_config(crate::soak::cases(256))]

    /// Whatever bytes of a state are changed, there is a state, which is written as it was read, or an error.
    #[test]
    fn a_spoiled_state_is_read_or_refused(
        times in prop::collection::vec((0.0..1e15, any::<bool>()), 0..6), total in any::<u64>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let state = json!({ "version": 1, "models": { "m": { "total": total, "seen": times } } });
        let mut text = state.to_string().into_bytes();
        for (place, byte) in changes {
            let at = place.index(text.len());
            text[at] = byte;
        }
        match LearnedState::read(&text) {
            Ok(state) => prop_assert_eq!(LearnedState::read(state.to_json().as_bytes()), Ok(state)),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
