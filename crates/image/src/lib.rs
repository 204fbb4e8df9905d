//! A container image as data: layers walked once, squashed into one tree.
