//! From packages and advisories to findings, with the coverage of every answer.
