//! Opens executables (ELF, PE, Mach-O) for the catalogers that look into them.

use object::{File, ReadCache};
use windlass_image::Spool;

use crate::{Content, Unreadable};

/// Hands the parsed file to `look`; `Ok(None)` where the content is no executable after all.
///
/// A damaged executable holds no packages that could be told, and images hold many that merely look like one (firmware,
/// test data), so it is no unknown.
pub(crate) fn with<T>(
    content: &mut Content,
    look: impl FnOnce(&File<'_, &ReadCache<&mut Spool>>) -> T,
) -> Result<Option<T>, Unreadable> {
    let cache = ReadCache::new(content.stream()?);
    let parsed = File::parse(&cache);
    Ok(parsed.ok().map(|file| look(&file)))
}
