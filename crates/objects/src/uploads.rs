//! Uploads in parts that nobody finished, as a process leaves them that dies: a server that speaks like S3 keeps their parts,
//! unseen and charged for, until somebody ends them. OpenDAL cannot list them, so these requests are made here, and are signed
//! as it signs its own.

use std::time::SystemTime;

use http::{Method, Request, StatusCode, request::Parts};
use opendal::{Buffer, HttpTransporter, raw::Timestamp};
use quick_xml::{Reader, events::Event};
use reqsign_aws_v4::{
    AssumeRoleCredentialProvider, Credential, DefaultCredentialProvider, RequestSigner, StaticCredentialProvider,
};
use reqsign_core::{Context, FileRead, OsEnv, ProvideCredentialChain, Signer};
use url::Url;

use crate::{
    Error, Fault, FaultKind, ObjectKey,
    http::causes,
    location::{self, Location},
};

/// Answers of so many uploads each that are looked at in one round: what is left is met by the next.
const PAGES: usize = 1000;
/// Where OpenDAL looks for the address of a server as well.
const ENDPOINTS: [&str; 3] = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_S3_ENDPOINT"];
/// Buckets of S3 Express, which want sessions.
const EXPRESS: &str = "--x-s3";

/// The uploads into one bucket, below one prefix.
pub(crate) struct Uploads {
    transport: HttpTransporter,
    /// None where requests are not signed.
    signer: Option<Signer<Credential>>,
    bucket: Url,
    /// Empty, or ending with `/`.
    prefix: String,
}

/// An upload that goes on, or that nobody goes on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Upload {
    key: String,
    id: String,
    begun: String,
}

/// An answer of the server.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    uploads: Vec<Upload>,
    /// Key and id after which there are more.
    next: Option<(String, String)>,
}

