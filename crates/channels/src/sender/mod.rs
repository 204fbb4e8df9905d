//! Sends what was composed.

pub(crate) mod api;
mod guard;
mod http;
mod mail;
mod tls;

use std::{sync::Arc, time::Duration};

use ipnet::IpNet;
use reqwest::{Client, redirect::Policy};

use crate::{Endpoint, Outgoing, Sent, outgoing::Form};
use api::Api;
use guard::{Guard, Resolver};
use http::Http;
pub(crate) use tls::certificates;

/// Requests that a tracker of issues may need for one notice; each may take as long as the endpoint's timeout.
const STEPS: u32 = 6;

/// What holds for every endpoint.
#[derive(Clone, Debug, Default)]
pub struct SenderOptions {
    /// Networks that may be sent to although they are not public: `10.0.0.0/8`, `127.0.0.1/32`.
    pub allowed_private: Vec<IpNet>,
    /// PEM certificates that are trusted beside the system's.
    pub certificate_authority: Option<String>,
    /// Through which HTTP goes. It then resolves names, and has to keep requests from where they must not go; addresses in
    /// URLs are still checked here.
    pub proxy: Option<url::Url>,
}

impl SenderOptions {
    /// Whether it can be sent by them.
    ///
    /// # Errors
    /// When they hold no usable certificate, or a proxy of another kind than HTTP.
    pub fn check(&self) -> Result<(), SenderError> {
        if let Some(pem) = &self.certificate_authority {
            certificates(pem.as_bytes()).map_err(SenderError::Certificate)?;
        }
        match &self.proxy {
            Some(proxy) if !matches!(proxy.scheme(), "http" | "https") => Err(SenderError::Proxy),
            _ => Ok(()),
        }
    }
}

/// Why nothing can be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    #[error("the certificate authority of notifications is unusable: {0}")]
    Certificate(String),
    #[error("the proxy of notifications is none that speaks HTTP: write http://host:port")]
    Proxy,
    #[error("the client for notifications cannot be made")]
    Client(#[from] reqwest::Error),
}

/// Sends to any endpoint. Cheap to share; connections are kept for the next time.
#[derive(Debug)]
pub struct Sender {
    options: SenderOptions,
    guard: Arc<Guard>,
    /// For endpoints without certificates of their own: those whose certificate is checked, and those where it is not.
    checking: Client,
    trusting: Client,
}

impl Sender {
    /// # Errors
    /// When the options hold no usable certificate.
    pub fn new(options: SenderOptions) -> Result<Self, SenderError> {
        let guard = Arc::new(Guard::new(options.allowed_private.clone()));
        Self::behind(guard, options)
    }

    fn behind(guard: Arc<Guard>, options: SenderOptions) -> Result<Self, SenderError> {
        let client = |verify| client(&guard, &options, verify, None);
        Ok(Self { checking: client(true)?, trusting: client(false)?, guard, options })
    }

    /// Sends it once, within the endpoint's timeout (six times that for trackers of issues, which are asked several
    /// things).
    pub async fn send(&self, endpoint: &Endpoint, outgoing: Outgoing) -> Sent {
        let patience = Duration::from_secs(u64::from(endpoint.timeout.clamp(1, 60)));
        let all = match &outgoing.0 {
            Form::Issue(_) => patience * STEPS,
            Form::Request(_) | Form::Mail(_) => patience,
        };
        let sent = tokio::time::timeout(all, self.send_patiently(endpoint, outgoing, patience)).await;
        sent.unwrap_or_else(|_| Sent::Failed { reason: format!("there was no answer within {} s", all.as_secs()) })
    }

    async fn send_patiently(&self, endpoint: &Endpoint, outgoing: Outgoing, patience: Duration) -> Sent {
        let client = match &endpoint.certificate_authority {
            None if endpoint.verify => Ok(self.checking.clone()),
            None => Ok(self.trusting.clone()),
            own => client(&self.guard, &self.options, endpoint.verify, own.as_deref()),
        };
        let client = match client {
            Ok(client) => client,
            Err(error) => return Sent::Failed { reason: error.to_string() },
        };
        let http = Http { client, guard: &self.guard, patience };
        match outgoing.0 {
            Form::Request(request) => http.post(*request).await,
            Form::Issue(plan) => plan.run(&Api::new(&http)).await,
            Form::Mail(mail) => {
                let trusted = [&self.options.certificate_authority, &endpoint.certificate_authority];
                let trusted: Vec<&str> = trusted.into_iter().flatten().map(String::as_str).collect();
                mail::send(&mail, &self.guard, endpoint.verify, &trusted).await
            }
        }
    }
}

fn client(guard: &Arc<Guard>, options: &SenderOptions, verify: bool, own: Option<&str>) -> Result<Client, SenderError> {
    let trusted: Vec<&str> = options.certificate_authority.as_deref().into_iter().chain(own).collect();
    let tls = tls::configuration(verify, &trusted).map_err(SenderError::Certificate)?;
    let builder = Client::builder()
        .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
        .use_preconfigured_tls(tls)
        // A redirect would lead a secret and a message to where nobody wanted them.
        .redirect(Policy::none())
        .referer(false)
        .pool_max_idle_per_host(4)
        .pool_idle_timeout(Duration::from_mins(1));
    let builder = match &options.proxy {
        Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy.clone())?),
        None => builder.no_proxy().dns_resolver(Arc::new(Resolver(guard.clone()))),
    };
    Ok(builder.build()?)
}

/// A sender that asks somebody else for the addresses of names.
#[cfg(test)]
pub(crate) fn sender_with_lookup(lookup: impl Fn(String) -> guard::Looking + Send + Sync + 'static) -> Sender {
    let guard = Guard::with_lookup(Vec::new(), lookup);
    Sender::behind(Arc::new(guard), SenderOptions::default()).expect("there is nothing unusable in it")
}
