//! Rows of a table: CSV with whatever separates it, or one JSON object a line.

use super::UnreadableLog;
use super::input::{Input, Lines};
use crate::suggest::closest;
use csv::{ByteRecord, ReaderBuilder, Trim};
use encoding_rs::WINDOWS_1252;
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead as _, BufReader};

/// What may separate cells, with its name.
const SEPARATORS: [(u8, &str); 4] = [(b',', "commas"), (b';', "semicolons"), (b'\t', "tabs"), (b'|', "bars")];

/// The cells of some columns, row by row.
pub(super) struct Rows<'a> {
    format: Format<'a>,
    names: Vec<String>,
    /// Where a cell was not UTF-8, and was read as Latin-1.
    pub(super) latin1: Option<u64>,
}

enum Format<'a> {
    Separated {
        reader: csv::Reader<Lines<'a>>,
        record: ByteRecord,
        places: Vec<usize>,
        columns: usize,
        by: &'static str,
    },
    Json {
        reader: BufReader<Lines<'a>>,
        line: Vec<u8>,
        offset: u64,
        header: Vec<String>,
        met: Vec<bool>,
    },
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// Its cells were given.
    Cells,
    /// It has another count of cells than the header.
    Uneven { cells: usize, columns: usize },
    /// It is no JSON object.
    NoObject,
}

impl<'a> Rows<'a> {
    /// Opens a table for the columns called `names`.
    pub(super) fn open(input: Input<'a>, names: &[&str]) -> Result<Self, UnreadableLog> {
        let first = input.head.iter().find(|byte| !byte.is_ascii_whitespace());
        let format = match first {
            None => return Err(UnreadableLog::Nothing),
            Some(b'{') => Format::Json {
                header: keys(&input.head),
                reader: BufReader::with_capacity(1 << 16, input.reader),
                line: Vec::new(),
                offset: 0,
                met: vec![false; names.len()],
            },
            Some(b'[') => {
                let what = "a JSON array: write one object a line, with `jq -c '.[]' FILE > FILE.jsonl`".to_owned();
                return Err(UnreadableLog::NotText { what });
            }
            Some(_) => separated(input, names)?,
        };
        Ok(Self { format, names: names.iter().map(|name| (*name).to_owned()).collect(), latin1: None })
    }

    /// In words.
    pub(super) fn format(&self) -> String {
        match &self.format {
            Format::Separated { by, columns, .. } if *columns > 1 => format!("CSV by {by}"),
            Format::Separated { .. } => "one column".to_owned(),
            Format::Json { .. } => "JSON Lines".to_owned(),
        }
    }

    /// Whether semicolons divide the cells.
    pub(super) fn is_by_semicolons(&self) -> bool {
        matches!(self.format, Format::Separated { by: "semicolons", .. })
    }

    /// The next row: the line that it begins in, and its cells in `cells`.
    pub(super) fn next(&mut self, cells: &mut Vec<String>) -> Result<Option<(u64, Row)>, UnreadableLog> {
        cells.resize_with(self.names.len(), String::new);
        cells.iter_mut().for_each(String::clear);
        match &mut self.format {
            Format::Separated { reader, record, places, columns, .. } => {
                let next = reader.position().byte();
                reader.get_mut().begin_row(next);
                if !reader.read_byte_record(record).map_err(|error| unreadable(&error))? {
                    return Ok(None);
                }
                let offset = record.position().map_or(0, csv::Position::byte);
                let line = reader.get_mut().line_at(offset);
                if record.len() != *columns {
                    return Ok(Some((line, Row::Uneven { cells: record.len(), columns: *columns })));
                }
                for (cell, place) in cells.iter_mut().zip(places) {
                    decode(&record[*place], cell, line, &mut self.latin1);
                }
                Ok(Some((line, Row::Cells)))
            }
            Format::Json { reader, line: bytes, offset, met, .. } => loop {
                bytes.clear();
                reader.get_mut().begin_row(*offset);
                let number = reader.get_mut().line_at(*offset);
                if reader.read_until(b'\n', bytes)? == 0 {
                    return self.end();
                }
                *offset += bytes.len() as u64;
                if bytes.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let text = decoded(bytes, number, &mut self.latin1);
                let mut reader = serde_json::Deserializer::from_str(&text);
                let wanted = Fields { names: &self.names, cells, met };
                let is_object = reader.deserialize_map(wanted).is_ok() && reader.end().is_ok();
                return Ok(Some((number, if is_object { Row::Cells } else { Row::NoObject })));
            },
        }
    }

