//! From a method and a path to what is asked for.

use percent_encoding::percent_decode_str;

/// What is asked for. Names are decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// `POST /api/v1/generateTask/{model}`
    Submit { model: String },
    /// `POST /api/v1/generateTask/{model}/batches`
    SubmitBatch { model: String },
    /// `GET /api/v1/generateTask/{model}/batches/{batchId}`
    BatchStatus { model: String, batch: String },
    /// `GET /api/v1/statusTask/{model}`
    Status { model: String },
    /// `GET /api/v1/apikeys/current-balance`
    Balance,
    /// `GET /output/{task}/{file}`
    Result { task: String, file: String },
    /// `GET /docs/models/schemas/{file}`
    Schema { file: String },
    /// `/__admin/…`
    Admin { rest: String },
    /// Nothing that there is.
    Unknown,
}

impl Target {
    /// The target of a path as it was sent.
    pub(super) fn of(path: &str) -> Self {
        let mut segments = path.split('/').skip(1);
        let (first, second, third, fourth) = (segments.next(), segments.next(), segments.next(), segments.next());
        let (fifth, sixth) = (segments.next(), segments.next());
        let ends = fifth.is_none();
        if let ("api", "v1", "generateTask", Some(model), "batches", None) = (
            first.unwrap_or_default(),
            second.unwrap_or_default(),
            third.unwrap_or_default(),
            fourth,
            fifth.unwrap_or_default(),
            segments.next(),
        ) {
            return match (decoded(model), sixth.map(decoded)) {
                (Some(model), None) => Self::SubmitBatch { model },
                (Some(model), Some(Some(batch))) => Self::BatchStatus { model, batch },
                (None, _) | (_, Some(None)) => Self::Unknown,
            };
        }
        match (first, second, third, fourth) {
            (Some("api"), Some("v1"), Some("generateTask"), Some(model)) if ends => {
                decoded(model).map_or(Self::Unknown, |model| Self::Submit { model })
            }
            (Some("api"), Some("v1"), Some("statusTask"), Some(model)) if ends => {
                decoded(model).map_or(Self::Unknown, |model| Self::Status { model })
            }
            (Some("api"), Some("v1"), Some("apikeys"), Some("current-balance")) if ends => Self::Balance,
            (Some("output"), Some(task), Some(file), None) => match (decoded(task), decoded(file)) {
                (Some(task), Some(file)) => Self::Result { task, file },
                _ => Self::Unknown,
            },
            (Some("docs"), Some("models"), Some("schemas"), Some(file)) if ends => {
                decoded(file).map_or(Self::Unknown, |file| Self::Schema { file })
            }
            (Some("__admin"), ..) => Self::Admin { rest: path["/__admin".len()..].trim_start_matches('/').to_owned() },
            _ => Self::Unknown,
        }
    }

    /// The methods it has, as an `Allow` header writes them.
    pub(super) const fn allow(&self) -> &'static str {
        match self {
            Self::Submit { .. } | Self::SubmitBatch { .. } => "POST",
            Self::Status { .. } | Self::BatchStatus { .. } | Self::Balance => "GET",
            Self::Result { .. } | Self::Schema { .. } => "GET, HEAD",
            Self::Admin { .. } | Self::Unknown => "",
        }
    }

    /// The name in the journal.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Submit { .. } => "submit",
            Self::SubmitBatch { .. } => "batch-submit",
            Self::Status { .. } => "status",
            Self::BatchStatus { .. } => "batch-status",
            Self::Balance => "balance",
            Self::Result { .. } => "result",
            Self::Schema { .. } => "schema",
            Self::Admin { .. } => "admin",
            Self::Unknown => "other",
        }
    }
}

/// The value of `name` in a query.
pub(super) fn query(query: Option<&str>, name: &str) -> Option<String> {
    pairs(query).filter(|(key, _)| *key == name).find_map(|(_, value)| value)
}

/// The names and values of a query; no value where it is not UTF-8.
pub(super) fn pairs(query: Option<&str>) -> impl Iterator<Item = (&str, Option<String>)> {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name, decoded(&value.replace('+', " "))))
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_lead_where_they_should() {
        let status = |model: &str| Target::Status { model: model.to_owned() };
        assert_eq!(Target::of("/api/v1/statusTask/sora%2D2"), status("sora-2"));
        assert_eq!(Target::of("/api/v1/statusTask/a%2Fb"), status("a/b"));
        assert_eq!(Target::of("/api/v1/statusTask/a/b"), Target::Unknown);
        assert_eq!(Target::of("/api/v1/statusTask/%ff"), Target::Unknown);
        let batch = |batch: &str| Target::BatchStatus { model: "m".to_owned(), batch: batch.to_owned() };
        assert_eq!(Target::of("/api/v1/generateTask/m/batches"), Target::SubmitBatch { model: "m".to_owned() });
        assert_eq!(Target::of("/api/v1/generateTask/m/batches/b%201"), batch("b 1"));
        assert_eq!(Target::of("/api/v1/generateTask/m/batches/b/1"), Target::Unknown);
        assert_eq!(Target::of("/api/v1/generateTask/m/batch"), Target::Unknown);
        assert_eq!(query(Some("x=1&taskId=a%20b"), "taskId").as_deref(), Some("a b"));
        assert_eq!(query(Some("taskid=1"), "taskId"), None);
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        #[test]
        fn any_path_has_a_target(path in "/\\PC{0,80}", question in "\\PC{0,80}") {
            let _ = (Target::of(&path), query(Some(&question), "taskId"));
        }
    }
}
