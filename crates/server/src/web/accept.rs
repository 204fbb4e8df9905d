//! Who wants a page and who an answer of the API, by the header `Accept` (RFC 9110 §12.5.1).

use axum::http::{HeaderMap, header};

/// Whether HTML is wanted more than JSON. Browsers name it; clients of the API name JSON, or take anything.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<(String, f32)> = lists.flat_map(|list| list.split(',')).map(range).collect();
    quality(&ranges, "text/html", "text/*") > quality(&ranges, "application/json", "application/*")
}

/// A range in small letters, and how much it is wanted: from 0 to 1.
fn range(text: &str) -> (String, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.eq_ignore_ascii_case("q"));
    let quality = match weight {
        None => 1.0,
        // What cannot be read is not wanted.
        Some((_, value)) => value.parse().ok().filter(|value| (0.0..=1.0).contains(value)).unwrap_or(0.0),
    };
    (name, quality)
}

/// How much a type is wanted, by the closest range that it is in.
fn quality(ranges: &[(String, f32)], exact: &str, family: &str) -> f32 {
    let of = |wanted: &str| ranges.iter().find(|(name, _)| name == wanted).map(|(_, quality)| *quality);
    of(exact).or_else(|| of(family)).or_else(|| of("*/*")).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_range_says_how_much_a_type_is_wanted() {
        for (accept, html) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", true),
            ("text/html", true),
            ("TEXT/HTML; charset=utf-8", true),
            ("text/*", true),
            ("text/html;q=0.5", true),
            ("application/json;q=0.4, text/html;Q=0.5", true),
            ("*/*", false),
            ("", false),
            ("application/json", false),
            ("application/json, text/html", false),
            ("application/json, text/html;q=0.9, */*;q=0.1", false),
            ("application/*, text/html;q=0.9", false),
            ("text/html;q=0, */*", false),
            ("text/html;q=lots", false),
            ("text/html;q=2", false),
            ("text/htmlx, nonsense", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(prefers_html(&headers), html, "{accept}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
        let several = ["application/json;q=0.1", "text/html"].map(|accept| (header::ACCEPT, accept.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in several {
            headers.append(name, value);
        }
        assert!(prefers_html(&headers), "a list may be sent in several headers");
    }
}
