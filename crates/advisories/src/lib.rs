//! Vulnerability records as the Grype database v6 shapes them, and the look-ups a matcher needs.
