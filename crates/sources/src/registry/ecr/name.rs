//! What the host name of an Amazon registry says.

/// Account and region of a registry, and where its API is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcrName {
    /// Twelve digits.
    pub account: String,
    /// Such as `eu-central-1`.
    pub region: String,
    /// The host tokens are asked from.
    pub api_host: String,
}

impl EcrName {
    /// Reads `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, its FIPS and Chinese forms, and `ACCOUNT.dkr-ecr.REGION.on.aws`.
    pub fn parse(host: &str) -> Option<Self> {
        let (account, rest) = host.split_once('.')?;
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (region, api_host) = if let Some(rest) = rest.strip_prefix("dkr-ecr.") {
            let region = rest.strip_suffix(".on.aws")?;
            (region, format!("ecr.{region}.api.aws"))
        } else {
            let (fips, rest) = match rest.strip_prefix("dkr.ecr.") {
                Some(rest) => (false, rest),
                None => (true, rest.strip_prefix("dkr.ecr-fips.")?),
            };
            let (region, domain) = [".amazonaws.com", ".amazonaws.com.cn"]
                .iter()
                .find_map(|domain| Some((rest.strip_suffix(domain)?, domain)))?;
            let service = if fips { "ecr-fips" } else { "api.ecr" };
            (region, format!("{service}.{region}{domain}"))
        };
        let is_region =
            region.contains('-') && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        is_region.then(|| Self { account: account.into(), region: region.into(), api_host })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_region_and_api_come_from_the_host_name() {
        for (host, region, api) in [
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "eu-central-1", "api.ecr.eu-central-1.amazonaws.com"),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "api.ecr.cn-north-1.amazonaws.com.cn"),
            (
                "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                "us-gov-west-1",
                "ecr-fips.us-gov-west-1.amazonaws.com",
            ),
            ("123456789012.dkr-ecr.us-east-1.on.aws", "us-east-1", "ecr.us-east-1.api.aws"),
        ] {
            let expected = EcrName { account: "123456789012".into(), region: region.into(), api_host: api.into() };
            assert_eq!(EcrName::parse(host), Some(expected), "{host}");
        }
        for host in [
            "docker.io",
            "12345.dkr.ecr.eu-central-1.amazonaws.com",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example",
            "123456789012.dkr.ecr.evil.example/.amazonaws.com",
            "123456789012.dkr.ecr..amazonaws.com",
            "123456789012.ecr.eu-central-1.amazonaws.com",
        ] {
            assert_eq!(EcrName::parse(host), None, "{host}");
        }
    }
}
