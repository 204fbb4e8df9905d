//! Real images of the corpus, held against what is known of them independently of Windlass.

mod manifests;
mod os_packages;
mod support;
