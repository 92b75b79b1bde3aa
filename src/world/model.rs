//! A model of the API: how long its tasks take and what becomes of them.

use crate::api::reply::Failure;
use crate::world::distribution::Distribution;
use std::num::{NonZeroU8, NonZeroU32};

/// A number between 0 and 1, both included.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Probability(f64);

impl Probability {
    /// It cannot happen.
    pub const ZERO: Self = Self(0.0);
    /// It always happens.
    pub const ONE: Self = Self(1.0);

    /// The probability `p`, or `None` where it is NaN or outside [0, 1].
    #[must_use]
    pub fn new(p: f64) -> Option<Self> {
        (0.0..=1.0).contains(&p).then_some(Self(p))
    }

    /// The number.
    #[must_use]
    #[inline]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// How a model's tasks fail.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureMode {
    /// Share of all tasks that fail.
    pub probability: Probability,
    /// What the API then says.
    pub failure: Failure,
    /// Time from the start of processing to the failure.
    pub after: Distribution,
}

/// Which tasks fail, and which never end: shares that add up to at most 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fates {
    failure: Option<FailureMode>,
    stuck: Probability,
}

impl Fates {
    /// Tasks fail by `failure`, if at all, and the share `stuck` of all tasks never ends; `None` where that is more than
    /// all tasks.
    #[must_use]
    pub fn new(failure: Option<FailureMode>, stuck: Probability) -> Option<Self> {
        let fates = Self { failure, stuck };
        (fates.failing() + stuck.get() <= 1.0).then_some(fates)
    }

    /// How tasks fail; none do where absent.
    #[must_use]
    #[inline]
    pub fn failure(&self) -> Option<&FailureMode> {
        self.failure.as_ref()
    }

    /// Share of all tasks that fail.
    #[must_use]
    pub fn failing(&self) -> f64 {
        self.failure.as_ref().map_or(0.0, |failure| failure.probability.get())
    }

    /// Share of all tasks that never end.
    #[must_use]
    #[inline]
    pub fn stuck(&self) -> f64 {
        self.stuck.get()
    }
}

/// What a model makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Product {
    /// Pictures.
    Image,
    /// Films.
    Video,
    /// Music and speech.
    Audio,
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Image, Self::Video, Self::Audio];

    /// The name in scenario files and schema documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
        }
    }

    /// What a model of this name makes, as far as published names tell; images where they do not.
    ///
    /// ```
    /// use pollbench::world::model::Product;
    /// assert_eq!(Product::of("seedance-2-0-fast"), Product::Video);
    /// assert_eq!(Product::of("wan-2-5-image"), Product::Image);
    /// ```
    #[must_use]
    pub fn of(name: &str) -> Self {
        // The first that a name holds decides: a family may make other things than its name says.
        const SIGNS: [(&str, Product); 17] = [
            ("image", Product::Image),
            ("video", Product::Video),
            ("music", Product::Audio),
            ("audio", Product::Audio),
            ("speech", Product::Audio),
            ("tts", Product::Audio),
            ("suno", Product::Audio),
            ("sora", Product::Video),
            ("veo", Product::Video),
            ("seedance", Product::Video),
            ("kling", Product::Video),
            ("wan-", Product::Video),
            ("hailuo", Product::Video),
            ("runway", Product::Video),
            ("luma", Product::Video),
            ("pixverse", Product::Video),
            ("vidu", Product::Video),
        ];
        let sign = SIGNS.iter().find(|(sign, _)| name.contains(sign));
        sign.map_or(Self::Image, |(_, product)| *product)
    }

    /// Files of one task by default: music comes in two takes.
    #[must_use]
    pub const fn files(self) -> u8 {
        match self {
            Self::Image | Self::Video => 1,
            Self::Audio => 2,
        }
    }
}

/// One model: a name and the distributions of its tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Name as in the request path.
    pub name: String,
    /// Processing time of a task that succeeds.
    pub completion: Distribution,
    /// Time a task is queued before it is processed; none where absent.
    pub pending: Option<Distribution>,
    /// Which tasks do not succeed; all do by default.
    pub fates: Fates,
    /// Tasks that are processed at once, first come first served; unlimited where absent. A stuck task holds no worker.
    pub workers: Option<NonZeroU32>,
    /// What it makes; what its name tells where absent.
    pub product: Option<Product>,
    /// Files of one task; as many as the product usually has where absent.
    pub files: Option<NonZeroU8>,
}

impl Model {
    /// A model whose tasks all succeed, after a time of this distribution, and never queue.
    #[must_use]
    pub fn plain(name: &str, completion: Distribution) -> Self {
        let name = name.to_owned();
        Self { name, completion, pending: None, fates: Fates::default(), workers: None, product: None, files: None }
    }

    /// What it makes.
    #[must_use]
    pub fn product(&self) -> Product {
        self.product.unwrap_or_else(|| Product::of(&self.name))
    }

    /// Files of one task.
    #[must_use]
    pub fn files(&self) -> u8 {
        self.files.map_or_else(|| self.product().files(), NonZeroU8::get)
    }
}
