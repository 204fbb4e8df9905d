//! Where images come from: archives, layouts, registries, daemons, directories.
