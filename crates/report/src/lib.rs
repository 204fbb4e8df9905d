//! What a scan found, in every format a person or a pipeline reads.
