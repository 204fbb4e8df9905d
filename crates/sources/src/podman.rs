//! `podman`: the store of a Podman service, by its Docker-compatible API.

use crate::{
    daemon,
    source::{Finds, Source},
};

pub(crate) const SOURCE: Source = Source {
    scheme: "podman",
    summary: "a reference or an image ID in the store of the podman service",
    finds: Finds::Reference {
        open: |text, user_input, options| daemon::open("podman", &options.daemon.podman, text, user_input, options),
    },
};