impl Uploads {
    /// None for buckets that are not spoken to here.
    pub(crate) fn into(location: &Location, transport: HttpTransporter) -> Result<Option<Self>, Error> {
        if location.bucket().ends_with(EXPRESS) {
            return Ok(None);
        }
        let variable = |name: &&str| std::env::var(name).ok();
        let region = location.get("region").map(str::to_owned);
        let region = region.or_else(|| ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(variable));
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let endpoint = location.get("endpoint").map(str::to_owned).or_else(|| ENDPOINTS.iter().find_map(variable));
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let endpoint = if endpoint.starts_with("http") { endpoint } else { format!("https://{endpoint}") };
        let endpoint = endpoint.trim_end_matches('/');
        let bucket = match location.get("virtual_host_style") {
            Some("true") => endpoint.replacen("//", &format!("//{}.", location.bucket()), 1),
            _ => format!("{endpoint}/{}", location.bucket()),
        };
        let bucket = Url::parse(&bucket).map_err(|_| {
            location::refused(&location.place(), "its endpoint is no address", "write it as https://host:port".into())
        })?;
        let signer = (location.get("anonymous") != Some("true")).then(|| signer(location, &region, &transport));
        let prefix = match location.prefix() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Some(Self { transport, signer, bucket, prefix }))
    }

    /// Ends the uploads of objects that were begun before a moment; how many.
    pub(crate) async fn end(&self, before: SystemTime) -> Result<u64, Fault> {
        let (mut ended, mut next) = (0, None::<(String, String)>);
        for _ in 0..PAGES {
            let page = self.page(next.as_ref()).await?;
            for upload in page.uploads.iter().filter(|upload| self.is_abandoned(upload, before)) {
                self.end_one(upload).await?;
                ended += 1;
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        Ok(ended)
    }

    /// Whether it is of an object of this place, and old. What lies deeper is another place's, and goes with that.
    fn is_abandoned(&self, upload: &Upload, before: SystemTime) -> bool {
        let is_object = upload.key.strip_prefix(&self.prefix).is_some_and(|path| ObjectKey::at(path).is_some());
        let begun = upload.begun.parse::<Timestamp>().map(SystemTime::from);
        is_object && begun.is_ok_and(|begun| begun < before)
    }

    async fn page(&self, after: Option<&(String, String)>) -> Result<Page, Fault> {
        let mut url = self.bucket.clone();
        url.query_pairs_mut().append_pair("uploads", "").append_pair("prefix", &self.prefix);
        if let Some((key, id)) = after {
            url.query_pairs_mut().append_pair("key-marker", key).append_pair("upload-id-marker", id);
        }
        let (status, body) = self.ask(Method::GET, &url).await?;
        if !status.is_success() {
            return Err(refused(status));
        }
        page(&body).ok_or_else(|| Fault::new(FaultKind::Other, "the server's list of uploads cannot be read"))
    }

    async fn end_one(&self, upload: &Upload) -> Result<(), Fault> {
        let mut url = self.bucket.clone();
        url.set_path(&format!("{}/{}", self.bucket.path().trim_end_matches('/'), upload.key));
        url.query_pairs_mut().append_pair("uploadId", &upload.id);
        match self.ask(Method::DELETE, &url).await? {
            // Finished or ended meanwhile.
            (status, _) if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
            (status, _) => Err(refused(status)),
        }
    }

    async fn ask(&self, method: Method, url: &Url) -> Result<(StatusCode, String), Fault> {
        let request = Request::builder().method(method).uri(url.as_str()).body(Buffer::new());
        let request = request.map_err(|error| Fault::new(FaultKind::Misconfigured, error.to_string()))?;
        let (mut parts, body) = request.into_parts();
        self.sign(&mut parts).await?;
        let answer =
            self.transport.send(Request::from_parts(parts, body)).await.map_err(|error| {
                Fault::new(FaultKind::Unreachable, format!("{}: {}", error.message(), causes(&error)))
            })?;
        let (head, body) = answer.into_parts();
        Ok((head.status, String::from_utf8_lossy(&body.to_vec()).into_owned()))
    }

    async fn sign(&self, request: &mut Parts) -> Result<(), Fault> {
        let Some(signer) = &self.signer else { return Ok(()) };
        let signed = signer.sign(request, None).await;
        signed.map_err(|error| Fault::new(FaultKind::Denied, format!("there is nothing to sign with: {error}")))
    }
}

/// Signs with the credentials that OpenDAL takes.
fn signer(location: &Location, region: &str, transport: &HttpTransporter) -> Signer<Credential> {
    let context = Context::new().with_file_read(Files).with_env(OsEnv).with_http_send(transport.clone());
    let mut chain = DefaultCredentialProvider::builder();
    if let Some(profile) = location.get("profile") {
        chain = chain.with_profile(profile);
    }
    let mut credentials = ProvideCredentialChain::new().push(chain.build());
    if let (Some(id), Some(secret)) = (location.get("access_key_id"), location.get("secret_access_key")) {
        let given = StaticCredentialProvider::new(id, secret);
        credentials = credentials.push_front(match location.get("session_token") {
            Some(token) => given.with_session_token(token),
            None => given,
        });
    }
    if let Some(role) = location.get("role_arn") {
        let sts = Signer::new(context.clone(), credentials, RequestSigner::new("sts", region));
        let mut role = AssumeRoleCredentialProvider::new(role.to_owned(), sts)
            .with_region(region.to_owned())
            .with_regional_sts_endpoint();
        if let Some(id) = location.get("external_id") {
            role = role.with_external_id(id.to_owned());
        }
        credentials = ProvideCredentialChain::new().push(role);
    }
    Signer::new(context, credentials, RequestSigner::new("s3", region))
}

/// Reads profiles and web identity tokens.
#[derive(Debug)]
struct Files;

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> reqsign_core::Result<Vec<u8>> {
        let read = tokio::fs::read(path).await;
        read.map_err(|error| reqsign_core::Error::config_invalid(format!("{path} cannot be read: {error}")))
    }
}

fn refused(status: StatusCode) -> Fault {
    let kind = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => FaultKind::Denied,
        StatusCode::NOT_FOUND => FaultKind::Misconfigured,
        status if status.is_server_error() => FaultKind::Unreachable,
        _ => FaultKind::Other,
    };
    Fault::new(kind, format!("the server answered {status}"))
}

