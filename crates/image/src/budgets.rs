//! What a walk may consume, and the counting of it.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::WalkedLayer;

/// Bounds on what an image may make the program do; see each field for its default and the reason for it.
///
/// Every field is also the name of the setting that raises it, written with dashes: `layer_bytes` is `layer-bytes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Uncompressed bytes of one layer: 32 GiB, several times the largest layers of machine learning images.
    pub layer_bytes: u64,
    /// Uncompressed bytes of all layers together: 64 GiB.
    pub image_bytes: u64,
    /// Uncompressed bytes for each stored byte, once a layer is larger than `ratio_floor`: 250. Real layers stay
    /// below 20; a layer of zeros reaches 1,000 in gzip and 30,000 in zstd.
    pub ratio: u64,
    /// Uncompressed bytes up to which any ratio is accepted: 1 GiB, which is a second of work.
    pub ratio_floor: u64,
    /// Entries of one layer: 1,500,000; images with many small packages have some 200,000.
    pub layer_entries: u64,
    /// Entries of all layers together, and files and folders of the squashed tree (folders that no entry names
    /// included): 2,000,000. Each takes about 160 bytes of memory beside its names and facts.
    pub image_entries: u64,
    /// Bytes of one path: 65,536; Linux opens no path above 4,096, but may hold longer ones.
    pub path_bytes: u64,
    /// Names in one path: 32,768.
    pub path_depth: u64,
    /// Bytes of one extended header (pax records, GNU long name, sparse map): 1 MiB.
    pub extended_header_bytes: u64,
    /// Bytes of names, link targets and extended headers of all layers together: 128 MiB.
    pub metadata_bytes: u64,
    /// Names walked through because of symbolic links while layers are laid over each other: 50,000,000.
    pub link_steps: u64,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            layer_bytes: 32 << 30,
            image_bytes: 64 << 30,
            ratio: 250,
            ratio_floor: 1 << 30,
            layer_entries: 1_500_000,
            image_entries: 2_000_000,
            path_bytes: 65_536,
            path_depth: 32_768,
            extended_header_bytes: 1 << 20,
            metadata_bytes: 128 << 20,
            link_steps: 50_000_000,
        }
    }
}

/// Names one of the [`Budgets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    LayerBytes,
    ImageBytes,
    Ratio,
    LayerEntries,
    ImageEntries,
    PathBytes,
    PathDepth,
    ExtendedHeaderBytes,
    MetadataBytes,
    LinkSteps,
}

impl Budget {
    /// The setting that raises it.
    pub fn setting(self) -> &'static str {
        match self {
            Self::LayerBytes => "layer-bytes",
            Self::ImageBytes => "image-bytes",
            Self::Ratio => "ratio",
            Self::LayerEntries => "layer-entries",
            Self::ImageEntries => "image-entries",
            Self::PathBytes => "path-bytes",
            Self::PathDepth => "path-depth",
            Self::ExtendedHeaderBytes => "extended-header-bytes",
            Self::MetadataBytes => "metadata-bytes",
            Self::LinkSteps => "link-steps",
        }
    }

    /// Whether all layers use it together.
    pub(crate) fn is_shared(self) -> bool {
        matches!(self, Self::ImageBytes | Self::ImageEntries | Self::MetadataBytes | Self::LinkSteps)
    }

    fn measures(self) -> &'static str {
        match self {
            Self::LayerBytes => "uncompressed bytes in one layer",
            Self::ImageBytes => "uncompressed bytes in all layers",
            Self::Ratio => "uncompressed bytes for each stored byte",
            Self::LayerEntries => "entries in one layer",
            Self::ImageEntries => "entries in all layers",
            Self::PathBytes => "bytes in one path",
            Self::PathDepth => "folders in one path",
            Self::ExtendedHeaderBytes => "bytes in one extended header",
            Self::MetadataBytes => "bytes of names, links and extended headers",
            Self::LinkSteps => "steps through symbolic links",
        }
    }
}

/// A budget was used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BudgetExceeded {
    pub budget: Budget,
    pub limit: u64,
}

impl fmt::Display for BudgetExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "more than {} {}; if the image is trusted, raise the limit {:?}",
            self.limit,
            self.budget.measures(),
            self.budget.setting()
        )
    }
}

impl Budgets {
    pub(crate) fn check(&self, budget: Budget, used: u64) -> Result<(), BudgetExceeded> {
        let limit = self.limit(budget);
        if used > limit { Err(BudgetExceeded { budget, limit }) } else { Ok(()) }
    }

    fn limit(&self, budget: Budget) -> u64 {
        match budget {
            Budget::LayerBytes => self.layer_bytes,
            Budget::ImageBytes => self.image_bytes,
            Budget::Ratio => self.ratio,
            Budget::LayerEntries => self.layer_entries,
            Budget::ImageEntries => self.image_entries,
            Budget::PathBytes => self.path_bytes,
            Budget::PathDepth => self.path_depth,
            Budget::ExtendedHeaderBytes => self.extended_header_bytes,
            Budget::MetadataBytes => self.metadata_bytes,
            Budget::LinkSteps => self.link_steps,
        }
    }
}

/// What all layers of an image have used together.
#[derive(Debug)]
pub(crate) struct Meter<'b> {
    pub(crate) budgets: &'b Budgets,
    bytes: AtomicU64,
    entries: AtomicU64,
    metadata: AtomicU64,
}

impl<'b> Meter<'b> {
    pub(crate) fn new(budgets: &'b Budgets) -> Self {
        Self { budgets, bytes: AtomicU64::new(0), entries: AtomicU64::new(0), metadata: AtomicU64::new(0) }
    }

    pub(crate) fn charge_bytes(&self, bytes: u64) -> Result<(), BudgetExceeded> {
        self.charge(&self.bytes, Budget::ImageBytes, bytes)
    }

    pub(crate) fn charge_entries(&self, entries: u64) -> Result<(), BudgetExceeded> {
        self.charge(&self.entries, Budget::ImageEntries, entries)
    }

    /// Charges for all of a layer that was walked before. `stored` are its bytes as this image has them, 0 if it does not say.
    pub(crate) fn charge_known<F>(&self, layer: &WalkedLayer<F>, stored: u64) -> Result<(), BudgetExceeded> {
        let ratio = if layer.bytes > self.budgets.ratio_floor { layer.bytes / stored.max(1) } else { 0 };
        self.budgets.check(Budget::LayerBytes, layer.bytes)?;
        self.budgets.check(Budget::LayerEntries, layer.entries)?;
        self.budgets.check(Budget::Ratio, if stored == 0 { 0 } else { ratio })?;
        self.charge_bytes(layer.bytes)?;
        self.charge_entries(layer.entries)?;
        self.charge_metadata(layer.metadata_bytes)
    }

    pub(crate) fn charge_metadata(&self, bytes: u64) -> Result<(), BudgetExceeded> {
        self.charge(&self.metadata, Budget::MetadataBytes, bytes)
    }

    fn charge(&self, used: &AtomicU64, budget: Budget, amount: u64) -> Result<(), BudgetExceeded> {
        let before = used.fetch_add(amount, Ordering::Relaxed);
        self.budgets.check(budget, before.saturating_add(amount))
    }
}
