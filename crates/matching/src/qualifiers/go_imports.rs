//! Records that name the Go code that is vulnerable.

use windlass_advisories::GoImport;
use windlass_sbom::metadata::GoSymbols;

use crate::candidate::Candidate;

pub(super) fn holds(imports: &[GoImport], candidate: &Candidate<'_>) -> bool {
    let Some(linked) = linked(candidate) else { return true };
    let is_linked = |import: &GoImport| {
        linked
            .iter()
            .filter(|own| own.path == import.path)
            .any(|own| import.symbols.is_empty() || own.symbols.iter().any(|symbol| import.symbols.contains(symbol)))
    };
    imports.is_empty() || imports.iter().any(is_linked)
}

/// The vulnerable symbols that are linked into the binary, as `path.Symbol`, sorted.
pub(crate) fn linked_symbols(imports: &[GoImport], candidate: &Candidate<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for own in linked(candidate).unwrap_or_default() {
        for import in imports.iter().filter(|import| import.path == own.path) {
            let symbols = own.symbols.iter().filter(|symbol| import.symbols.contains(symbol));
            found.extend(symbols.map(|symbol| format!("{}.{symbol}", own.path)));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// What the binary is seen to hold; `None` where nobody could look, as in a stripped binary.
fn linked<'a>(candidate: &Candidate<'a>) -> Option<&'a [GoSymbols]> {
    let symbols = candidate.package.go_symbols.as_slice();
    (!symbols.is_empty()).then_some(symbols)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PackageInput;

    fn import(path: &str, symbols: &[&str]) -> GoImport {
        GoImport { path: path.into(), symbols: symbols.iter().map(|&symbol| symbol.to_owned()).collect() }
    }

    fn module(linked: &[(&str, &[&str])]) -> PackageInput {
        let symbols = linked.iter().map(|(path, symbols)| GoSymbols {
            path: (*path).into(),
            symbols: symbols.iter().map(|&symbol| symbol.to_owned()).collect(),
        });
        PackageInput { go_symbols: symbols.collect(), ..PackageInput::default() }
    }

    #[test]
    fn a_binary_without_the_vulnerable_function_is_not_affected() {
        let package = module(&[("golang.org/x/net/http2", &["ConfigureServer"])]);
        let candidate = Candidate { index: 0, package: &package, distribution: None };
        assert!(holds(&[], &candidate));
        assert!(holds(&[import("golang.org/x/net/http2", &[])], &candidate));
        assert!(holds(&[import("golang.org/x/net/http2", &["Transport.RoundTrip", "ConfigureServer"])], &candidate));
        assert!(!holds(&[import("golang.org/x/net/http2", &["Transport.RoundTrip"])], &candidate));
        assert!(!holds(&[import("golang.org/x/net/html", &[])], &candidate));
    }

    #[test]
    fn without_evidence_every_record_applies() {
        let package = module(&[]);
        let candidate = Candidate { index: 0, package: &package, distribution: None };
        assert!(holds(&[import("golang.org/x/net/html", &["Parse"])], &candidate));
    }

    #[test]
    fn the_linked_symbols_are_named() {
        let package = module(&[("net/http", &["Serve", "ListenAndServe"])]);
        let candidate = Candidate { index: 0, package: &package, distribution: None };
        let imports = [import("net/http", &["Serve", "Get"])];
        assert_eq!(linked_symbols(&imports, &candidate), ["net/http.Serve"]);
    }
}
