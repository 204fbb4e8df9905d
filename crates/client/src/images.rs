//! What people call an image by (`spec/api.md` B5).

use crate::{Error, Payload, Request, Service, views::Image};

/// A name, by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageName<'a> {
    /// `sha256:` or `local:` and 64 hexadecimal digits.
    Digest(&'a str),
    /// 64 hexadecimal digits.
    Id(&'a str),
    /// Anything else, with a registry or without.
    Tag(&'a str),
}

impl<'a> ImageName<'a> {
    pub fn parse(name: &'a str) -> Self {
        let is_hex = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match name.split_once(':') {
            Some(("sha256" | "local", hex)) if is_hex(hex) => Self::Digest(name),
            None if is_hex(name) => Self::Id(name),
            _ => Self::Tag(name),
        }
    }

    /// Asks for its records; with `history` for all that ever had the tag.
    ///
    /// # Errors
    /// Those of [`Service::send`]; an unknown name is refused with 404.
    pub fn find(&self, service: &Service, history: bool) -> Result<Payload, Error> {
        let request = match self {
            Self::Digest(digest) => Request::get(&["images", digest]).query("history", false),
            Self::Id(id) => Request::get(&["images", "by_id", id]).query("history", false),
            Self::Tag(tag) => Request::get(&["images"]).query("fulltag", tag).query("history", history),
        };
        service.send(&request)
    }
}

/// An image that is to be asked about: its digest, and whether it was called by a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    pub digest: String,
    pub by_tag: bool,
}

/// The digest of what people call an image: what stands behind `@` if it is one, else what the service says.
///
/// # Errors
/// Those of [`Service::send`]; an unknown name is refused with 404.
pub fn discover(service: &Service, name: &str) -> Result<Discovered, Error> {
    let behind = name.rsplit_once('@').map_or(name, |(_, behind)| behind);
    if behind.starts_with("sha256:") || behind.starts_with("local:") {
        return Ok(Discovered { digest: behind.to_owned(), by_tag: false });
    }
    let found = service.send(&Request::get(&["images"]).query("fulltag", name).query("history", false))?;
    let images: Vec<Image> = found.read_or_default();
    let newest = images.first().filter(|image| image.image_digest.get().is_some());
    let image = newest.ok_or_else(|| Error::UnknownImage(name.to_owned()))?;
    let by_id = image.image_detail.iter().any(|detail| detail.image_id.is(name));
    Ok(Discovered { digest: image.image_digest.to_string(), by_tag: !by_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_by_its_form() {
        let hex = "0123456789abcdefABCDEF0123456789abcdefABCDEF0123456789abcdefABCD";
        let digest = format!("sha256:{hex}");
        let local = format!("local:{hex}");
        let pulled = format!("reg.example/app@sha256:{hex}");
        assert_eq!(ImageName::parse(&digest), ImageName::Digest(&digest));
        assert_eq!(ImageName::parse(&local), ImageName::Digest(&local));
        assert_eq!(ImageName::parse(hex), ImageName::Id(hex));
        for tag in [pulled.as_str(), "debian:12", "localhost:5000/app", "sha256:abc", &hex[1..]] {
            assert_eq!(ImageName::parse(tag), ImageName::Tag(tag));
        }
    }
}
