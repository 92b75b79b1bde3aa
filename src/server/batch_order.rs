//! The body of a batch's submit (`apixo-api.md` §11).

use crate::api::reply::LARGEST_BATCH;
use crate::net::signature::digest;
use crate::server::batches::Digest;
use crate::server::files::Asked;
use crate::server::order::input;
use crate::server::settings::Settings;
use crate::server::webhook;
use crate::world::model::Product;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// Most items of a batch.
const MOST_ITEMS: usize = LARGEST_BATCH as usize;
/// Longest key, and longest name of an item, in bytes.
const LONGEST_KEY: usize = 255;

/// A batch's submit that is right.
#[derive(Debug)]
pub(super) struct BatchOrder {
    /// Stands for this batch.
    pub(super) key: String,
    /// Of the body, byte for byte.
    pub(super) digest: Digest,
    pub(super) items: Vec<OrderedItem>,
    /// Where the end of each item is to be told.
    pub(super) webhook: Option<String>,
}

/// One item of it.
#[derive(Debug)]
pub(super) struct OrderedItem {
    /// The client's name for it.
    pub(super) name: String,
    /// Stands for this item in the whole account.
    pub(super) key: String,
    /// Of its model and input.
    pub(super) digest: Digest,
    pub(super) asked: Asked,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    items: Vec<Item<'a>>,
    #[serde(default)]
    webhook_url: Option<String>,
}

#[derive(Deserialize)]
struct Item<'a> {
    client_item_id: String,
    idempotency_key: String,
    #[serde(borrow)]
    input: &'a RawValue,
}

impl BatchOrder {
    /// Reads the body of a submit to `model`, which makes `product`, with this `Idempotency-Key`; what is wrong is for
    /// `data.error`.
    pub(super) fn read(
        key: Option<&str>,
        body: &[u8],
        (model, product): (&str, Product),
        settings: &Settings,
    ) -> Result<Self, String> {
        let key = key.ok_or("Missing required header: Idempotency-Key")?;
        checked("Idempotency-Key", key)?;
        let read: Body<'_> =
            serde_json::from_slice(body).map_err(|error| format!("The body cannot be read: {error}"))?;
        if !(1..=MOST_ITEMS).contains(&read.items.len()) {
            return Err(format!("items must be 1 to {MOST_ITEMS}, not {}", read.items.len()));
        }
        if let Some(url) = &read.webhook_url {
            webhook::check(settings, url).map_err(|wrong| wrong.replace("callback_url", "webhook_url"))?;
        }
        let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
        let one = |(at, item): (usize, &Item<'_>)| {
            let told = |field: &str| format!("items[{at}].{field}");
            checked(&told("client_item_id"), &item.client_item_id)?;
            checked(&told("idempotency_key"), &item.idempotency_key)?;
            for (field, text, known) in [
                ("client_item_id", &item.client_item_id, &mut names),
                ("idempotency_key", &item.idempotency_key, &mut keys),
            ] {
                if !known.insert(text.clone()) {
                    return Err(format!("{} is that of another item", told(field)));
                }
            }
            Ok(OrderedItem {
                name: item.client_item_id.clone(),
                key: item.idempotency_key.clone(),
                digest: digest(format!("{model}\n{}", item.input.get()).as_bytes()),
                asked: input(item.input.get(), product).map_err(|wrong| format!("items[{at}]: {wrong}"))?,
            })
        };
        let items = read.items.iter().enumerate().map(one).collect::<Result<_, String>>()?;
        Ok(Self { key: key.to_owned(), digest: digest(body), items, webhook: read.webhook_url })
    }
}

fn checked(what: &str, text: &str) -> Result<(), String> {
    match text.len() {
        0 => Err(format!("{what} is empty")),
        length if length > LONGEST_KEY => Err(format!("{what} is longer than {LONGEST_KEY} bytes")),
        _ => Ok(()),
    }
}
