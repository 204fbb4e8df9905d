//! Where objects are kept, as users write it.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use url::Url;

use crate::{
    Error,
    scheme::{Scheme, Setting},
};

/// Where objects are kept: `fs:/folder`, `s3://bucket/prefix?endpoint=…&region=…`, `swift://container/prefix?…`,
/// `gcs://bucket/prefix`, `azblob://container/prefix?…` or `db:` (specification: product.md §2).
///
/// Credentials come with the location ([`FromStr`]), one by one ([`Location::with`]), from the environment
/// ([`Location::or_environment`]), or, for Amazon, Google and Azure, from the places their own tools look at. `Display` and
/// `Debug` leave secrets out.
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    scheme: Scheme,
    /// Bucket or container; empty for folders and the database.
    bucket: String,
    /// A folder for `fs`; else what all paths begin with, without slashes around it.
    prefix: String,
    settings: BTreeMap<&'static str, String>,
}

impl Location {
    /// The folder `path`.
    pub fn folder(path: &Path) -> Result<Self, Error> {
        let prefix = path
            .to_str()
            .ok_or_else(|| refused(&path.to_string_lossy(), "the path is not UTF-8", "rename the folder".to_owned()))?;
        Ok(Self { scheme: Scheme::Fs, bucket: String::new(), prefix: prefix.into(), settings: BTreeMap::new() })
    }

    /// The same location with a setting of its scheme, such as `secret_access_key`, in place of what it had.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Result<Self, Error> {
        let setting = self.setting(name)?;
        let value = value.into();
        if setting.name == "endpoint" || setting.name.starts_with("auth") {
            self.check_address(setting.name, &value)?;
        }
        self.settings.insert(setting.name, value);
        Ok(self)
    }

    /// The same location with settings that it does not have from `variable`, which looks up environment variables.
    pub fn or_environment(mut self, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        for setting in self.scheme.settings() {
            let found = || setting.environment.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
            if !self.settings.contains_key(setting.name)
                && let Some(value) = found()
            {
                self = self.with(setting.name, value)?;
            }
        }
        Ok(self)
    }

    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// What all paths begin with: a folder for `fs`, empty for a whole bucket.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The same storage with `below` added to the prefix: where other objects are to be kept apart. Each passes the other's over
    /// in its listings.
    #[must_use]
    pub fn below(mut self, below: &str) -> Self {
        self.prefix = match self.prefix.as_str() {
            "" => below.to_owned(),
            prefix => format!("{}/{below}", prefix.trim_end_matches('/')),
        };
        self
    }

    /// What to call it in messages: bucket, prefix and host.
    pub fn place(&self) -> String {
        let mut place = match self.scheme {
            Scheme::Fs => return format!("fs:{}", self.prefix),
            Scheme::Db => format!("db:{}", self.prefix),
            scheme => format!("{}://{}", scheme.name(), self.bucket),
        };
        if !self.prefix.is_empty() && self.scheme != Scheme::Db {
            place = format!("{place}/{}", self.prefix);
        }
        match ["endpoint", "auth", "auth_url", "account_name"].iter().find_map(|name| self.get(name)) {
            Some(host) => format!("{place} at {host}"),
            None => place,
        }
    }

    /// Whether both name one place; of folders, by whatever way.
    pub fn is_same_place(&self, other: &Self) -> bool {
        if self.scheme == Scheme::Fs && other.scheme == Scheme::Fs {
            return resolved(&self.path()) == resolved(&other.path());
        }
        self.place() == other.place()
    }

    /// Whether it is a folder that is not there. Of other places only asking them tells.
    pub fn is_missing_folder(&self) -> bool {
        self.scheme == Scheme::Fs && !self.path().is_dir()
    }

    pub(crate) fn bucket(&self) -> &str {
        &self.bucket
    }

    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(&self.prefix)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// What is said where `name` is missing.
    pub(crate) fn required(&self, name: &'static str) -> Result<&str, Error> {
        self.get(name).ok_or_else(|| {
            let variables = self.scheme.settings().iter().find(|setting| setting.name == name);
            let or = match variables.map_or(&[][..], |setting| setting.environment) {
                [] => String::new(),
                variables => format!(" or set {}", variables.join(" or ")),
            };
            refused(&self.place(), &format!("it has no {name}"), format!("add `{name}=…` to it{or}"))
        })
    }

    fn setting(&self, name: &str) -> Result<&'static Setting, Error> {
        let known = self.scheme.settings();
        known.iter().find(|setting| setting.name == name).ok_or_else(|| {
            let nearest = known
                .iter()
                .map(|setting| (strsim::jaro_winkler(name, setting.name), setting.name))
                .filter(|(likeness, _)| *likeness > 0.8)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let names = || known.iter().map(|setting| setting.name).collect::<Vec<_>>().join(", ");
            let remedy = match nearest {
                Some((_, nearest)) => format!("did you mean {nearest:?}?"),
                None if known.is_empty() => format!("write {}", self.scheme.form()),
                None => format!("known are {}", names()),
            };
            refused(&self.place(), &format!("{} has no setting {name:?}", self.scheme.name()), remedy)
        })
    }

    /// Passwords in addresses end in logs of proxies and servers.
    fn check_address(&self, name: &str, address: &str) -> Result<(), Error> {
        let bare =
            |reason: &str, remedy: &str| Err(refused(&self.place(), &format!("its {name} {reason}"), remedy.into()));
        match Url::parse(address) {
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                bare("holds a user name or password", "give credentials as settings of their own")
            }
            Ok(url) if url.query().is_some() => bare("holds a query", "leave out what begins with `?`"),
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
            _ => bare("is no address", "write it as https://host:port"),
        }
    }
}

