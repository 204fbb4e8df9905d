use proptest::prelude::*;
use windlass_sbom::{
    Metadata,
    metadata::{ApkEntry, JavaArchive, PomProperties},
};

use super::*;

fn of(kind: PackageType, name: &str, version: &str) -> Vec<String> {
    of_package(Package::new(kind, name, version))
}

fn of_package(mut package: Package) -> Vec<String> {
    complete(&mut package);
    package.cpes.iter().map(Cpe::to_string).collect()
}

#[test]
fn what_a_package_states_itself_is_not_added_to() {
    let mut package = Package::new(PackageType::Binary, "python", "3.11");
    package.cpes.push(Cpe::application("python", "python", "3.11", CpeSource::Classifier));
    complete(&mut package);
    assert_eq!(package.cpes.len(), 1);
}

#[test]
fn a_plain_name_is_its_own_vendor_and_its_version_is_escaped() {
    assert_eq!(of(PackageType::Deb, "dash", "1:0.5+b1"), ["cpe:2.3:a:dash:dash:1\\:0.5\\+b1:*:*:*:*:*:*:*"]);
}

#[test]
fn node_is_known_as_a_product_of_nodejs() {
    let found = of(PackageType::Npm, "node", "20.1.0");
    assert!(found.contains(&"cpe:2.3:a:nodejs:node.js:20.1.0:*:*:*:*:*:*:*".to_owned()), "{found:?}");
}

#[test]
fn crates_name_their_target_software() {
    let found = of(PackageType::RustCrate, "regex", "1.0.0");
    assert!(found.contains(&"cpe:2.3:a:regex_project:regex:1.0.0:*:*:*:*:rust:*:*".to_owned()), "{found:?}");
}

#[test]
fn a_go_module_is_of_its_owner_and_has_none_without_one() {
    let found = of(PackageType::GoModule, "github.com/hashicorp/vault", "v1.2.3");
    assert_eq!(found, ["cpe:2.3:a:hashicorp:vault:v1.2.3:*:*:*:*:*:*:*"]);
    assert!(of(PackageType::GoModule, "dario.cat/mergo", "v1.0.0").is_empty());
}

#[test]
fn what_is_of_apache_is_of_nobody_else() {
    let pom = PomProperties { group_id: "org.apache.logging.log4j".into(), ..PomProperties::default() };
    let java = JavaArchive { pom_properties: Some(pom), ..JavaArchive::default() };
    let mut package = Package::new(PackageType::JavaArchive, "log4j-core", "2.14.1");
    package.metadata = Metadata::JavaArchive(Box::new(java));
    let found = of_package(package);
    assert!(found.contains(&"cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*".to_owned()), "{found:?}");
    assert!(found.iter().all(|cpe| cpe.starts_with("cpe:2.3:a:apache:")), "{found:?}");
}

#[test]
fn an_alpine_package_is_also_its_upstream_by_the_owner_of_its_homepage() {
    let apk = ApkEntry { url: "https://www.gnu.org/software/bash".into(), ..ApkEntry::default() };
    let mut package = Package::new(PackageType::Apk, "bash", "5.2-r0");
    package.metadata = Metadata::Apk(Box::new(apk));
    assert!(of_package(package)[1].starts_with("cpe:2.3:a:gnu:bash:5.2-r0:"));
    assert!(of(PackageType::Apk, "py3-numpy", "1-r0").iter().any(|cpe| cpe.contains(":numpy:numpy:")));
}

#[test]
fn a_jenkins_plugin_is_not_jenkins() {
    assert!(of(PackageType::JenkinsPlugin, "jenkins", "1").is_empty());
}

proptest! {
    #[test]
    fn every_cpe_reads_back_once_within_bounds_and_the_same_each_time(
        name in "\\PC{0,20}|[a-z]{1,4}([-_/][a-z0-9]{1,4}){0,9}",
        version in ".{0,12}",
        kind in prop::sample::select(PackageType::ALL),
    ) {
        let mut package = Package::new(kind, name, version);
        let mut again = package.clone();
        complete(&mut package);
        complete(&mut again);
        prop_assert_eq!(&package.cpes, &again.cpes);
        let most = if kind.is_os_package() { 10 } else { 50 };
        prop_assert!(package.cpes.len() <= most);
        for (at, cpe) in package.cpes.iter().enumerate() {
            let read = Cpe { source: CpeSource::Generated, ..cpe.to_string().parse::<Cpe>().expect("reads back") };
            prop_assert_eq!(&read, cpe);
            prop_assert!(!package.cpes[..at].contains(cpe));
        }
    }
}
