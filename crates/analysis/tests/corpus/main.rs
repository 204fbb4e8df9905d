//! Real images of the corpus, held against what is known of them independently of Windlass.

mod language_packages;
mod manifests;
mod os_packages;
mod support;
