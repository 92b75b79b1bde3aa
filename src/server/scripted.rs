//! Makes webhook deliveries as a test has fixed them.

use crate::server::push::{Push, PushContent};
use crate::server::run::Run;
use crate::server::webhook::{Delivery, GARBLED, NOBODY};
use crate::server::{id, status};
use crate::time::Micros;
use axum::http::Uri;
use std::collections::BTreeSet;

/// Start of the URLs that a forger tells of.
const FORGED: &str = "http://forged.invalid";

impl Delivery {
    /// Makes one delivery for a task of this age.
    pub(super) async fn push(&self, run: &Run, created: Micros, push: Push) {
        run.clock().sleep_until(created + push.at).await;
        let now = run.clock().now();
        let fault = Some(push.content.name());
        match push.content {
            PushContent::Truth => {
                let body = status::at(run, self.slot, &self.id, &self.base, now);
                self.make(run, now, None, body).await;
            }
            PushContent::OtherTask => {
                let body = status::claimed(run, self.slot, &id::write(NOBODY, 0), &self.base);
                self.make(run, now, fault, body).await;
            }
            PushContent::Garbage => self.make(run, now, fault, Some(GARBLED.to_owned())).await,
            PushContent::Forgery => {
                for url in guesses(&self.url) {
                    let forged = Self { url, ..self.clone() };
                    let body = status::claimed(run, self.slot, &self.id, FORGED);
                    forged.make(run, now, fault, body).await;
                }
            }
        }
    }

    async fn make(&self, run: &Run, now: Micros, fault: Option<&'static str>, body: Option<String>) {
        let Some(body) = body else { return };
        let line = self.begin(run, now, 1, fault);
        let told = self.send(run, body).await;
        self.end(run, line, now, told);
    }
}

/// Where somebody sends who knows a receiver's host, and what others call such addresses.
fn guesses(url: &str) -> BTreeSet<String> {
    let Ok(uri) = url.parse::<Uri>() else { return BTreeSet::new() };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return BTreeSet::new() };
    let folder = uri.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    let paths = ["/".to_owned(), "/webhook".to_owned(), format!("{folder}/guess")];
    paths.into_iter().map(|path| format!("{scheme}://{authority}{path}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise: a forger never knows more than the host and the folder.
    #[test]
    fn the_secret_is_not_guessed() {
        let guessed: Vec<String> = guesses("http://127.0.0.1:9000/hooks/c0ffee?key=1").into_iter().collect();
        let host = "http://127.0.0.1:9000";
        assert_eq!(guessed, [format!("{host}/"), format!("{host}/hooks/guess"), format!("{host}/webhook")]);
        assert_eq!(guesses("no URL").len(), 0);
    }
}
