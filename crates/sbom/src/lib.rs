//! The bill of materials: its model, and the formats it is read from and written to.
