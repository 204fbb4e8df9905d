//! What is read from analyses (`spec/api.md` A4.4). Documents are passed on as they are stored.

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use windlass_objects::ObjectKey;
use windlass_sbom::{
    Sbom, Source,
    formats::{self, Format, ReadError, Saved, Wanted},
};
use windlass_store::{
    image_tags,
    images::{self, Filter},
};
use windlass_v1::{
    content::{self, ContentType},
    images::{AnalysisStatus, NOT_FOUND, not_analyzed},
    metadata::{self, MetadataType},
};

use super::{
    bills::{BillKey, Said},
    documents::{ArtifactType, DocumentKind, formatted},
};
use crate::{Error, Result, Tenant, images::analysis_status, threads::blocking};

/// A document on its way: it is verified as it is read, and a damaged one ends in an error.
pub struct StoredDocument {
    /// Bytes.
    pub length: u64,
    pub content: Box<dyn AsyncRead + Send + Unpin>,
}

/// A format that a bill of materials is converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillFormat {
    /// CycloneDX 1.6.
    CycloneDxJson,
    /// SPDX 2.3.
    SpdxJson,
}

impl Tenant {
    /// `{"imageDigest", "content_type", "content"}` of a kind of content or metadata; the digest is told as it is given.
    ///
    /// # Errors
    /// 404 for an unknown kind, an unknown image, and one that is not analysed.
    pub async fn image_content(&self, digest: &str, kind: &str) -> Result<StoredDocument> {
        let (kind, image) = (known(kind)?, self.image_row(digest).await?);
        self.told(&image, digest, kind, ["content_type", "content"]).await
    }

    /// As [`Tenant::image_content`], of the image with this id.
    pub async fn image_content_by_id(&self, image_id: &str, kind: &str) -> Result<StoredDocument> {
        let (kind, image) = (known(kind)?, self.image_row_by_id(image_id).await?);
        self.told(&image, &image.digest, kind, ["content_type", "content"]).await
    }

    /// As [`Tenant::image_content`], under the names `metadata_type` and `metadata`.
    pub async fn image_metadata(&self, digest: &str, kind: &str) -> Result<StoredDocument> {
        let (kind, image) = (known(kind)?, self.image_row(digest).await?);
        self.told(&image, digest, kind, ["metadata_type", "metadata"]).await
    }

    /// A list of what analysers saw in files.
    ///
    /// # Errors
    /// 404 for an unknown image and one that is not analysed.
    pub async fn image_artifact(&self, digest: &str, kind: ArtifactType) -> Result<StoredDocument> {
        let image = self.image_row(digest).await?;
        let stored = self.stored(&image, DocumentKind::Artifact(kind)).await?;
        Ok(stored.unwrap_or_else(|| StoredDocument::of(b"[]".to_vec())))
    }

    /// The image's bill of materials as syft-json, compressed with gzip; with the image's digest.
    ///
    /// # Errors
    /// 404 for an unknown image and one that is not analysed.
    pub async fn native_sbom(&self, digest: &str) -> Result<(String, StoredDocument)> {
        let image = self.image_row(digest).await?;
        let stored = self.stored(&image, DocumentKind::Native).await?;
        let stored = stored.ok_or_else(|| Error::not_found("the image has no bill of materials"))?;
        Ok((image.digest, stored))
    }

    /// The image's bill of materials in another format.
    ///
    /// # Errors
    /// 404 for an unknown image and one that is not analysed.
    pub async fn sbom_as(&self, digest: &str, format: BillFormat) -> Result<(String, StoredDocument)> {
        let image = self.image_row(digest).await?;
        let format = match format {
            BillFormat::CycloneDxJson => Format::CycloneDxJson,
            BillFormat::SpdxJson => Format::SpdxJson,
        };
        let (object, said) = (self.sbom_object(&image).await?, self.said(&image).await?);
        let key = BillKey { object, digest: image.digest.clone(), said, format };
        let bill = self.service.bills.get(key, async |key| self.written(key.clone()).await).await?;
        Ok((image.digest, StoredDocument::of(bill)))
    }

    async fn written(&self, key: BillKey) -> Result<Vec<u8>> {
        let BillKey { object, digest, said, format } = key;
        let bytes = self.service.objects.get(&object).await?;
        let write = move || {
            let mut sbom = formats::read(&bytes).map_err(|error| unreadable(object, &error))?;
            said.put_into(&mut sbom, &digest);
            let written = formatted(&sbom, format, Vec::new());
            written.map_err(|error| Error::Broken(format!("a bill of materials cannot be written: {error}")))
        };
        blocking(write).await?
    }

    /// The bill of materials of an image, with what the account says of the image: its tags and its Dockerfile.
    ///
    /// # Errors
    /// 404 for one that is not analysed.
    pub async fn sbom(&self, image: &images::Model) -> Result<Sbom> {
        self.read_sbom(image, formats::read, |sbom| sbom).await
    }

    /// As [`Tenant::sbom`], what is wanted of it, with its files by columns.
    pub(crate) async fn saved_analysis(&self, image: &images::Model, wanted: Wanted) -> Result<Saved> {
        self.read_sbom(image, move |bytes| formats::read_saved(bytes, wanted), |saved| &mut saved.sbom).await
    }

