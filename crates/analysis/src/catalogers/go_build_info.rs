//! The build information that the Go linker leaves in every executable (`debug/buildinfo` of Go's standard library
//! documents the layout).

use object::{Architecture, Object, ObjectSection, ObjectSegment, ReadRef};
use windlass_sbom::metadata::KeyValue;

/// What an executable says of its own build.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct BuildInfo {
    /// `go1.22.1`
    pub(crate) go_version: String,
    pub(crate) architecture: String,
    /// The import path of the main package.
    pub(crate) path: String,
    pub(crate) main: Option<Module>,
    pub(crate) dependencies: Vec<Module>,
    pub(crate) settings: Vec<KeyValue>,
}

/// A module; `replaced_by` is what was linked in its stead.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Module {
    pub(crate) path: String,
    pub(crate) version: String,
    pub(crate) sum: String,
    pub(crate) replaced_by: Option<Box<Module>>,
}

/// What the go command records as the version of a module that was built from a checkout.
pub(crate) const DEVELOPMENT: &str = "(devel)";
/// What it records as the module of a program whose files were named one by one.
const NAMED_FILES: &str = "command-line-arguments";

impl BuildInfo {
    /// Takes out the module that the program is.
    ///
    /// Programs built outside module mode (distributions do) or from files named one by one record none: then it is
    /// the only linked module that was built from a checkout, else all that is known is the import path of the program.
    pub(crate) fn take_main(&mut self) -> Option<Module> {
        let recorded = self.main.take().filter(|main| !main.path.is_empty() && main.path != NAMED_FILES);
        recorded.or_else(|| {
            let mut checkouts = (0..self.dependencies.len()).filter(|&i| self.dependencies[i].version == DEVELOPMENT);
            match (checkouts.next(), checkouts.next()) {
                (Some(only), None) => Some(self.dependencies.remove(only)),
                _ => (!self.path.is_empty() && self.path != NAMED_FILES).then(|| Module {
                    path: self.path.clone(),
                    version: DEVELOPMENT.into(),
                    ..Module::default()
                }),
            }
        })
    }
}

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// The header is aligned to as many bytes, and as long before inline texts begin.
const ALIGN: usize = 16;
const INLINE_TEXTS: usize = 32;
/// The linker puts the header at the start of a writable segment; this far in it is looked for.
const SEARCH: u64 = 1 << 20;
/// No build information is as long.
const TEXT_LIMIT: u64 = 16 << 20;

/// Reads the build information of an executable. `None` where it is no program of Go's linker.
pub(crate) fn read<'data, R: ReadRef<'data>>(file: &object::File<'data, R>) -> Option<BuildInfo> {
    let data = locate(file)?;
    let (version, modules) = if *data.get(15)? & 2 != 0 {
        let (version, rest) = inline_text(data.get(INLINE_TEXTS..)?)?;
        let (modules, _) = inline_text(rest)?;
        (version.to_vec(), modules.to_vec())
    } else {
        let pointer_size = usize::from(*data.get(14)?);
        let big_endian = *data.get(15)? & 1 != 0;
        let memory = Memory { file, pointer_size, big_endian };
        let first = memory.pointer(data.get(16..)?)?;
        let second = memory.pointer(data.get(16 + pointer_size..)?)?;
        (memory.text(first)?, memory.text(second).unwrap_or_default())
    };
    let go_version = String::from_utf8_lossy(&version).into_owned();
    if !go_version.starts_with("go") && !go_version.starts_with("devel") {
        return None;
    }
    let mut info =
        BuildInfo { go_version, architecture: architecture(file.architecture()).into(), ..BuildInfo::default() };
    // The text is framed by sixteen bytes at either end.
    if modules.len() >= 33 && modules[modules.len() - 17] == b'\n' {
        parse(&String::from_utf8_lossy(&modules[16..modules.len() - 16]), &mut info);
    }
    Some(info)
}

/// The bytes from the header on.
fn locate<'data, R: ReadRef<'data>>(file: &object::File<'data, R>) -> Option<&'data [u8]> {
    let named = [".go.buildinfo", "__go_buildinfo"].iter().find_map(|name| file.section_by_name(name));
    if let Some(section) = named {
        let data = section.data().ok()?;
        let at = find(data)?;
        return Some(&data[at..]);
    }
    file.segments().find_map(|segment| {
        let size = segment.size().min(SEARCH);
        let data = segment.data_range(segment.address(), size).ok().flatten()?;
        let at = find(data)?;
        Some(&data[at..])
    })
}

fn find(data: &[u8]) -> Option<usize> {
    (0..data.len().saturating_sub(INLINE_TEXTS - 1)).step_by(ALIGN).find(|&at| data[at..].starts_with(MAGIC))
}

/// A text with its length before it as a varint, and what follows it.
fn inline_text(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0u64;
    for (index, byte) in data.iter().enumerate().take(9) {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let rest = &data[index + 1..];
            return rest.split_at_checked(usize::try_from(length).ok()?);
        }
    }
    None
}

/// The program's memory as the file holds it, for executables older than Go 1.18, which point at their texts.
struct Memory<'file, 'data, R: ReadRef<'data>> {
    file: &'file object::File<'data, R>,
    pointer_size: usize,
    big_endian: bool,
}

