//! Go modules linked into executables, with the standard library they were built with (`spec/analysis.md` §6.5).

use std::sync::LazyLock;

use regex::Regex;
use windlass_sbom::{Cpe, CpeSource, License, Metadata, Package, PackageType, metadata::GoBinary, package_url};

use super::{
    executable,
    go_build_info::{self, BuildInfo, DEVELOPMENT, Module},
    go_linked_version,
};
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct GoBinaries;

/// What is kept of one Go executable.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Program {
    info: BuildInfo,
    /// The module that the program is, with the best version known for it.
    main: Option<Module>,
}

impl Cataloger for GoBinaries {
    type Facts = Program;

    fn name(&self) -> &'static str {
        "go-module-binary-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        file.is_executable()
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<Program>, Unreadable> {
        let program = executable::with(content, |file| {
            let mut info = go_build_info::read(file)?;
            let main = info
                .take_main()
                .map(|main| Module { version: main_version(&main, &info, || go_linked_version::find(file)), ..main });
            Some(Program { info, main })
        })?;
        Ok(program.flatten())
    }

    fn assemble(&self, view: &View<'_, Program>, catalog: &mut Catalog) {
        for found in view.files() {
            let Program { info, main } = found.facts;
            let main = main.as_ref().map(|main| {
                let mut package = self.package(view, &found, main.path.clone(), main.version.clone(), "");
                if let Metadata::GoBinary(go) = &mut package.metadata {
                    go.build_settings.clone_from(&info.settings);
                }
                catalog.add(package)
            });
            for dependency in &info.dependencies {
                let linked = linked(dependency);
                if linked.path.is_empty() {
                    continue;
                }
                let package = self.package(view, &found, linked.path.clone(), linked.version.clone(), &linked.sum);
                let number = catalog.add(package);
                if let Some(main) = main {
                    catalog.depends(main, number);
                }
            }
            let number = catalog.add(self.standard_library(view, &found));
            if let Some(main) = main {
                catalog.depends(main, number);
            }
        }
    }
}

impl GoBinaries {
    fn package(
        &self,
        view: &View<'_, Program>,
        found: &Found<'_, Program>,
        path: String,
        version: String,
        sum: &str,
    ) -> Package {
        let Program { info, main } = found.facts;
        Package {
            found_by: self.name().to_owned(),
            locations: vec![view.location(found)],
            introduced_by: view.layer(found.layer),
            purl: module_url(&path, &version),
            metadata: Metadata::GoBinary(Box::new(GoBinary {
                build_settings: Vec::new(),
                compiled_version: info.go_version.clone(),
                architecture: info.architecture.clone(),
                h1_digest: sum.to_owned(),
                main_module: main.as_ref().map(|main| main.path.clone()).unwrap_or_default(),
                ..GoBinary::default()
            })),
            ..Package::new(PackageType::GoModule, path, version)
        }
    }

    fn standard_library(&self, view: &View<'_, Program>, found: &Found<'_, Program>) -> Package {
        // "go1.22.1 X:boringcrypto" and "go1.22.1-fips" are built from go1.22.1.
        let version = found.facts.info.go_version.split([' ', '-']).next().unwrap_or_default().to_owned();
        let number = version.trim_start_matches("go").to_owned();
        let release = number.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(number.len());
        let (release, update) = number.split_at(release);
        let mut cpe = Cpe::application("golang", "go", release, CpeSource::Declared);
        cpe.update = if update.is_empty() { "-".into() } else { update.to_owned() };
        let mut package = self.package(view, found, "stdlib".into(), version, "");
        package.purl = package_url(PackageType::GoModule, "", "stdlib", &number, &[]);
        package.cpes = vec![cpe];
        package.licenses = vec![License::declared("BSD-3-Clause")];
        package
    }
}

/// What was linked: the replacement, unless it is a directory of the build machine.
fn linked(module: &Module) -> &Module {
    match &module.replaced_by {
        Some(new) if !new.path.starts_with(['.', '/']) => new,
        _ => module,
    }
}

/// The package URL of a module: all but the last part of its path are the namespace.
pub(crate) fn module_url(path: &str, version: &str) -> Option<String> {
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    package_url(PackageType::GoModule, namespace, name, version, &[])
}

