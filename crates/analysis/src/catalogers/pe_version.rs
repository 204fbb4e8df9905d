//! The version resource of Windows executables (`VS_VERSIONINFO` of Microsoft's menu and other resources reference).

use object::{
    LittleEndian, ReadRef, pe,
    read::pe::{ImageNtHeaders, PeFile, ResourceDirectory, ResourceNameOrId},
};
use windlass_sbom::metadata::KeyValue;

/// What an executable says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct VersionResource {
    /// Whether it holds code for .NET's runtime.
    pub(crate) is_assembly: bool,
    /// `ProductName`, `FileVersion` and so on, in the order of the file; values are trimmed and not empty.
    pub(crate) strings: Vec<KeyValue>,
}

/// The largest resource section read, and the largest version resource in it: an installer carries its payload there.
const SECTION_LIMIT: u32 = 64 << 20;
const RESOURCE_LIMIT: usize = 64 << 10;

impl VersionResource {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.strings.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
    }
}

/// Reads the version resource; `None` where there is none.
pub(crate) fn read<'data, R: ReadRef<'data>>(file: &object::File<'data, R>) -> Option<VersionResource> {
    match file {
        object::File::Pe32(file) => of(file),
        object::File::Pe64(file) => of(file),
        _ => None,
    }
}

fn of<'data, Pe: ImageNtHeaders, R: ReadRef<'data>>(file: &PeFile<'data, Pe, R>) -> Option<VersionResource> {
    let directory = file.data_directory(pe::IMAGE_DIRECTORY_ENTRY_RESOURCE)?;
    let sections = file.section_table();
    let section = sections.iter().find(|section| section.contains_rva(directory.virtual_address.get(LittleEndian)))?;
    if section.size_of_raw_data.get(LittleEndian) > SECTION_LIMIT {
        return None;
    }
    let resources = file.data_directories().resource_directory(file.data(), &sections).ok().flatten()?;
    let entry = version_entry(resources)?;
    let content = sections.pe_data_at(file.data(), entry.offset_to_data.get(LittleEndian))?;
    let size = (entry.size.get(LittleEndian) as usize).min(RESOURCE_LIMIT).min(content.len());
    let runtime = file.data_directory(pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR);
    Some(VersionResource {
        is_assembly: runtime.is_some_and(|runtime| runtime.virtual_address.get(LittleEndian) != 0),
        strings: strings(&content[..size]),
    })
}

/// Resources are a tree of three levels: type, name, language. The first name and language are taken.
fn version_entry(resources: ResourceDirectory<'_>) -> Option<&pe::ImageResourceDataEntry> {
    let root = resources.root().ok()?;
    let is_version = |id: ResourceNameOrId| matches!(id, ResourceNameOrId::Id(pe::RT_VERSION));
    let versions = root.entries.iter().find(|entry| is_version(entry.name_or_id()))?;
    let names = versions.data(resources).ok()?.table()?;
    let languages = names.entries.first()?.data(resources).ok()?.table()?;
    languages.entries.first()?.data(resources).ok()?.data()
}

/// The strings of the first language: `VS_VERSION_INFO` holds `StringFileInfo` holds a table of them.
fn strings(data: &[u8]) -> Vec<KeyValue> {
    let table = Block::parse(data)
        .and_then(|root| root.children().find(|child| child.key == "StringFileInfo"))
        .and_then(|info| info.children().next());
    let texts = table
        .into_iter()
        .flat_map(Block::children)
        .map(|text| KeyValue { value: text_of(text.value).trim().to_owned(), key: text.key });
    texts.filter(|text| !text.key.is_empty() && !text.value.is_empty()).collect()
}

/// A block: its length, that of its value, whether that is text, then a key, the value and blocks within it, each aligned
/// to four bytes.
struct Block<'a> {
    key: String,
    value: &'a [u8],
    rest: &'a [u8],
    /// Bytes from its start to that of the next.
    length: usize,
}

impl<'a> Block<'a> {
    fn parse(data: &'a [u8]) -> Option<Self> {
        let number = |at: usize| Some(usize::from(u16::from_le_bytes(*data.get(at..)?.first_chunk()?)));
        let (length, value_length, is_text) = (number(0)?, number(2)?, number(4)? == 1);
        let block = data.get(..length)?;
        let key = text_of(block.get(6..)?);
        let value_start = (6 + 2 * (key.encode_utf16().count() + 1)).next_multiple_of(4).min(length);
        // The length of a text is in characters.
        let value_size = if is_text { 2 * value_length } else { value_length };
        let value_end = (value_start + value_size).min(length);
        Some(Self {
            key,
            value: &block[value_start..value_end],
            rest: block.get(value_end.next_multiple_of(4)..).unwrap_or_default(),
            length: length.max(6),
        })
    }

