//! One pass over the bytes of every layer.

use std::{
    cmp::Reverse,
    num::NonZeroUsize,
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    DigestSet, Layer, LayerName, Reader, WalkError, WalkedLayer,
    budgets::{Budgets, Meter},
    is_layer_media_type,
    layer_walk::LayerWalk,
};

/// Asked now and then whether to give up, such as because a deadline has passed.
pub type CancelCheck = Arc<dyn Fn() -> bool + Send + Sync>;

/// How to walk.
#[derive(Clone)]
pub struct WalkOptions {
    /// Layers walked at the same time; each also has a thread that decompresses it. Default: one for each processor.
    pub threads: NonZeroUsize,
    pub budgets: Budgets,
    /// Which digests of every regular file to compute. Default: none.
    pub file_digests: DigestSet,
    /// Default: never cancelled.
    pub cancelled: Option<CancelCheck>,
}

impl Default for WalkOptions {
    fn default() -> Self {
        Self {
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            budgets: Budgets::default(),
            file_digests: DigestSet::default(),
            cancelled: None,
        }
    }
}

impl WalkOptions {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.as_ref().is_some_and(|cancelled| cancelled())
    }
}

/// Reads every layer once: verifies its size and both its digests, offers its files to `reader`, and returns the layers
/// in the order given.
///
/// The first failure ends the walk; if several layers fail, the lowest is reported.
pub fn walk<R: Reader>(
    layers: &[Layer],
    reader: &R,
    options: &WalkOptions,
) -> Result<Vec<WalkedLayer<R::Facts>>, WalkError> {
    walk_unknown(layers, layers.iter().map(|_| None).collect(), reader, options)
}

/// As [`walk`], of layers of which some were walked before, for another image: those that are `known` are not opened. What
/// they take counts for the budgets all the same.
pub fn walk_unknown<R: Reader>(
    layers: &[Layer],
    known: Vec<Option<WalkedLayer<R::Facts>>>,
    reader: &R,
    options: &WalkOptions,
) -> Result<Vec<WalkedLayer<R::Facts>>, WalkError> {
    check_media_types(layers)?;
    let meter = Meter::new(&options.budgets);
    for (index, (layer, walked)) in layers.iter().zip(&known).enumerate() {
        let Some(walked) = walked else { continue };
        meter.charge_known(walked, layer.size).map_err(|exceeded| {
            let layer = (!exceeded.budget.is_shared()).then(|| name(index, layer));
            WalkError::Budget { layer, exceeded }
        })?;
    }
    // The largest first, so that no thread is left with a large layer when the others have finished.
    let mut order: Vec<usize> = (0..layers.len()).filter(|index| known[*index].is_none()).collect();
    order.sort_by_key(|index| Reverse(layers[*index].size));
    let taken = AtomicUsize::new(0);
    let lowest_failed = AtomicUsize::new(usize::MAX);

    let work = || {
        let mut walked = Vec::new();
        while let Some(index) = order.get(taken.fetch_add(1, Ordering::Relaxed)).copied() {
            let stop = || lowest_failed.load(Ordering::Relaxed) < index || options.is_cancelled();
            let result = if stop() {
                Err(WalkError::Cancelled)
            } else {
                LayerWalk {
                    layer: &layers[index],
                    index,
                    meter: &meter,
                    file_digests: options.file_digests,
                    stop: &stop,
                }
                .run(reader)
            };
            if result.is_err() {
                lowest_failed.fetch_min(index, Ordering::Relaxed);
            }
            walked.push((index, result));
        }
        walked
    };
    let mut walked: Vec<_> = thread::scope(|scope| {
        let threads = options.threads.get().min(order.len());
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(joined).collect()
    });
    walked.extend(known.into_iter().enumerate().filter_map(|(index, walked)| Some((index, Ok(walked?)))));
    walked.sort_by_key(|(index, _)| *index);
    walked.into_iter().map(|(_, result)| result).collect()
}

fn check_media_types(layers: &[Layer]) -> Result<(), WalkError> {
    let unknown: Vec<_> = layers
        .iter()
        .enumerate()
        .filter(|(_, layer)| !is_layer_media_type(&layer.media_type))
        .map(|(index, layer)| (name(index, layer), layer.media_type.clone()))
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(WalkError::MediaTypes(unknown)) }
}

pub(crate) fn name(index: usize, layer: &Layer) -> LayerName {
    LayerName { index, digest: layer.digest.as_ref().unwrap_or(&layer.diff_id).clone() }
}

/// What a thread returned; its panic goes on in this one.
pub(crate) fn joined<T>(handle: thread::ScopedJoinHandle<'_, T>) -> T {
    handle.join().unwrap_or_else(|panic| resume_unwind(panic))
}