/// The main module's version. `(devel)` says nothing; then the linker flags may, else what the linker wrote, else the
/// commit it was built from.
fn main_version(main: &Module, info: &BuildInfo, linked: impl FnOnce() -> Option<String>) -> String {
    if main.version != DEVELOPMENT && !main.version.is_empty() {
        return main.version.clone();
    }
    let setting =
        |key: &str| info.settings.iter().find(|setting| setting.key == key).map(|setting| setting.value.as_str());
    setting("-ldflags")
        .and_then(|flags| flagged_version(flags, &main.path))
        .or_else(|| linked().map(|version| format!("v{version}")))
        .or_else(|| pseudo_version(setting("vcs.time")?, setting("vcs.revision")?))
        .unwrap_or_else(|| main.version.clone())
}

/// `-X package.version=v1.2.3`, the main module's own package first.
fn flagged_version(flags: &str, main: &str) -> Option<String> {
    static FLAG: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?i)-X[ =]['"]?([^ =]*?)\.(?:\w*version|\w*gitVersion|\w*tag)=['"]?(v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?)"#,
        )
        .expect("a constant pattern")
    });
    let mut flagged =
        FLAG.captures_iter(flags).map(|flag| (flag[1].to_owned(), flag[2].to_owned())).collect::<Vec<_>>();
    flagged.sort_by_key(|(package, _)| !(package == "main" || package.starts_with(main)));
    let (_, version) = flagged.into_iter().next()?;
    Some(if version.starts_with('v') { version } else { format!("v{version}") })
}

/// `v0.0.0-20240131120000-0123456789ab` of a commit's time and revision.
fn pseudo_version(time: &str, revision: &str) -> Option<String> {
    let digits: String = time.chars().filter(char::is_ascii_digit).take(14).collect();
    let utc = time.ends_with('Z') && digits.len() == 14;
    (utc && revision.is_ascii() && revision.len() >= 12).then(|| format!("v0.0.0-{digits}-{}", &revision[..12]))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::metadata::KeyValue;

    use super::*;

    fn info(settings: &[(&str, &str)]) -> BuildInfo {
        let settings =
            settings.iter().map(|(key, value)| KeyValue { key: (*key).into(), value: (*value).into() }).collect();
        BuildInfo { settings, ..BuildInfo::default() }
    }

    #[test]
    fn a_development_build_takes_its_version_from_the_linker_or_the_commit() {
        let main = Module { path: "example.com/app".into(), version: "(devel)".into(), ..Module::default() };
        let linked = || Some("1.2.4".to_owned());
        let flags = "-s -w -X k8s.io/lib.gitVersion=v9.9.9 -X example.com/app/cmd.Version=1.2.3";
        assert_eq!(main_version(&main, &info(&[("-ldflags", flags)]), linked), "v1.2.3");
        let commit =
            [("vcs.time", "2024-01-31T12:00:00Z"), ("vcs.revision", "0123456789abcdef0123456789abcdef01234567")];
        assert_eq!(main_version(&main, &info(&commit), linked), "v1.2.4");
        assert_eq!(main_version(&main, &info(&commit), || None), "v0.0.0-20240131120000-0123456789ab");
        assert_eq!(main_version(&main, &info(&[]), || None), "(devel)");
    }

    #[test]
    fn a_local_replacement_keeps_the_module_it_replaces() {
        let replaced_by = |path: &str| Module {
            path: "example.com/a".into(),
            replaced_by: Some(Box::new(Module { path: path.into(), ..Module::default() })),
            ..Module::default()
        };
        assert_eq!(linked(&replaced_by("example.com/b")).path, "example.com/b");
        assert_eq!(linked(&replaced_by("./b")).path, "example.com/a");
    }

    #[test]
    fn module_urls_keep_the_path_as_namespace() {
        assert_eq!(module_url("golang.org/x/net", "v0.1.0").as_deref(), Some("pkg:golang/golang.org/x/net@v0.1.0"));
        assert_eq!(module_url("stdlib", "1.22").as_deref(), Some("pkg:golang/stdlib@1.22"));
    }
}
