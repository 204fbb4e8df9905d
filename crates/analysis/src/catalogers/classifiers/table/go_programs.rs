//! Programs in Go, by what the linker was told, where it put a lone string, or literals that happen to lie beside the
//! version.

use windlass_sbom::PackageType::{Binary, GoModule};

use crate::catalogers::classifiers::classifier::{Classifier, FileName::Is, row};

/// What `-X` sets stands alone among other data. A NUL before it is not always there, but never a text.
const LONE: &str = r"[^\x20-\x7e]v?{v+}\x00";
const LONE_TAG: &str = r"[^0-9a-z./-]v{v+}\x00\x00";

const TRAEFIK: &[(&str, &str)] = &[("traefik", "traefik")];
const CONSUL: &[(&str, &str)] = &[("hashicorp", "consul")];
const VAULT: &[(&str, &str)] = &[("hashicorp", "vault")];
const HELM: &[(&str, &str)] = &[("helm", "helm")];
const GRAFANA: &[(&str, &str)] = &[("grafana", "grafana")];
/// SQLite, which Grafana holds, states a version 3 in the same way.
const GRAFANA_LONE: &str = r"[^\x20-\x7e](?:release-)?(?P<version>(?:[4-9]|1[0-9])\.[0-9]{1,2}\.[0-9]{1,3}(?:-(?:beta[0-9]|test|preview|[0-9]{6,12}))?)(?:\+security-[0-9]{1,2})?\x00";
const INGRESS: &[(&str, &str)] = &[("kubernetes", "ingress-nginx")];
const BEATS: &str = r"(?:Test |plugin(?:output)?|5m\.rate){v}[-a-z%]";
const ISTIO: &[(&str, &str)] = &[("istio", "istio")];
/// The version stands alone beside another one, behind the state of the checkout, or before a table of the runtime's.
const ISTIO_TWICE: &str = r"\x00[0-9]\.[0-9]{1,3}\.[0-9]{1,3}[a-z0-9.-]{0,12}\x00{1,16}{v+}\x00";
const ISTIO_CHECKOUT: &str = r"(?:Clean|Modified)\x00{1,16}(?P<version>[0-9]\.[0-9]{1,3}(?:\.[0-9]{1,3})?(?:-(?:alpha|beta|rc)\.[0-9]{1,2}|-dev)?)\x00";
const ISTIO_RUNTIME: &str = r"{v+}\x00{1,16}.{1,100}=v<y5";

const fn consul(pattern: &'static str) -> Classifier {
    row("consul-binary", Is("consul"), pattern, "consul", CONSUL).known_as(GoModule, "github.com/hashicorp", "consul")
}

const fn vault(pattern: &'static str) -> Classifier {
    row("hashicorp-vault-binary", Is("vault"), pattern, "github.com/hashicorp/vault", VAULT).known_as(
        GoModule,
        "github.com/hashicorp",
        "vault",
    )
}

const fn helm(pattern: &'static str) -> Classifier {
    row("helm", Is("helm"), pattern, "helm", HELM).known_as(GoModule, "helm.sh", "helm")
}

const fn ingress(pattern: &'static str) -> Classifier {
    row("ingress-nginx-binary", Is("nginx-ingress-controller"), pattern, "nginx-ingress-controller", INGRESS)
}

/// Two programs of one product, each a package of its own.
const fn istio(file: &'static str, pattern: &'static str) -> Classifier {
    row("istio-binary", Is(file), pattern, file, ISTIO).known_as(Binary, "", "istio")
}

const fn beat(class: &'static str, file: &'static str, cpes: &'static [(&'static str, &'static str)]) -> Classifier {
    row(class, Is(file), BEATS, file, cpes)
}

pub(super) const ROWS: &[Classifier] = &[
    row("traefik-binary", Is("traefik"), r"version\.Version=v?{v+}", "traefik", TRAEFIK),
    row("traefik-binary", Is("traefik"), LONE, "traefik", TRAEFIK),
    consul(r"version\.(?:GitDescribe|Version)=v?{v+}"),
    consul(r"CONSUL_VERSION: {v+}"),
    consul(r"\x00v{v+}\x00"),
    vault(r"[vV]ersion\.(?:full|Full)?Version=v?{v+}"),
    vault(r"(?:revoke|state|016x)(?P<version>1\.[0-9]{1,2}\.[0-9]{1,2}(?:-rc[0-9])?)"),
    vault(r"\x00\x00{v+}\x00\x00"),
    helm(r"version\.[vV]ersion=v{v+}"),
    helm(LONE_TAG),
    helm(r"\x00v{v+}\x00"),
    row("grafana-binary", Is("grafana"), r"main\.version=v?{v+}", "grafana", GRAFANA),
    row("grafana-binary", Is("grafana"), GRAFANA_LONE, "grafana", GRAFANA),
    row("grafana-binary", Is("grafana-server"), r"main\.version=v?{v+}", "grafana", GRAFANA),
    row("grafana-binary", Is("grafana-server"), GRAFANA_LONE, "grafana", GRAFANA),
    ingress(r"version\.RELEASE=v?{v+}"),
    ingress(LONE_TAG),
    ingress(LONE),
    beat("filebeat-binary", "filebeat", &[("elastic", "filebeat")]),
    beat("metricbeat-binary", "metricbeat", &[("elastic", "metricbeat")]),
    beat("heartbeat-binary", "heartbeat", &[("elastic", "heartbeat")]),
    beat("packetbeat-binary", "packetbeat", &[("elastic", "packetbeat")]),
    beat("auditbeat-binary", "auditbeat", &[("elastic", "auditbeat")]),
    row(
        "elastic-agent-binary",
        Is("elastic-agent"),
        r"(?:enroll(?:: true)?|PM){v}(?:-?header|:https)",
        "elastic-agent",
        &[("elastic", "elastic_agent")],
    ),
    istio("pilot-discovery", ISTIO_TWICE),
    istio("pilot-discovery", ISTIO_CHECKOUT),
    istio("pilot-discovery", ISTIO_RUNTIME),
    istio("pilot-agent", ISTIO_TWICE),
    istio("pilot-agent", ISTIO_CHECKOUT),
    istio("pilot-agent", ISTIO_RUNTIME),
];
