//! Headers and databases built in memory.

/// A value of a tag.
pub(crate) enum Field {
    Text(&'static str),
    Texts(Vec<&'static str>),
    Shorts(Vec<u16>),
    Words(Vec<u32>),
}

/// A header as it is stored in databases, with a region tag as rpm writes it.
pub(crate) fn header(fields: &[(u32, Field)]) -> Vec<u8> {
    let mut index = Vec::new();
    let mut store: Vec<u8> = Vec::new();
    for (tag, field) in fields {
        let (kind, count, bytes) = match field {
            Field::Text(text) => (6, 1, [text.as_bytes(), b"\0"].concat()),
            Field::Texts(texts) => {
                (8, texts.len(), texts.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect())
            }
            Field::Shorts(numbers) => {
                (3, numbers.len(), numbers.iter().flat_map(|number| number.to_be_bytes()).collect())
            }
            Field::Words(numbers) => {
                (4, numbers.len(), numbers.iter().flat_map(|number| number.to_be_bytes()).collect())
            }
        };
        store.resize(store.len().next_multiple_of(4), 0);
        for number in [*tag, kind, store.len() as u32, count as u32] {
            index.extend(number.to_be_bytes());
        }
        store.extend(bytes);
    }
    let entries = fields.len() as u32 + 1;
    let mut region = Vec::new();
    for number in [63, 7, store.len() as u32, 16] {
        region.extend(number.to_be_bytes());
    }
    for number in [63, 7, (entries * 16).wrapping_neg(), 16] {
        store.extend(number.to_be_bytes());
    }
    [&entries.to_be_bytes()[..], &(store.len() as u32).to_be_bytes(), &region, &index, &store].concat()
}

/// A package with one file, `/usr/bin/<name>`.
pub(crate) fn package(name: &'static str, version: &'static str) -> Vec<u8> {
    header(&package_fields(name, version))
}

pub(crate) fn package_fields(name: &'static str, version: &'static str) -> Vec<(u32, Field)> {
    vec![
        (1000, Field::Text(name)),
        (1001, Field::Text(version)),
        (1002, Field::Text("1.el9")),
        (1014, Field::Text("GPLv2+")),
        (1022, Field::Text("x86_64")),
        (1028, Field::Words(vec![7])),
        (1030, Field::Shorts(vec![0o100_755])),
        (1035, Field::Texts(vec!["aa"])),
        (1037, Field::Words(vec![17])),
        (1039, Field::Texts(vec!["root"])),
        (1040, Field::Texts(vec!["wheel"])),
        (1044, Field::Text("source-1-1.el9.src.rpm")),
        (1116, Field::Words(vec![0])),
        (1117, Field::Texts(vec![name])),
        (1118, Field::Texts(vec!["/usr/bin/"])),
        (5011, Field::Words(vec![8])),
    ]
}

/// A Berkeley DB hash of these headers, which lie on overflow pages.
pub(crate) fn bdb(headers: &[Vec<u8>], big_endian: bool) -> Vec<u8> {
    const PAGE: usize = 512;
    let u32 = |number: u32| if big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
    let u16 = |number: u16| if big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
    let mut overflow: Vec<Vec<u8>> = Vec::new();
    let mut hash = vec![0; PAGE];
    let mut end = PAGE;
    let mut items = 0_u16;
    let mut put = |hash: &mut Vec<u8>, item: &[u8]| {
        end -= item.len();
        hash[end..end + item.len()].copy_from_slice(item);
        hash[26 + usize::from(items) * 2..][..2].copy_from_slice(&u16(end as u16));
        items += 1;
        items
    };
    // rpm's counter: an all-zero key with a small value.
    put(&mut hash, &[1, 0, 0, 0, 0]);
    put(&mut hash, &[1, 9, 0, 0, 0]);
    let mut items = 2;
    for (number, header) in headers.iter().enumerate() {
        let first = 2 + overflow.len() as u32;
        let chunks: Vec<_> = header.chunks(PAGE - 26).collect();
        for (at, chunk) in chunks.iter().enumerate() {
            let mut page = vec![0; PAGE];
            let next = if at + 1 == chunks.len() { 0 } else { first + at as u32 + 1 };
            page[16..20].copy_from_slice(&u32(next));
            page[22..24].copy_from_slice(&u16(chunk.len() as u16));
            page[25] = 7;
            page[26..26 + chunk.len()].copy_from_slice(chunk);
            overflow.push(page);
        }
        put(&mut hash, &[&[1][..], &u32(number as u32 + 1)].concat());
        items = put(&mut hash, &[&[3, 0, 0, 0][..], &u32(first), &u32(header.len() as u32)].concat());
    }
    hash[20..22].copy_from_slice(&u16(items));
    hash[25] = 13;
    let mut meta = vec![0; PAGE];
    meta[12..16].copy_from_slice(&u32(0x0006_1561));
    meta[20..24].copy_from_slice(&u32(PAGE as u32));
    meta[25] = 8;
    meta[32..36].copy_from_slice(&u32(1 + overflow.len() as u32));
    [vec![meta, hash], overflow].concat().concat()
}

/// An NDB database of these headers.
pub(crate) fn ndb(headers: &[Vec<u8>]) -> Vec<u8> {
    let words = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = words(&[u32::from_le_bytes(*b"RpmP"), 0, 1, 1, headers.len() as u32 + 1, 0, 0, 0]);
    let mut blobs = Vec::new();
    for (at, header) in headers.iter().enumerate() {
        let package = at as u32 + 1;
        let mut blob = [b"BlbS".to_vec(), words(&[package, 1, header.len() as u32]), header.clone()].concat();
        blob.resize((blob.len() + 12).next_multiple_of(16) - 12, 0);
        let sum = blob.iter().fold((1_u32, 0_u32), |(a, b), &byte| {
            let a = (a + u32::from(byte)) % 65_521;
            (a, (a + b) % 65_521)
        });
        blob.extend(words(&[sum.1 << 16 | sum.0, header.len() as u32]));
        blob.extend(b"BlbE");
        let first = (4096 + blobs.len()) / 16;
        file.extend(b"Slot");
        file.extend(words(&[package, first as u32, blob.len() as u32 / 16]));
        blobs.extend(blob);
    }
    while file.len() < 4096 {
        file.extend(b"Slot");
        file.extend([0; 12]);
    }
    [file, blobs].concat()
}

/// A SQLite database of these headers, and its write-ahead log if rows of `logged` were committed to it only.
pub(crate) fn sqlite(headers: &[Vec<u8>], logged: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rpmdb.sqlite");
    let database = rusqlite::Connection::open(&path).expect("a new database");
    let insert = |headers: &[Vec<u8>]| {
        for header in headers {
            database.execute("INSERT INTO Packages (blob) VALUES (?1)", [header]).expect("a row");
        }
    };
    database
        .execute_batch(
            "PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
             CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);
             CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL);",
        )
        .expect("the tables of rpm");
    insert(headers);
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
    insert(logged);
    let read = |path: &std::path::Path| std::fs::read(path).expect("a file of the database");
    (read(&path), read(&folder.path().join("rpmdb.sqlite-wal")))
}
