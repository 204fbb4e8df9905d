//! From a walked image to a bill of materials: one cataloger a file.