    /// At the end of the rows: each column must have been met in one of them.
    fn end(&self) -> Result<Option<(u64, Row)>, UnreadableLog> {
        let Format::Json { header, met, .. } = &self.format else { return Ok(None) };
        match met.iter().position(|met| !met) {
            Some(missing) => {
                let (column, fields) = (self.names[missing].clone(), header.clone());
                Err(UnreadableLog::NoField { near: near(&column, &fields), column, fields })
            }
            None => Ok(None),
        }
    }
}

/// Opens a table whose cells something separates: that which makes a header with all names, or else with most columns.
fn separated<'a>(input: Input<'a>, names: &[&str]) -> Result<Format<'a>, UnreadableLog> {
    let header = |separator: u8| {
        let mut reader =
            ReaderBuilder::new().delimiter(separator).trim(Trim::All).flexible(true).from_reader(&input.head[..]);
        let header = reader.byte_headers().ok()?;
        Some(header.iter().map(|name| decoded(name, 1, &mut None).into_owned()).collect::<Vec<String>>())
    };
    let tried = SEPARATORS.iter().filter_map(|(separator, by)| Some((header(*separator)?, *separator, *by)));
    let has_all = |header: &[String]| names.iter().all(|name| header.iter().any(|known| known == name));
    // Of equals the first.
    let best = tried.rev().max_by_key(|(header, _, _)| (has_all(header), header.len()));
    let Some((header, separator, by)) = best else { return Err(UnreadableLog::Nothing) };
    let place = |name: &&str| {
        let mut places = (0..header.len()).filter(|place| header[*place] == **name);
        match (places.next(), places.next()) {
            (Some(place), None) => Ok(place),
            (Some(first), Some(second)) => {
                Err(UnreadableLog::TwoColumns { column: (*name).to_owned(), first: first + 1, second: second + 1 })
            }
            (None, _) => {
                let (column, header) = ((*name).to_owned(), header.clone());
                Err(UnreadableLog::NoColumn { near: near(name, &header), column, header })
            }
        }
    };
    let places = names.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .trim(Trim::All)
        .flexible(true)
        .buffer_capacity(1 << 16)
        .from_reader(input.reader);
    reader.byte_headers().map_err(|error| unreadable(&error))?;
    Ok(Format::Separated { reader, record: ByteRecord::new(), places, columns: header.len(), by })
}

/// The name that was probably meant.
fn near(column: &str, names: &[String]) -> Option<String> {
    closest(column, names.iter().map(String::as_str)).map(str::to_owned)
}

fn unreadable(error: &csv::Error) -> UnreadableLog {
    match error.kind() {
        csv::ErrorKind::Io(error) => error.into(),
        _ => UnreadableLog::Input { reason: error.to_string() },
    }
}

/// The text of a cell; where it is not UTF-8, each byte is taken for a character of Latin-1, as Windows extends it.
fn decoded<'t>(bytes: &'t [u8], line: u64, latin1: &mut Option<u64>) -> Cow<'t, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            latin1.get_or_insert(line);
            WINDOWS_1252.decode_without_bom_handling(bytes).0
        }
    }
}

fn decode(bytes: &[u8], cell: &mut String, line: u64, latin1: &mut Option<u64>) {
    cell.push_str(decoded(bytes, line, latin1).trim());
}

/// The keys of the first object.
fn keys(head: &[u8]) -> Vec<String> {
    let mut objects =
        serde_json::Deserializer::from_slice(head).into_iter::<serde_json::Map<String, serde_json::Value>>();
    objects.next().and_then(Result::ok).map(|object| object.keys().cloned().collect()).unwrap_or_default()
}

/// Reads some fields of an object, and leaves the rest.
struct Fields<'r> {
    names: &'r [String],
    cells: &'r mut [String],
    met: &'r mut [bool],
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(place) = map.next_key_seed(Place(self.names))? {
            match place {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(place) => {
                    let value: &RawValue = map.next_value()?;
                    self.met[place] = true;
                    let cell = &mut self.cells[place];
                    cell.clear();
                    match value.get() {
                        "null" => {}
                        text if text.starts_with('"') => {
                            let text: String = serde_json::from_str(text).map_err(serde::de::Error::custom)?;
                            cell.push_str(text.trim());
                        }
                        text => cell.push_str(text),
                    }
                }
            }
        }
        Ok(())
    }
}

/// The place of a key among the names.
struct Place<'r>(&'r [String]);

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Place<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|name| name == key))
    }
}
