//! Every fault of the connection, of HTTP and of the payload as bytes on a socket: no HTTP library reads what is judged here.

mod connection;
mod http;
mod page;
mod payload;
#[path = "../../support/raw.rs"]
mod raw;
mod rules;
mod webhook;

use pollbench::mock::MockApixo;
use pollbench::scenario::rules::from_json;
use pollbench::server::Stub;
use raw::{Answer, End, Raw};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long a socket must be silent to count as silent. What comes late can only make a test fail that should pass, not the
/// other way.
const SILENCE: Duration = Duration::from_millis(400);

/// A mock that serves in the background.
struct Place {
    mock: Option<MockApixo>,
    address: SocketAddr,
    runtime: Runtime,
}

impl Place {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let mock = runtime.block_on(MockApixo::builder().start()).expect("a free port");
        let address = mock.base_url().trim_start_matches("http://").parse().expect("an address");
        Self { mock: Some(mock), address, runtime }
    }

    fn mock(&self) -> &MockApixo {
        self.mock.as_ref().expect("it lives as long as the place")
    }

    fn rules(&self, rules: &Value) {
        let rules = from_json(rules, &["sora-2".to_owned(), "flux-2".to_owned()]).expect("valid rules");
        self.runtime.block_on(async { self.mock().set_faults(rules) });
    }

    /// Submits a task that ends as `stub` says and whose first status request is struck by `fault`, through the control
    /// plane: its id.
    fn task(&self, mut stub: Value, fault: &Value) -> String {
        stub["model"] = json!("sora-2");
        stub["replies"] = json!({ "0": fault });
        let stub: Stub = serde_json::from_value(stub).expect("a stub");
        self.mock().stub(stub).expect("a model");
        self.submit()
    }

    /// The id of a task that was accepted.
    fn submit(&self) -> String {
        let mut raw = Raw::connect(self.address);
        raw.request("POST", "/api/v1/generateTask/sora-2", PROMPT);
        raw.answer().json()["data"]["taskId"].as_str().expect("an id").to_owned()
    }

    /// A connection on which a status request was sent.
    fn ask(&self, id: &str) -> Raw {
        let mut raw = Raw::connect(self.address);
        raw.request("GET", &format!("/api/v1/statusTask/sora-2?taskId={id}"), "");
        raw
    }

    /// All bytes that the first status request for a finished task gets under `fault`, and how they end.
    fn bytes(&self, fault: &Value) -> (Vec<u8>, End) {
        let id = self.task(json!({ "completion_ms": 0 }), fault);
        let (bytes, _, end) = self.ask(&id).rest(SILENCE);
        (bytes, end)
    }

    /// The answer that the first status request gets under `fault`, and the true one, which the second gets on the same
    /// connection.
    fn answers(&self, stub: Value, fault: &Value) -> (String, Answer, Answer) {
        let id = self.task(stub, fault);
        let mut raw = self.ask(&id);
        let struck = raw.answer();
        raw.request("GET", &format!("/api/v1/statusTask/sora-2?taskId={id}"), "");
        (id, struck, raw.answer())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Inside the runtime that it serves on.
        let _guard = self.runtime.enter();
        self.mock = None;
    }
}

const PROMPT: &str = r#"{"input":{"prompt":"a lighthouse at dawn"}}"#;
