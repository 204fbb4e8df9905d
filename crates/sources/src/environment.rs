//! Where this machine's daemons listen and its credentials lie, as docker's and podman's own clients find them.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::daemon::Endpoint;

/// What the environment says; `get` reads one variable.
pub(crate) struct Environment<'a> {
    pub get: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Environment<'_> {
    /// `DOCKER_HOST` alone if it is set, else the usual sockets.
    pub(crate) fn docker_endpoints(&self) -> Vec<Endpoint> {
        if let Some(host) = self.text("DOCKER_HOST") {
            return vec![Endpoint::parse(&host)];
        }
        let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
        sockets.extend(self.below("XDG_RUNTIME_DIR", "docker.sock"));
        sockets.extend(self.below("HOME", ".docker/run/docker.sock"));
        sockets.into_iter().map(Endpoint::Unix).collect()
    }

    /// `CONTAINER_HOST` alone if it is set, else the user's socket, else the system's.
    pub(crate) fn podman_endpoints(&self) -> Vec<Endpoint> {
        if let Some(host) = self.text("CONTAINER_HOST") {
            return vec![Endpoint::parse(&host)];
        }
        let mut sockets: Vec<PathBuf> = self.below("XDG_RUNTIME_DIR", "podman/podman.sock").into_iter().collect();
        sockets.push("/run/podman/podman.sock".into());
        sockets.into_iter().map(Endpoint::Unix).collect()
    }

    /// In the order in which they are believed.
    pub(crate) fn credential_files(&self) -> Vec<PathBuf> {
        let docker = match self.path("DOCKER_CONFIG") {
            Some(folder) => Some(folder.join("config.json")),
            None => self.below("HOME", ".docker/config.json"),
        };
        let configuration = match self.path("XDG_CONFIG_HOME") {
            Some(folder) => Some(folder.join("containers/auth.json")),
            None => self.below("HOME", ".config/containers/auth.json"),
        };
        let podman = self.below("XDG_RUNTIME_DIR", "containers/auth.json");
        [self.path("REGISTRY_AUTH_FILE"), docker, podman, configuration].into_iter().flatten().collect()
    }

    fn text(&self, variable: &str) -> Option<String> {
        (self.get)(variable)?.into_string().ok().filter(|text| !text.is_empty())
    }

    fn path(&self, variable: &str) -> Option<PathBuf> {
        (self.get)(variable).map(PathBuf::from).filter(|path| !path.as_os_str().is_empty())
    }

    fn below(&self, variable: &str, rest: &str) -> Option<PathBuf> {
        self.path(variable).filter(|folder| folder.is_absolute()).map(|folder| Path::join(&folder, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(list: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        |name| list.iter().find(|(own, _)| *own == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn docker_host_alone_says_where_docker_is() {
        let get = variables(&[("DOCKER_HOST", "unix:///x.sock"), ("HOME", "/home/me")]);
        assert_eq!(Environment { get: &get }.docker_endpoints(), [Endpoint::Unix("/x.sock".into())]);
        let get = variables(&[("DOCKER_HOST", ""), ("HOME", "/home/me")]);
        let sockets = ["/var/run/docker.sock", "/home/me/.docker/run/docker.sock"];
        assert_eq!(Environment { get: &get }.docker_endpoints(), sockets.map(|socket| Endpoint::Unix(socket.into())));
    }

    #[test]
    fn the_users_podman_comes_before_the_systems() {
        let get = variables(&[("XDG_RUNTIME_DIR", "/run/user/7")]);
        let sockets = ["/run/user/7/podman/podman.sock", "/run/podman/podman.sock"];
        assert_eq!(Environment { get: &get }.podman_endpoints(), sockets.map(|socket| Endpoint::Unix(socket.into())));
    }

    #[test]
    fn credentials_are_looked_for_where_both_clients_keep_them() {
        let get = variables(&[
            ("HOME", "/h"),
            ("DOCKER_CONFIG", "/d"),
            ("XDG_RUNTIME_DIR", "/r"),
            ("REGISTRY_AUTH_FILE", "/a"),
        ]);
        let expected = ["/a", "/d/config.json", "/r/containers/auth.json", "/h/.config/containers/auth.json"];
        assert_eq!(Environment { get: &get }.credential_files(), expected.map(PathBuf::from));
    }
}