    fn children(self) -> impl Iterator<Item = Block<'a>> {
        let mut rest = self.rest;
        std::iter::from_fn(move || {
            let child = Block::parse(rest)?;
            rest = rest.get(child.length.next_multiple_of(4)..).unwrap_or_default();
            Some(child)
        })
    }
}

/// UTF-16 up to the first NUL.
fn text_of(data: &[u8]) -> String {
    let units = data.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units.take_while(|unit| *unit != 0)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Executables for tests.
#[cfg(test)]
pub(crate) mod testing {
    use object::write::pe::{NtHeaders, Writer};

    use super::*;

    /// A block of the resource.
    fn block(key: &str, is_text: bool, value: &[u8], children: &[Vec<u8>]) -> Vec<u8> {
        let utf16 = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let align = |block: &mut Vec<u8>| block.resize(block.len().next_multiple_of(4), 0);
        let value_length = if is_text { value.len() / 2 } else { value.len() } as u16;
        let mut block = [[0; 2], value_length.to_le_bytes(), u16::from(is_text).to_le_bytes()].concat();
        block.extend(utf16(key));
        align(&mut block);
        block.extend(value);
        for child in children {
            align(&mut block);
            block.extend(child);
        }
        let length = block.len() as u16;
        block[..2].copy_from_slice(&length.to_le_bytes());
        block
    }

    pub(crate) fn resource(strings: &[(&str, &str)]) -> Vec<u8> {
        let text = |(key, value): &(&str, &str)| {
            let value: Vec<u8> = value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
            block(key, true, &value, &[])
        };
        let strings: Vec<Vec<u8>> = strings.iter().map(text).collect();
        let table = block("040904b0", true, &[], &strings);
        block("VS_VERSION_INFO", false, &[0; 52], &[block("StringFileInfo", true, &[], &[table])])
    }

    /// A 64-bit executable with nothing but a version resource.
    pub(crate) fn executable(strings: &[(&str, &str)], is_assembly: bool) -> Vec<u8> {
        /// Three tables with one entry each, then the description of the data.
        const TREE: u32 = 3 * 24 + 16;
        let content = resource(strings);
        let mut file = Vec::new();
        let mut writer = Writer::new(true, 0x200, 0x200, &mut file);
        writer.reserve_dos_header();
        writer.reserve_nt_headers(16);
        writer.reserve_section_headers(1);
        let section = writer.reserve_rsrc_section(TREE + content.len() as u32);
        if is_assembly {
            writer.set_data_directory(pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR, section.virtual_address, 72);
        }
        writer.write_empty_dos_header().expect("room for a header");
        writer.write_nt_headers(NtHeaders {
            machine: pe::IMAGE_FILE_MACHINE_AMD64,
            time_date_stamp: 0,
            characteristics: pe::IMAGE_FILE_EXECUTABLE_IMAGE,
            major_linker_version: 0,
            minor_linker_version: 0,
            address_of_entry_point: 0,
            image_base: 0x1_4000_0000,
            major_operating_system_version: 6,
            minor_operating_system_version: 0,
            major_image_version: 0,
            minor_image_version: 0,
            major_subsystem_version: 6,
            minor_subsystem_version: 0,
            subsystem: pe::IMAGE_SUBSYSTEM_WINDOWS_CUI,
            dll_characteristics: 0,
            size_of_stack_reserve: 0,
            size_of_stack_commit: 0,
            size_of_heap_reserve: 0,
            size_of_heap_commit: 0,
        });
        writer.write_section_headers();
        let mut resources = Vec::new();
        for (level, id) in [(1, u32::from(pe::RT_VERSION)), (2, 1), (3, 0x409)] {
            let next = level * 24;
            let target = if level < 3 { next | pe::IMAGE_RESOURCE_DATA_IS_DIRECTORY } else { next };
            resources.extend([0, 0, 0, 1 << 16, id, target].map(u32::to_le_bytes).concat());
        }
        let data = section.virtual_address + TREE;
        resources.extend([data, content.len() as u32, 0, 0].map(u32::to_le_bytes).concat());
        resources.extend(&content);
        writer.write_section(section.file_offset, &resources);
        file
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{testing::resource, *};

    #[test]
    fn strings_are_read_in_their_order_without_empty_ones() {
        let data = resource(&[("ProductName", "Notifu "), ("Comments", ""), ("FileVersion", "1.7.1.0")]);
        let read: Vec<_> = strings(&data).into_iter().map(|text| (text.key, text.value)).collect();
        assert_eq!(read, [("ProductName".into(), "Notifu".into()), ("FileVersion".into(), "1.7.1.0".into())]);
    }

    proptest! {
        #[test]
        fn no_resource_is_too_strange(data in prop::collection::vec(any::<u8>(), 0..400)) {
            strings(&data);
        }

        #[test]
        fn no_damage_is_too_much(at in 0..600_usize, byte: u8) {
            let mut data = resource(&[("ProductName", "a"), ("ProductVersion", "1.0")]);
            let at = at % data.len();
            data[at] = byte;
            strings(&data);
        }
    }
}