/// Reads `<ListMultipartUploadsResult>`; nothing where it is none.
fn page(text: &str) -> Option<Page> {
    let mut reader = Reader::from_str(text);
    let (mut page, mut upload, mut value) = (Page::default(), Upload::default(), String::new());
    let (mut is_result, mut is_truncated, mut next) = (false, false, (String::new(), String::new()));
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                is_result |= tag.local_name().as_ref() == b"ListMultipartUploadsResult";
                value.clear();
            }
            Event::Text(text) => value.push_str(&text.decode().ok()?),
            // No name of ours has one.
            Event::GeneralRef(_) => value.push('&'),
            Event::End(tag) => match tag.local_name().as_ref() {
                b"Key" => upload.key = std::mem::take(&mut value),
                b"UploadId" => upload.id = std::mem::take(&mut value),
                b"Initiated" => upload.begun = std::mem::take(&mut value),
                b"Upload" => page.uploads.push(std::mem::take(&mut upload)),
                b"IsTruncated" => is_truncated = value == "true",
                b"NextKeyMarker" => next.0 = std::mem::take(&mut value),
                b"NextUploadIdMarker" => next.1 = std::mem::take(&mut value),
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    page.next = (is_truncated && !next.0.is_empty()).then_some(next);
    is_result.then_some(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uploads(location: &str) -> Uploads {
        Uploads::into(&location.parse().unwrap(), HttpTransporter::default()).unwrap().unwrap()
    }

    #[test]
    fn a_list_of_uploads_is_read_and_anything_else_is_none() {
        let text = "<?xml version=\"1.0\"?><ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
            <Bucket>b</Bucket><IsTruncated>true</IsTruncated><NextKeyMarker>a/b</NextKeyMarker>\
            <NextUploadIdMarker>2</NextUploadIdMarker><Upload><Key>a/b</Key><UploadId>1</UploadId>\
            <Owner><ID>we</ID></Owner><Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload>\
            <Upload><Key>a&amp;b</Key><UploadId>2</UploadId></Upload></ListMultipartUploadsResult>";
        let upload = |key: &str, id: &str, begun: &str| Upload { key: key.into(), id: id.into(), begun: begun.into() };
        let read = page(text).unwrap();
        assert_eq!(read.uploads, [upload("a/b", "1", "2026-01-01T00:00:00.000Z"), upload("a&b", "2", "")]);
        assert_eq!(read.next, Some(("a/b".into(), "2".into())));
        for other in ["", "no XML", "<html><body>502</body></html>", "<ListMultipartUploadsResult><Key>"] {
            assert!(page(other).is_none_or(|page| page == Page::default()), "{other}");
        }
        assert_eq!(page("<Error><Code>AccessDenied</Code></Error>"), None);
    }

    #[test]
    fn only_old_uploads_of_objects_of_this_place_are_abandoned() {
        let uploads = uploads("s3://bucket/a/prefix?endpoint=http://127.0.0.1:9&anonymous=true");
        let hex = ObjectKey::of(b"document").hex();
        let object = format!("{}/{}/{hex}.zst", &hex[..2], &hex[2..4]);
        let noon = "2026-01-01T12:00:00.000Z".parse::<Timestamp>().map(SystemTime::from).unwrap();
        let abandoned = |key: &str, begun: &str| {
            let upload = Upload { key: key.to_owned(), id: "1".into(), begun: begun.to_owned() };
            uploads.is_abandoned(&upload, noon)
        };
        let ours = format!("a/prefix/{object}");
        assert!(abandoned(&ours, "2026-01-01T11:59:59.000Z"));
        assert!(!abandoned(&ours, "2026-01-01T12:00:00.000Z"), "it may go on");
        assert!(!abandoned(&ours, "some day"));
        for other in [&object, &format!("a/prefix/archive/{object}"), "a/prefix/backup.tar", "a/prefix/"] {
            assert!(!abandoned(other, "2026-01-01T00:00:00.000Z"), "{other}");
        }
    }

    #[test]
    fn the_bucket_is_asked_where_it_is() {
        let address = |location: &str| uploads(location).bucket.to_string();
        let own = "s3://bucket/p?endpoint=https://minio:9000/&region=eu";
        assert_eq!(address(own), "https://minio:9000/bucket");
        assert_eq!(address(&format!("{own}&virtual_host_style=true")), "https://bucket.minio:9000/");
        assert_eq!(uploads("s3://bucket?endpoint=http://h:1").prefix, "");
        assert_eq!(uploads(own).prefix, "p/");
        let express = "s3://b--euw1-az1--x-s3?region=eu-west-1".parse().unwrap();
        assert!(Uploads::into(&express, HttpTransporter::default()).unwrap().is_none());
    }
}
