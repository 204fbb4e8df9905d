//! Commands that speak to a service: how it is reached, and how its answers are printed.

mod confirm;
mod habits;
mod progress;
mod rendering;

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::de::DeserializeOwned;
use serde_json::Value;
use windlass_client::{CredentialsFile, Error, Payload, Request, Secret, Service, Settings};

use crate::{
    Outcome, diagnostics, environment,
    output::{self, Target},
    yaml,
};

pub(crate) use confirm::{Unanswered, confirm, demand, password_file, secret};
pub(crate) use habits::read_as_ours;
pub(crate) use progress::Progress;
pub(crate) use rendering::{Table, cell, field, none, wrapped};

/// How the service is reached. Each can be said before the group as well, where `anchore-cli` has it.
#[derive(Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct ServiceArguments {
    /// Address of the service: WINDLASS_URL [default: http://localhost:8228/v1].
    #[arg(id = "service_url", long = "url", global = true, value_name = "URL")]
    url: Option<String>,
    /// Who asks: WINDLASS_USER. The password is in WINDLASS_PASSWORD, the credentials file, or --password-file.
    #[arg(id = "service_user", long = "user", alias = "u", global = true, value_name = "USER")]
    user: Option<String>,
    #[arg(
        id = "service_password",
        long = "password",
        alias = "p",
        global = true,
        value_name = "PASSWORD",
        hide = true
    )]
    password: Option<String>,
    /// File that holds the password.
    #[arg(id = "service_password_file", long = "password-file", global = true, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Account to act for, if it is not the user's: WINDLASS_ACCOUNT.
    #[arg(long, global = true, value_name = "ACCOUNT")]
    as_account: Option<String>,
    /// Do not verify the service's certificate: WINDLASS_SSL_VERIFY=n.
    #[arg(id = "service_insecure", long = "insecure", global = true)]
    insecure: bool,
    /// Certificates to trust besides the system's: a PEM file.
    #[arg(long, global = true, value_name = "FILE", env = "WINDLASS_SERVICE_CA")]
    service_ca: Option<PathBuf>,
    /// File of credentials: WINDLASS_CREDENTIALS [default: ~/.anchore/credentials.yaml, if there is one].
    #[arg(id = "service_config", long = "config", global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where bundles are that others publish: WINDLASS_HUB_URL.
    #[arg(long, global = true, value_name = "URL")]
    hub_url: Option<String>,
    /// Longest time for a request, in seconds.
    #[arg(long, global = true, value_name = "SECONDS", hide = true)]
    request_timeout: Option<u64>,
    /// How to print it: for people, or the service's document as it came [default: table].
    #[arg(id = "service_output", short = 'o', long = "output", global = true, value_enum, value_name = "FORMAT")]
    output: Option<Form>,
    /// As `-o json`.
    #[arg(id = "service_json", long = "json", global = true, hide = true, conflicts_with = "service_output")]
    json: bool,
    /// Accepted for the sake of old scripts: nothing depends on it.
    #[arg(long, global = true, value_name = "VERSION", hide = true)]
    api_version: Option<String>,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Table,
    /// As it came: keys sorted, indented by four.
    Json,
    Yaml,
}

/// A command that is being done: the service it speaks to, and how it prints.
pub(crate) struct Session {
    pub(crate) service: Service,
    settings: Settings,
    form: Form,
}

impl ServiceArguments {
    /// Does the command, if there is a service.
    pub(crate) fn run(&self, command: impl FnOnce(&Session) -> anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
        self.run_unchecked(|session| {
            session.service.check_access()?;
            command(session)
        })
    }

    /// Does the command, whether there is a service or not.
    pub(crate) fn run_unchecked(
        &self,
        command: impl FnOnce(&Session) -> anyhow::Result<Outcome>,
    ) -> anyhow::Result<Outcome> {
        let session = self.session()?;
        command(&session).inspect_err(|error| {
            if let Some(error) = error.downcast_ref::<Error>() {
                session.print_refusal(error);
            }
        })
    }