impl<'data, R: ReadRef<'data>> Memory<'_, 'data, R> {
    fn pointer(&self, bytes: &[u8]) -> Option<u64> {
        Some(match (self.pointer_size, self.big_endian) {
            (4, false) => u32::from_le_bytes(*bytes.first_chunk()?).into(),
            (4, true) => u32::from_be_bytes(*bytes.first_chunk()?).into(),
            (8, false) => u64::from_le_bytes(*bytes.first_chunk()?),
            (8, true) => u64::from_be_bytes(*bytes.first_chunk()?),
            _ => return None,
        })
    }

    fn bytes(&self, address: u64, size: u64) -> Option<&'data [u8]> {
        self.file.segments().find_map(|segment| segment.data_range(address, size).ok().flatten())
    }

    /// The text whose header (address and length) lies at `address`.
    fn text(&self, address: u64) -> Option<Vec<u8>> {
        let header = self.bytes(address, 2 * self.pointer_size as u64)?;
        let start = self.pointer(header)?;
        let length = self.pointer(header.get(self.pointer_size..)?)?;
        if length > TEXT_LIMIT {
            return None;
        }
        self.bytes(start, length).map(<[u8]>::to_vec)
    }
}

fn parse(text: &str, info: &mut BuildInfo) {
    let mut last: Option<&mut Module> = None;
    for line in text.lines() {
        let mut fields = line.split('\t');
        let kind = fields.next().unwrap_or_default();
        match kind {
            "path" => fields.next().unwrap_or_default().clone_into(&mut info.path),
            "mod" => last = Some(info.main.insert(module(fields))),
            "dep" => {
                info.dependencies.push(module(fields));
                last = info.dependencies.last_mut();
            }
            "=>" => {
                if let Some(replaced) = last.take() {
                    replaced.replaced_by = Some(Box::new(module(fields)));
                }
            }
            "build" => {
                if let Some((key, value)) = fields.next().and_then(|setting| setting.split_once('=')) {
                    info.settings.push(KeyValue { key: unquote(key), value: unquote(value) });
                }
            }
            _ => {}
        }
    }
}

fn module<'a>(mut fields: impl Iterator<Item = &'a str>) -> Module {
    let mut field = || fields.next().unwrap_or_default().to_owned();
    Module { path: field(), version: field(), sum: field(), replaced_by: None }
}

/// Keys and values with blanks or quotes in them are written as Go string literals.
fn unquote(text: &str) -> String {
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(_) => serde_json::from_str(text).unwrap_or_else(|_| text.to_owned()),
        None => text.trim_matches('`').to_owned(),
    }
}

fn architecture(machine: Architecture) -> &'static str {
    match machine {
        Architecture::X86_64 => "amd64",
        Architecture::I386 => "386",
        Architecture::Aarch64 => "arm64",
        Architecture::Arm => "arm",
        Architecture::PowerPc64 => "ppc64le",
        Architecture::S390x => "s390x",
        Architecture::Riscv64 => "riscv64",
        Architecture::LoongArch64 => "loong64",
        Architecture::Mips64 => "mips64",
        Architecture::Mips => "mips",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_replacements_and_settings_are_told_apart() {
        let mut info = BuildInfo::default();
        parse(
            "path\texample.com/app\nmod\texample.com/app\t(devel)\t\ndep\tgolang.org/x/net\tv0.1.0\th1:abc=\n\
             dep\texample.com/old\tv1.0.0\n=>\texample.com/new\tv1.2.0\th1:def=\nbuild\t-compiler=gc\n\
             build\tldflags=\"-X main.version=1.2\"\n",
            &mut info,
        );
        assert_eq!(info.path, "example.com/app");
        assert_eq!(info.main.as_ref().map(|main| main.version.as_str()), Some("(devel)"));
        assert_eq!(info.dependencies[0].sum, "h1:abc=");
        assert_eq!(info.dependencies[1].replaced_by.as_ref().map(|new| new.path.as_str()), Some("example.com/new"));
        assert_eq!(info.settings[1], KeyValue { key: "ldflags".into(), value: "-X main.version=1.2".into() });
    }

    #[test]
    fn a_program_without_a_recorded_module_is_known_by_a_checkout_or_its_import_path() {
        let main_of = |text: &str| {
            let mut info = BuildInfo::default();
            parse(text, &mut info);
            let main = info.take_main().map(|main| (main.path, main.version));
            (main, info.dependencies.len())
        };
        let devel = |path: &str| Some((path.to_owned(), DEVELOPMENT.to_owned()));
        assert_eq!(main_of("path\tgithub.com/a/b/cmd/c\n"), (devel("github.com/a/b/cmd/c"), 0));
        let files = "path\tcommand-line-arguments\nmod\tcommand-line-arguments\t\t\n";
        assert_eq!(main_of(files), (None, 0));
        assert_eq!(main_of(&format!("{files}dep\ta.com/m\t(devel)\t\ndep\tb.com/n\tv1.0.0\n")), (devel("a.com/m"), 1));
        assert_eq!(main_of("path\tc.com/m/cmd\nmod\tc.com/m\t(devel)\t\n"), (devel("c.com/m"), 0));
    }

    #[test]
    fn a_length_that_exceeds_the_data_is_refused() {
        assert_eq!(inline_text(&[3, b'a', b'b', b'c', 9]), Some((&b"abc"[..], &[9][..])));
        assert_eq!(inline_text(&[200, 1, b'a']), None);
        assert_eq!(inline_text(&[0xff; 12]), None);
    }
}
