//! The bill of materials: its model, and the formats it is read from and written to.
//!
//! [`Sbom`] says what was analysed, which distribution it is, which packages it holds, which files belong to them and how
//! they depend on each other, and also what could *not* be read ([`Unknown`]), because a scan must never look cleaner
//! than it was. Everything is plain data in a total order, so equal inputs give equal bytes in every format.

mod cpe;
mod distro;
pub mod dockerfile;
mod file;
mod file_table;
pub mod formats;
mod inspection;
mod license;
mod location;
pub mod metadata;
mod package;
mod package_type;
mod package_url;
mod path_list;
mod printable;
mod relationship;
mod sbom;
mod source;

pub use cpe::{Cpe, CpeSource, InvalidCpe};
pub use distro::Distro;
pub use file::{File, FileDigest, FileKind};
pub use file_table::{FileEntry, FileTable};
pub use inspection::{FileMatches, Inspection, MalwareFinding, MalwareScan, PatternMatch};
pub use license::{License, LicenseKind};
pub use location::{Evidence, Location};
pub use metadata::Metadata;
pub use package::{Package, PackageId};
pub use package_type::{Language, PackageType};
pub use package_url::package_url;
pub use path_list::{InvalidPathList, PathList};
pub use printable::printable;
pub use relationship::{Relationship, RelationshipKind};
pub use sbom::{Sbom, Unknown};
pub use source::{ImageSource, LayerDescription, Source};