    fn session(&self) -> anyhow::Result<Session> {
        let settings = self.settings()?;
        let mut connection = settings.connection()?;
        if let Some(seconds) = self.request_timeout {
            connection.request_time = Duration::from_secs(seconds);
        }
        if let Some(file) = &self.service_ca {
            let failed = || format!("the certificates in {} cannot be read", file.display());
            connection.authorities = std::fs::read(file).with_context(failed)?;
        }
        let by_default = if settings.json == Some(true) { Form::Json } else { Form::Table };
        let form = if self.json { Form::Json } else { self.output.unwrap_or(by_default) };
        let service = Service::new(connection);
        let service = match &self.service_ca {
            Some(file) => service.with_context(|| format!("{} cannot be used", file.display()))?,
            None => service?,
        };
        Ok(Session { service, settings, form })
    }

    /// Options count more than the environment, and that more than the file.
    fn settings(&self) -> anyhow::Result<Settings> {
        let from_file = self.password_file.as_deref().map(password_file).transpose()?;
        let options = Settings {
            url: self.url.clone(),
            user: self.user.clone(),
            password: self.password.clone().map(Secret::new).or(from_file),
            account: self.as_account.clone(),
            hub_url: self.hub_url.clone(),
            verify_tls: self.insecure.then_some(false),
            json: None,
        };
        let variables = environment::variables()?;
        let environment = Settings::named(|name| variables.get(name).cloned());
        Ok(options.or(environment).or(self.credentials()?.settings()))
    }

    fn credentials(&self) -> anyhow::Result<CredentialsFile> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let named = self
            .config
            .clone()
            .or_else(|| ["WINDLASS_CREDENTIALS", "ANCHORE_CLI_CONFIG"].into_iter().find_map(variable));
        let usual = || variable("HOME").map(|home| home.join(".anchore/credentials.yaml")).filter(|path| path.exists());
        match named.or_else(usual) {
            Some(path) => Ok(yaml::read::<Option<CredentialsFile>>(&path)?.unwrap_or_default()),
            None => Ok(CredentialsFile::default()),
        }
    }
}

impl Session {
    /// Asks the service.
    pub(crate) fn send(&self, request: &Request) -> Result<Payload, Error> {
        self.service.send(request)
    }

    /// A client of the hub, where bundles are that others publish.
    pub(crate) fn hub(&self) -> anyhow::Result<Service> {
        Ok(Service::new(self.settings.hub()?)?)
    }

    /// Whether answers are printed as they came.
    pub(crate) fn prints_documents(&self) -> bool {
        self.form != Form::Table
    }

    /// Prints an answer: what `table` makes of the view of it, or the document. One whose form is unexpected is printed
    /// as it came, and that does not fail the command (`spec/api.md` B3).
    pub(crate) fn print<T: DeserializeOwned>(
        &self,
        payload: &Payload,
        table: impl FnOnce(&T, &mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        match (self.form, payload.read::<T>()) {
            (Form::Table, Ok(view)) => to_standard_output(|out| table(&view, out)),
            (Form::Table, Err(error)) => {
                tracing::warn!("{error}; here it is as it came");
                print_document(payload.document(), Form::Json)
            }
            (form, _) => print_document(payload.document(), form),
        }
    }

    /// Prints the answer to a change, of which there is nothing to say but that it was made.
    pub(crate) fn print_success(&self, payload: &Payload) -> anyhow::Result<()> {
        self.print(payload, |_: &Value, out| writeln!(out, "Success"))
    }

    /// Tells of an error, and goes on.
    pub(crate) fn report(&self, error: Error) {
        self.print_refusal(&error);
        diagnostics::report(&error.into());
    }

    /// Who reads documents wants that of a refusal, too.
    fn print_refusal(&self, error: &Error) {
        if let Some(refusal) = error.refusal().filter(|_| self.prints_documents()) {
            // The error itself is what must be told.
            let _ = print_document(refusal.payload.document(), self.form);
        }
    }
}

fn print_document(document: &Value, form: Form) -> anyhow::Result<()> {
    let mut document = document.clone();
    document.sort_all_objects();
    to_standard_output(|out| match form {
        Form::Yaml => out.write_all(serde_saphyr::to_string(&document).map_err(io::Error::other)?.as_bytes()),
        Form::Json | Form::Table => output::indented_by_four(&document, out),
    })
}

pub(crate) fn to_standard_output(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    Target { format: (), file: None }.write(|(), out| write(out))
}
