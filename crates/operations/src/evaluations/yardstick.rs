//! What an account judges its images by now, prepared once for many of them.

use std::sync::Arc;

use windlass_policy::{CompiledBundle, Inputs};
use windlass_store::{evaluations::Model, image_tags, images, policies};

use super::{Analysed, CheckRequest, Verdict, choices::Choices, full, inputs};
use crate::{Result, Tenant};

/// The active policy and the account's choices.
#[derive(Clone)]
pub(crate) struct Yardstick {
    pub(crate) policy: Arc<policies::Model>,
    pub(crate) bundle: Arc<CompiledBundle>,
    choices: Choices,
}

impl Yardstick {
    /// The digest of what goes into a verdict beside bundle, analysis and data; `None` where it takes a look at other images.
    pub(crate) fn inputs(&self, image: &images::Model, tags: &[image_tags::Model]) -> Option<String> {
        let looks_back = self.bundle.reads().intersects(Inputs::PREVIOUS | Inputs::ANCESTRY);
        (!looks_back).then(|| inputs(self.choices, image, tags, None, &[]))
    }

    /// Whether new vulnerability data may change a verdict though none of its findings changed.
    pub(crate) fn reads_whole_data(&self) -> bool {
        self.bundle.reads().intersects(Inputs::DATA_AGE | Inputs::ALL_FINDINGS)
    }
}

impl Tenant {
    /// `None` where no policy is active.
    pub(crate) async fn yardstick(&self) -> Result<Option<Yardstick>> {
        let Some(policy) = self.account.active_policy().await? else { return Ok(None) };
        let choices = self.choices().await?;
        let bundle = self.service.judges.bundle(&policy, choices.profile).await?;
        Ok(Some(Yardstick { policy: Arc::new(policy), bundle, choices }))
    }

    /// The verdict on an image under a name, kept; `None` where the image is gone or not analysed.
    pub(crate) async fn judge_by(
        &self,
        yardstick: &Yardstick,
        image: &images::Model,
        fulltag: &str,
    ) -> Result<Option<Model>> {
        let Some(analysis) = image.analysis else { return Ok(None) };
        let image = Analysed { image: image.clone(), analysis };
        let request = CheckRequest { tag: fulltag.to_owned(), is_one_of_many: true, ..CheckRequest::default() };
        match self.verdict(&image, &yardstick.policy, &full(fulltag)?, &request, self).await? {
            Verdict::Kept(row) => Ok(Some(*row)),
            Verdict::Fresh(_) => Ok(None),
        }
    }
}
