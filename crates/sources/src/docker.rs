//! `docker`: the store of a Docker daemon.

use crate::{
    daemon,
    source::{Finds, Source},
};

pub(crate) const SOURCE: Source = Source {
    scheme: "docker",
    summary: "a reference or an image ID in the store of the docker daemon",
    finds: Finds::Reference {
        open: |text, user_input, options| daemon::open("docker", &options.daemon.docker, text, user_input, options),
    },
};
