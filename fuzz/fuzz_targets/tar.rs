//! A layer of any bytes: plain, gzip or zstd, whatever they begin with.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_image::{
    Budgets, DigestSet, Tree, WalkOptions,
    testing::{Contents, layer},
    walk,
};

fuzz_target!(|bytes: &[u8]| {
    let budgets = Budgets { layer_bytes: 4 << 20, ratio_floor: 1 << 20, ..Budgets::default() };
    let options = WalkOptions { budgets, file_digests: DigestSet::SHA256, ..WalkOptions::default() };
    let layers = [layer("application/vnd.oci.image.layer.v1.tar", bytes, bytes.to_vec())];
    if let Ok(walked) = walk(&layers, &Contents, &options) {
        let tree = Tree::squash(walked, &options.budgets).expect("few bytes make a small tree");
        for (path, node) in tree.iter() {
            assert_eq!(tree.get(&path).map(|found| found.id), Some(node.id));
        }
    }
});
