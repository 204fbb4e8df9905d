use std::sync::OnceLock;

use windlass_channels::{IpNet, Sender, SenderOptions};
use windlass_store::endpoints::Model;

use crate::{Error, Result};

/// What speaks to receivers, made when it is first needed: trusted certificates are read then.
#[derive(Default)]
pub(crate) struct Senders {
    /// To those that users name: not within our own walls, but for what is allowed.
    guarded: OnceLock<Result<Sender, String>>,
    /// To those that whoever runs the service names: anywhere.
    trusted: OnceLock<Result<Sender, String>>,
}

impl Senders {
    /// The one for an endpoint.
    ///
    /// # Errors
    /// [`Error::Broken`] where nothing can be sent by this process.
    pub(super) fn of(&self, endpoint: &Model, options: &SenderOptions) -> Result<&Sender> {
        let sender = if endpoint.configured {
            self.trusted.get_or_init(|| {
                let everywhere = ["0.0.0.0/0", "::/0"].into_iter().filter_map(|network| network.parse::<IpNet>().ok());
                let options = SenderOptions { allowed_private: everywhere.collect(), ..options.clone() };
                Sender::new(options).map_err(|error| error.to_string())
            })
        } else {
            self.guarded.get_or_init(|| Sender::new(options.clone()).map_err(|error| error.to_string()))
        };
        sender.as_ref().map_err(|error| Error::Broken(error.clone()))
    }
}