impl FromStr for Location {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let forms = || Scheme::ALL.map(Scheme::form).join(", ");
        let (name, rest) = text.split_once(':').ok_or_else(|| {
            refused(&shown(text), "it does not say of what kind it is", format!("write one of {}", forms()))
        })?;
        let scheme = Scheme::ALL.into_iter().find(|scheme| scheme.name() == name).ok_or_else(|| {
            refused(&shown(text), &format!("there is no kind {name:?}"), format!("write one of {}", forms()))
        })?;
        let empty =
            |prefix: &str| Self { scheme, bucket: String::new(), prefix: prefix.to_owned(), settings: BTreeMap::new() };
        let wrong = |reason: &str| refused(&shown(text), reason, format!("write {}", scheme.form()));
        match scheme {
            Scheme::Fs => match rest.strip_prefix("//").unwrap_or(rest) {
                "" => Err(wrong("it names no folder")),
                // One folder has one name.
                path => Ok(empty(if path == "/" { path } else { path.trim_end_matches('/') })),
            },
            Scheme::Db => match rest.trim_start_matches('/') {
                rest if rest.contains('?') => Err(wrong("the database takes no settings")),
                prefix => Ok(empty(prefix.trim_end_matches('/'))),
            },
            _ => {
                let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
                if !url.username().is_empty() || url.password().is_some() {
                    let remedy = "give credentials as settings (`?name=…`) or in the environment".to_owned();
                    return Err(refused(&shown(text), "credentials do not belong before the bucket", remedy));
                }
                let bucket = url.host_str().filter(|bucket| !bucket.is_empty() && url.port().is_none());
                let bucket = bucket.ok_or_else(|| wrong(&format!("it names no {}", scheme.bucket())))?;
                let prefix = url.path().trim_matches('/');
                let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
                if !prefix.chars().all(plain) || prefix.split('/').any(|part| matches!(part, "." | "..")) {
                    return Err(wrong("its prefix may only have letters, digits, `-`, `_`, `.` and `/`"));
                }
                let location = Self { bucket: bucket.to_owned(), ..empty(prefix) };
                url.query_pairs().try_fold(location, |location, (name, value)| location.with(&name, value))
            }
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Scheme::Fs | Scheme::Db => write!(f, "{}:{}", self.scheme.name(), self.prefix)?,
            scheme => write!(f, "{}://{}", scheme.name(), self.bucket)?,
        }
        if !self.bucket.is_empty() && !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        for (index, (name, value)) in self.settings.iter().enumerate() {
            let secret = self.scheme.settings().iter().any(|setting| setting.name == *name && setting.secret);
            let value = if secret { "[redacted]" } else { value };
            write!(f, "{}{name}={value}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

pub(crate) fn refused(location: &str, reason: &str, remedy: String) -> Error {
    Error::Location { location: location.to_owned(), reason: reason.to_owned(), remedy }
}

/// Where a path leads; as far as it is there, without links.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = absolute.ancestors().find_map(|there| Some((there, there.canonicalize().ok()?)));
    let Some((there, found)) = found else { return absolute };
    absolute.strip_prefix(there).map_or_else(|_| found.clone(), |rest| found.join(rest))
}

/// As much of a text as certainly holds no secret: nothing before an `@`, nothing after a `?`.
fn shown(text: &str) -> String {
    let bare = text.split('?').next().unwrap_or_default();
    let bare = match (bare.split_once("://"), bare.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        (_, None) => bare.to_owned(),
    };
    bare.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(text: &str) -> Location {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refusal(text: &str) -> (String, String) {
        let error = text.parse::<Location>().expect_err(text);
        let Error::Location { remedy, .. } = &error else { panic!("{error}") };
        (error.to_string(), remedy.clone())
    }

    #[test]
    fn every_kind_of_storage_has_its_form() {
        for text in [
            "fs:/var/lib/windlass/objects",
            "s3://bucket",
            "s3://My.Bucket/a/b?endpoint=http://127.0.0.1:9000&region=eu-1",
            "swift://box/prefix?auth=https://host/auth/v1.0&user=test:tester",
            "gcs://bucket/prefix",
            "azblob://box/prefix?account_name=ours",
            "db:",
            "db:archive",
        ] {
            assert_eq!(located(text).to_string(), text);
        }
        assert_eq!(located("fs:///srv/objects").to_string(), "fs:/srv/objects");
        assert_eq!(located("s3://bucket/a/").prefix(), "a");
        assert_eq!(located("s3://bucket/a/").below("archive").place(), "s3://bucket/a/archive");
        assert_eq!(located("db:").below("archive").place(), "db:archive");
        assert_eq!(located("fs:/srv/").below("archive").place(), "fs:/srv/archive");
    }

    #[test]
    fn one_folder_is_one_place_by_whatever_way_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| located(&format!("fs:{}/{path}", folder.path().display()));
        std::fs::create_dir_all(folder.path().join("there")).unwrap();
        std::os::unix::fs::symlink("there", folder.path().join("link")).unwrap();
        for other in ["there/", "./there", "there/../there", "link"] {
            assert!(at("there").is_same_place(&at(other)), "{other}");
        }
        assert!(at("link/not/yet").is_same_place(&at("there/not/yet")));
        assert!(!at("there").is_same_place(&at("there/archive")));
        assert!(!at("there").is_same_place(&located("db:")));
        assert!(at("link/not/yet").is_missing_folder() && !at("link").is_missing_folder());
    }

    #[test]
    fn secrets_are_never_shown() {
        let location = located("s3://bucket/p?access_key_id=AKIAIDENT&secret_access_key=hunter2&region=eu-1")
            .with("session_token", "tok3n")
            .unwrap();
        for shown in [location.to_string(), format!("{location:?}"), location.place()] {
            for secret in ["AKIAIDENT", "hunter2", "tok3n"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        assert!(location.to_string().contains("secret_access_key=[redacted]"), "{location}");
        for text in [
            "s3://AKIAIDENT:hunter2@bucket/p",
            "s3:/AKIAIDENT:hunter2@bucket",
            "s4://bucket?secret_access_key=hunter2",
            "s3://bucket?secret=hunter2",
            "s3://bucket?endpoint=http://AKIAIDENT:hunter2@host",
            "s3://?secret_access_key=hunter2",
        ] {
            let (message, remedy) = refusal(text);
            assert!(!message.contains("hunter2") && !remedy.contains("hunter2"), "{message} {remedy}");
            assert!(!message.contains("AKIAIDENT"), "{message}");
        }
    }

    #[test]
    fn a_location_that_makes_no_sense_is_refused_with_reason_and_remedy() {
        for (text, reason, remedy) in [
            ("/var/lib/objects", "does not say of what kind", "fs:/folder"),
            ("ftp://host/folder", "there is no kind \"ftp\"", "s3://bucket"),
            ("fs:", "names no folder", "fs:/folder"),
            ("s3://", "", "s3://bucket"),
            ("swift:///prefix", "names no container", "swift://container"),
            ("s3://bucket/a b", "prefix may only have", "s3://bucket"),
            ("s3://bucket?regoin=eu", "no setting \"regoin\"", "did you mean \"region\"?"),
            ("gcs://bucket?access=1", "no setting \"access\"", "known are endpoint"),
            ("s3://bucket?endpoint=host:9000", "its endpoint is no address", "https://host:port"),
            ("db:?chunk=1", "takes no settings", "write db:"),
        ] {
            let (message, found) = refusal(text);
            assert!(message.contains(reason) && found.contains(remedy), "{text}: {message}; {found}");
        }
    }

    #[test]
    fn the_environment_fills_what_the_location_leaves_open() {
        let variables = |name: &str| match name {
            "OS_AUTH_URL" => Some("https://keystone/v3".to_owned()),
            "OS_USERNAME" => Some("from-environment".to_owned()),
            "OS_PASSWORD" => Some("hunter2".to_owned()),
            _ => None,
        };
        let location = located("swift://box?username=mine").or_environment(variables).unwrap();
        assert_eq!(location.get("username"), Some("mine"));
        assert_eq!(location.get("password"), Some("hunter2"));
        assert_eq!(location.get("auth_url"), Some("https://keystone/v3"));
        assert!(!format!("{location:?}").contains("hunter2"));
        assert!(located("swift://box").required("password").unwrap_err().hint().unwrap().contains("OS_PASSWORD"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_parsing_panic_or_tells_a_secret(
            scheme in "(s3|swift|gcs|azblob|fs|db|x)?", middle in ".{0,30}", setting in "[a-z_]{0,12}",
        ) {
            let text = format!("{scheme}:{middle}?{setting}=S3CR3T&secret_access_key=S3CR3T");
            match text.parse::<Location>() {
                Ok(location) if location.scheme() == Scheme::S3 => {
                    let told = location.settings.iter().all(|(name, _)| {
                        !location.to_string().contains(&format!("{name}=S3CR3T")) || *name == setting
                    });
                    proptest::prop_assert!(told, "{location}");
                }
                Ok(_) => {}
                Err(error) => proptest::prop_assert!(!format!("{error} {error:?}").contains("S3CR3T"), "{error}"),
            }
        }
    }
}
