//! Tar headers as `docker save` and layout writers make them: ustar, GNU and pax.

/// The fixed header of a member.
pub(crate) struct Header {
    pub kind: Kind,
    pub name: Vec<u8>,
    pub link: Vec<u8>,
    pub size: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    File,
    HardLink,
    Symlink,
    /// Describes the next member.
    Pax,
    GlobalPax,
    LongName,
    LongLink,
    Other,
}

/// What extended headers said of the member that follows them.
#[derive(Default)]
pub(crate) struct Extended {
    pub name: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    pub size: Option<u64>,
}

impl Header {
    /// Nothing if the checksum or a number is wrong: then this is no tar header.
    pub(crate) fn parse(block: &[u8; 512]) -> Option<Self> {
        let sum = |byte: fn(u8) -> i64| -> i64 {
            block.iter().enumerate().map(|(at, b)| if (148..156).contains(&at) { 32 } else { byte(*b) }).sum()
        };
        let stored = i64::try_from(number(&block[148..156])?).ok()?;
        // Some old writers summed signed bytes.
        if stored != sum(i64::from) && stored != sum(|byte| i64::from(byte.cast_signed())) {
            return None;
        }
        let kind = match block[156] {
            0 | b'0' | b'7' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'x' => Kind::Pax,
            b'g' => Kind::GlobalPax,
            b'L' => Kind::LongName,
            b'K' => Kind::LongLink,
            _ => Kind::Other,
        };
        let mut name = until_nul(&block[..100]).to_vec();
        let prefix = until_nul(&block[345..500]);
        if &block[257..263] == b"ustar\0" && !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        // Links, devices, folders and pipes; a size there is no more than a remark.
        let has_body = !matches!(block[156], b'1'..=b'6');
        let size = if has_body { number(&block[124..136])? } else { 0 };
        Some(Self { kind, name, link: until_nul(&block[157..257]).to_vec(), size })
    }

    pub(crate) fn name_lossy(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}

impl Extended {
    /// Takes in the body of an extended header; the error says what is wrong with it.
    pub(crate) fn absorb(&mut self, kind: Kind, body: &[u8]) -> Result<(), String> {
        match kind {
            Kind::LongName => self.name = Some(until_nul(body).to_vec()),
            Kind::LongLink => self.link = Some(until_nul(body).to_vec()),
            Kind::Pax => return self.absorb_pax(body),
            // Global headers carry a commit id or times, nothing that moves a member.
            _ => {}
        }
        Ok(())
    }

    /// Records are `LENGTH KEY=VALUE\n`, the length counting itself.
    fn absorb_pax(&mut self, mut body: &[u8]) -> Result<(), String> {
        let broken = || "a pax header is broken".to_owned();
        while body.first().is_some_and(|byte| *byte != 0) {
            let space = body.iter().position(|byte| *byte == b' ').ok_or_else(broken)?;
            let length: usize =
                std::str::from_utf8(&body[..space]).ok().and_then(|text| text.parse().ok()).ok_or_else(broken)?;
            let record = body.get(space + 1..length).and_then(|r| r.strip_suffix(b"\n")).ok_or_else(broken)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(broken)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    let text = std::str::from_utf8(value).map_err(|_| broken())?;
                    self.size = Some(text.parse().map_err(|_| broken())?);
                }
                _ if key.starts_with(b"GNU.sparse.") => return Err("sparse members are not supported".into()),
                _ => {}
            }
            body = &body[length..];
        }
        Ok(())
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|byte| *byte == 0).unwrap_or(field.len())]
}

/// Octal digits between blanks and NULs, or a big-endian number behind a set top bit (GNU, for 8 GiB and more).
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        // A set second bit would be a negative number.
        let bytes = [&[field[0] & 0x7f], &field[1..]].concat();
        let (high, low) = bytes.split_at(bytes.len().checked_sub(8)?);
        return (high.iter().all(|byte| *byte == 0) && low[0] < 0x80)
            .then(|| low.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)));
    }
    let text = std::str::from_utf8(until_nul(field)).ok()?.trim();
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}
