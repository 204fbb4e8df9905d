//! Policy bundles: what an organisation allows in an image, and the verdict on one.
