//! The body of a submit: what it asks for, read without keeping what it carries besides.
//!
//! Bodies may be long, since clients inline images: only the fields that matter are read into memory.

use crate::server::files::{Asked, Format};
use crate::server::settings::Settings;
use crate::server::webhook;
use crate::world::model::Product;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Most files that a submit may ask for.
const MOST_FILES: u64 = 10;

/// A body that is right.
#[derive(Debug)]
pub(super) struct Order {
    /// Where the task's end is to be told.
    pub(super) callback: Option<String>,
    /// What it wants made.
    pub(super) asked: Asked,
}

impl Order {
    /// Reads the body of a submit to a model that makes `product`; what is wrong is for `data.error`.
    pub(super) fn read(body: &[u8], product: Product, settings: &Settings) -> Result<Self, String> {
        if body.trim_ascii_start().first().is_some_and(|first| *first == b'[') {
            return Err("The body must be a JSON object".to_owned());
        }
        let body: Body = serde_json::from_slice(body).map_err(|error| format!("The body cannot be read: {error}"))?;
        let wants_callback = match body.request_type.text("request_type")? {
            None | Some("async") => false,
            Some("callback") => true,
            Some(_) => return Err("request_type must be async or callback".to_owned()),
        };
        let input = body.input.fields()?;
        input.need_prompt(product)?;
        let callback = match (wants_callback, body.callback_url.text("callback_url")?) {
            (false, _) => None,
            (true, None) => return Err("Missing required field: callback_url".to_owned()),
            (true, Some(url)) => {
                webhook::check(settings, url)?;
                Some(url.to_owned())
            }
        };
        Ok(Self { callback, asked: input.asked(product)? })
    }
}

/// What an item of a batch wants made, by its input as JSON.
pub(super) fn input(json: &str, product: Product) -> Result<Asked, String> {
    let input: Input = serde_json::from_str(json).map_err(|error| format!("input cannot be read: {error}"))?;
    let fields = input.fields()?;
    fields.need_prompt(product)?;
    fields.asked(product)
}

/// A body's fields that matter; others are skipped.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    request_type: Field,
    callback_url: Field,
    input: Input,
}

/// An input's fields that matter.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Fields {
    prompt: Field,
    num_images: Field,
    output_format: Field,
    #[serde(rename = "customMode")]
    custom_mode: Field,
    instrumental: Field,
}

impl Fields {
    /// A prompt is there, unless music has nothing to say: instrumental, in a custom style (apixo-api.md §11).
    fn need_prompt(&self, product: Product) -> Result<(), String> {
        let needs_prompt = product != Product::Audio
            || self.custom_mode != Field::Flag(true)
            || self.instrumental != Field::Flag(true);
        if self.prompt.text("input.prompt")?.is_none_or(str::is_empty) && needs_prompt {
            return Err("Missing required field: input.prompt".to_owned());
        }
        Ok(())
    }

    /// How many images, and of which format.
    fn asked(&self, product: Product) -> Result<Asked, String> {
        if product != Product::Image {
            return Ok(Asked::default());
        }
        let files = match self.num_images {
            Field::Null => None,
            Field::Whole(files @ 1..=MOST_FILES) => Some(files as u8),
            Field::Whole(_) | Field::Flag(_) | Field::Text(_) | Field::Other => {
                return Err(format!("input.num_images must be a whole number from 1 to {MOST_FILES}"));
            }
        };
        let format = match self.output_format.text("input.output_format")? {
            None => None,
            Some("png") => Some(Format::Png),
            Some("jpeg" | "jpg") => Some(Format::Jpeg),
            Some("webp") => Some(Format::Webp),
            Some(_) => return Err("input.output_format must be png, jpeg or webp".to_owned()),
        };
        Ok(Asked { files, format })
    }
}

/// What a field holds.
#[derive(Debug, Default, PartialEq)]
enum Field {
    /// Null, or absent.
    #[default]
    Null,
    Text(String),
    Flag(bool),
    /// A whole number from 0 on.
    Whole(u64),
    /// Anything else.
    Other,
}

impl Field {
    fn text(&self, name: &str) -> Result<Option<&str>, String> {
        match self {
            Self::Null => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            Self::Flag(_) | Self::Whole(_) | Self::Other => Err(format!("Wrong type of field: {name}")),
        }
    }
}

/// What `input` holds.
#[derive(Default)]
enum Input {
    #[default]
    Null,
    Fields(Fields),
    Other,
}

impl Input {
    fn fields(&self) -> Result<&Fields, String> {
        match self {
            Self::Fields(input) => Ok(input),
            Self::Null => Err("Missing required field: input".to_owned()),
            Self::Other => Err("Wrong type of field: input".to_owned()),
        }
    }
}

/// Takes any JSON value, and keeps nothing of arrays and of objects that are not wanted.
struct Any<T>(std::marker::PhantomData<T>);

/// What can be made of any JSON value.
trait FromAny: Sized {
    const OTHER: Self;
    fn null() -> Self;
    fn scalar(field: Field) -> Self;
    fn object<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

impl FromAny for Field {
    const OTHER: Self = Self::Other;

    fn null() -> Self {
        Self::Null
    }

    fn scalar(field: Field) -> Self {
        field
    }

    fn object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Other)
    }
}

impl FromAny for Input {
    const OTHER: Self = Self::Other;

    fn null() -> Self {
        Self::Null
    }

    fn scalar(_: Field) -> Self {
        Self::Other
    }

    fn object<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Fields::deserialize(MapAccessDeserializer::new(map)).map(Self::Fields)
    }
}

impl<'de, T: FromAny> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::null())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<T, E> {
        Ok(T::scalar(Field::Flag(flag)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::scalar(Field::Whole(number)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::OTHER)
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::OTHER)
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::scalar(Field::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<T, A::Error> {
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::OTHER)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::object(map)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(std::marker::PhantomData))
    }
}
