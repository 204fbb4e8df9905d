//! Anchore Engine's forms of naming a storage: the `storage_driver` of its `object_store` and `analysis_archive` blocks
//! (specification: operations.md §5.3).

use std::collections::BTreeMap;

use crate::{Error, Location, Scheme, location::refused};

/// Fields of Anchore's drivers and the settings of ours.
const S3: &[(&str, &str)] =
    &[("url", "endpoint"), ("region", "region"), ("access_key", "access_key_id"), ("secret_key", "secret_access_key")];
const SWIFT: &[(&str, &str)] = &[
    ("auth", "auth"),
    ("user", "user"),
    ("key", "key"),
    ("os_auth_url", "auth_url"),
    ("os_username", "username"),
    ("os_password", "password"),
    ("os_project_name", "project"),
    ("os_project_domain_name", "project_domain"),
    ("os_user_domain_name", "user_domain"),
    ("os_region_name", "region"),
];
/// Fields that say nothing we need: credentials that are not given are looked for anyway, and with an address the region is
/// only for signatures.
const IGNORED: &[&str] = &["iamauto", "create_bucket", "create_container", "auth_version"];

impl Location {
    /// The storage that Anchore Engine's driver `name` (`db`, `db2`, `localfs`, `s3`, `swift`) with the fields of its `config`
    /// means. The storage is the same; Windlass keeps its objects in it under names of its own.
    pub fn of_anchore(name: &str, config: &BTreeMap<String, String>) -> Result<Self, Error> {
        let required = |field: &str| match config.get(field).map(String::as_str) {
            None | Some("") => {
                let remedy = format!("add it to the driver's config as Anchore Engine has it: `{field}: …`");
                Err(refused(name, &format!("the driver's config has no {field}"), remedy))
            }
            Some(value) => Ok(value),
        };
        let (scheme, place, bucket, prefix, fields) = match name {
            "db" | "db2" => return "db:".parse(),
            "localfs" => return Self::folder(required("archive_data_dir")?.as_ref()),
            "s3" => (Scheme::S3, required("bucket")?, "bucket", "prefix", S3),
            "swift" => (Scheme::Swift, required("container")?, "container", "anchore_key_prefix", SWIFT),
            _ => {
                let remedy = "use db, db2, localfs, s3 or swift".to_owned();
                return Err(refused(name, "Anchore Engine has no such driver", remedy));
            }
        };
        if config.get("auth_version").is_some_and(|version| version.starts_with('2')) {
            let remedy =
                "use version 3: os_project_name and os_project_domain_name instead of os_tenant_name".to_owned();
            return Err(refused(name, "Keystone has no version 2 of its API any more", remedy));
        }
        let below = config.get(prefix).map(|prefix| prefix.trim_matches('/')).unwrap_or_default();
        let mut location: Self = format!("{}://{place}/{below}", scheme.name()).parse()?;
        for (field, value) in config.iter().filter(|(field, _)| ![bucket, prefix].contains(&field.as_str())) {
            match fields.iter().find(|(theirs, _)| theirs == field) {
                Some((_, ours)) => location = location.with(ours, value)?,
                None if IGNORED.contains(&field.as_str()) => {}
                None => {
                    let known = fields.iter().map(|(theirs, _)| *theirs).collect::<Vec<_>>().join(", ");
                    return Err(refused(
                        name,
                        &format!("the driver has no field {field:?}"),
                        format!("known are {known}"),
                    ));
                }
            }
        }
        Ok(location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
        fields.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_drivers_of_an_old_configuration_are_understood() {
        let located = |name, fields: &[_]| Location::of_anchore(name, &config(fields)).unwrap().to_string();
        assert_eq!(located("db", &[]), "db:");
        assert_eq!(located("db2", &[]), "db:");
        assert_eq!(located("localfs", &[("archive_data_dir", "/archive")]), "fs:/archive");
        let s3 = [("bucket", "b"), ("prefix", "ours"), ("url", "http://minio:9000"), ("create_bucket", "True")];
        let keys = [("access_key", "AKIAIDENT"), ("secret_key", "hunter2")];
        assert_eq!(
            located("s3", &[&s3[..], &keys].concat()),
            "s3://b/ours?access_key_id=[redacted]&endpoint=http://minio:9000&secret_access_key=[redacted]"
        );
        assert_eq!(located("s3", &[("bucket", "b"), ("iamauto", "True"), ("region", "eu")]), "s3://b?region=eu");
        let own = [("container", "c"), ("auth", "http://host/auth/v1.0"), ("user", "test:tester"), ("key", "testing")];
        assert_eq!(located("swift", &own), "swift://c?auth=http://host/auth/v1.0&key=[redacted]&user=test:tester");
    }

    #[test]
    fn what_an_old_configuration_leaves_out_or_gets_wrong_is_said() {
        for (name, fields, reason) in [
            ("localfs", &[][..], "has no archive_data_dir"),
            ("s3", &[("bucket", "")], "has no bucket"),
            ("s3", &[("bucket", "b"), ("secret", "x")], "no field \"secret\""),
            ("s3", &[("bucket", "b"), ("url", "")], "its endpoint is no address"),
            ("swift", &[("container", "c"), ("auth_version", "2.0")], "no version 2"),
            ("noop", &[], "no such driver"),
        ] {
            let error = Location::of_anchore(name, &config(fields)).unwrap_err();
            assert!(error.to_string().contains(reason) && error.hint().is_some(), "{name}: {error}");
        }
    }
}