    async fn read_sbom<T: Send + 'static>(
        &self,
        image: &images::Model,
        read: impl FnOnce(&[u8]) -> std::result::Result<T, ReadError> + Send + 'static,
        sbom: fn(&mut T) -> &mut Sbom,
    ) -> Result<T> {
        let object = self.sbom_object(image).await?;
        let bytes = self.service.objects.get(&object).await?;
        let read = blocking(move || read(&bytes)).await?;
        let mut read = read.map_err(|error| unreadable(object, &error))?;
        self.said(image).await?.put_into(sbom(&mut read), &image.digest);
        Ok(read)
    }

    async fn sbom_object(&self, image: &images::Model) -> Result<ObjectKey> {
        let object = self.object(image, DocumentKind::Sbom).await?;
        let (object, _) =
            object.ok_or_else(|| Error::Broken(format!("{} has lost its bill of materials", image.digest)))?;
        Ok(object)
    }

    async fn said(&self, image: &images::Model) -> Result<Said> {
        let text = |given: &String| Ok::<_, Error>(String::from_utf8_lossy(&decoded(given)?).into_owned());
        let dockerfile = image.dockerfile.as_ref().map(text).transpose()?;
        let tags = self.account.tags_of_images(&[image.id]).await?;
        Ok(Said { tags: tags.iter().map(image_tags::Model::fulltag).collect(), dockerfile })
    }

    /// The newest image with this digest, or whose index has it.
    pub(crate) async fn image_row(&self, digest: &str) -> Result<images::Model> {
        let found = self.account.find_image(digest, Filter::default()).await?;
        found.map(|(image, _)| image).ok_or_else(|| Error::not_found(NOT_FOUND))
    }

    /// The newest image with this image id.
    pub(crate) async fn image_row_by_id(&self, image_id: &str) -> Result<images::Model> {
        let found = self.account.find_image_by_id(image_id, Filter::active()).await?;
        found.map(|(image, _)| image).ok_or_else(|| Error::not_found(NOT_FOUND))
    }

    async fn told(
        &self,
        image: &images::Model,
        digest: &str,
        kind: ContentType,
        [kind_name, content_name]: [&str; 2],
    ) -> Result<StoredDocument> {
        let stored = match (kind, &image.dockerfile) {
            (ContentType::Metadata(MetadataType::Dockerfile), Some(dockerfile)) => {
                analysis_of(image)?;
                let text = json!(metadata::encoded(&decoded(dockerfile)?));
                Some(StoredDocument::of(text.to_string().into_bytes()))
            }
            _ => self.stored(image, DocumentKind::Content(kind)).await?,
        };
        let content = stored.unwrap_or_else(|| StoredDocument::of(b"[]".to_vec()));
        let before = format!(
            "{{\"imageDigest\":{},\"{kind_name}\":{},\"{content_name}\":",
            json!(digest),
            json!(kind.as_str()),
        );
        Ok(content.between(before.into_bytes(), b"}"))
    }

    async fn stored(&self, image: &images::Model, kind: DocumentKind) -> Result<Option<StoredDocument>> {
        let Some((object, length)) = self.object(image, kind).await? else { return Ok(None) };
        let content = self.service.objects.get_stream(&object).await?;
        Ok(Some(StoredDocument { length, content: Box::new(content) }))
    }

    /// Where a document is, and its bytes.
    async fn object(&self, image: &images::Model, kind: DocumentKind) -> Result<Option<(ObjectKey, u64)>> {
        let document = self.service.store.analysis_document(analysis_of(image)?, &kind.name()).await?;
        let Some(document) = document else { return Ok(None) };
        let object = document.object.parse().map_err(windlass_objects::Error::from)?;
        Ok(Some((object, u64::try_from(document.size).unwrap_or_default())))
    }
}

impl Said {
    fn put_into(self, sbom: &mut Sbom, digest: &str) {
        if self.dockerfile.is_some() {
            sbom.inspection.dockerfile = self.dockerfile;
        }
        if let Source::Image(source) = &mut sbom.source {
            self.tags.first().map_or(digest, String::as_str).clone_into(&mut source.user_input);
            source.tags = self.tags;
        }
    }
}

impl StoredDocument {
    fn of(bytes: impl AsRef<[u8]> + Send + Unpin + 'static) -> Self {
        Self { length: bytes.as_ref().len() as u64, content: Box::new(Cursor::new(bytes)) }
    }

    fn between(self, before: Vec<u8>, after: &'static [u8]) -> Self {
        let length = before.len() as u64 + self.length + after.len() as u64;
        Self { length, content: Box::new(Cursor::new(before).chain(self.content).chain(after)) }
    }
}

fn known(kind: &str) -> Result<ContentType> {
    ContentType::parse(kind).ok_or_else(|| Error::not_found(content::not_available(kind)))
}

/// The analysis of an image that has one and is not to get another.
pub(crate) fn analysis_of(image: &images::Model) -> Result<i64> {
    match (image.analysis_status, image.analysis) {
        (images::AnalysisStatus::Analyzed, Some(analysis)) => Ok(analysis),
        (status, _) => {
            let status = match analysis_status(status) {
                // It says so, but has none.
                AnalysisStatus::Analyzed => AnalysisStatus::NotAnalyzed,
                status => status,
            };
            let message = not_analyzed(status);
            Err(Error::not_found(message.clone()).with("details", message))
        }
    }
}

fn unreadable(object: ObjectKey, error: &ReadError) -> Error {
    Error::Broken(format!("object {object} cannot be read: {error}"))
}

fn decoded(dockerfile: &str) -> Result<Vec<u8>> {
    let bytes = STANDARD.decode(dockerfile);
    bytes.map_err(|error| Error::Broken(format!("a Dockerfile is kept that is no base64: {error}")))
}
