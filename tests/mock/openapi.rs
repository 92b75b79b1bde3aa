//! `docs/openapi.yaml` has every route of the mock and no other. `.ci/openapi.py` tries what it says of answers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use pollbench::mock::MockApixo;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;

const METHODS: [&str; 6] = ["get", "put", "post", "delete", "head", "patch"];

/// Paths with their methods, by the indentation of the file.
fn operations() -> BTreeSet<(String, &'static str)> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.yaml")).unwrap();
    let paths = text.lines().skip_while(|line| *line != "paths:").take_while(|line| *line != "components:");
    let (mut path, mut found) = (String::new(), BTreeSet::new());
    for line in paths {
        let (indent, word) = (line.len() - line.trim_start().len(), line.trim().trim_end_matches(':'));
        match indent {
            2 => path = word.to_owned(),
            4 => found.extend(METHODS.iter().find(|method| **method == word).map(|method| (path.clone(), *method))),
            _ => {}
        }
    }
    found
}

/// The status that the mock answers a request without a body.
fn status(address: &str, method: &str, path: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\nContent-Length: 0\r\n\r\n"
    )
    .unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Promise: the mock has a method on a path where the page says so, and answers 405 where it does not.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_described_and_no_other() {
    let mock = MockApixo::builder().start().await.unwrap();
    let address = mock.base_url().trim_start_matches("http://").to_owned();
    let described = operations();
    let paths: BTreeSet<&String> = described.iter().map(|(path, _)| path).collect();
    assert!(paths.len() >= 16, "{paths:?}");
    for path in paths {
        let concrete = path.replace("{model}", "sora-2").replace("{id}", "none").replace("{task}", "none");
        let concrete = concrete.replace("{file}", "none").replace("{batchId}", "none");
        for method in METHODS.into_iter().filter(|_| path != "/__admin/events") {
            let status = status(&address, &method.to_uppercase(), &concrete);
            let is_described = described.contains(&(path.clone(), method));
            assert_eq!(status != 405, is_described, "{method} {path} is answered {status}");
        }
    }
}
