//! Tokens of Amazon's registries from a stand-in that checks every signature as AWS documents it (Signature Version 4).

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqsign_core::hash::{hex_hmac_sha256, hex_sha256, hmac_sha256};
use serde_json::json;
use tempfile::TempDir;
use windlass_sources::{
    Error, Secret,
    registry::{
        Failure,
        ecr::{AwsIdentity, Ecr, EcrOptions},
    },
};

use crate::server::{Reply, Request, Server};

const REGISTRY: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const ROLE: &str = "arn:aws:iam::123456789012:role/puller";
const KEY: (&str, &str) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
const ROLE_KEY: (&str, &str) = ("ASIAROLEROLEROLEROLE", "secret/of+the/role");

/// Whether a request is signed with this key for this service in the region of the registry.
fn is_signed(request: &Request, (id, secret): (&str, &str), service: &str) -> bool {
    let authorization = request.header("authorization").unwrap_or_default();
    let part = |name: &str| {
        let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
        fields.split(", ").find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
    };
    let (Some(credential), Some(signed), Some(signature)) =
        (part("Credential"), part("SignedHeaders"), part("Signature"))
    else {
        return false;
    };
    let date = request.header("x-amz-date").unwrap();
    let scope = format!("{}/eu-central-1/{service}/aws4_request", &date[..8]);
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    let named = |name: &str| format!("{name}:{}\n", request.header(name).unwrap());
    let headers = signed.split(';').fold(String::new(), |headers, name| headers + &named(name));
    let body = hex_sha256(request.body.as_bytes());
    assert_eq!(request.header("x-amz-content-sha256"), Some(body.as_str()));
    let canonical = format!("{}\n{path}\n{}\n{headers}\n{signed}\n{body}", request.method, pairs.join("&"));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex_sha256(canonical.as_bytes()));
    let day = hmac_sha256(format!("AWS4{secret}").as_bytes(), &date.as_bytes()[..8]);
    let key =
        ["eu-central-1", service, "aws4_request"].iter().fold(day, |key, word| hmac_sha256(&key, word.as_bytes()));
    credential == format!("{id}/{scope}")
        && ["host", "x-amz-date"].iter().all(|name| signed.split(';').any(|own| own == *name))
        && signature == hex_hmac_sha256(&key, text.as_bytes())
}

fn seconds_from_now(seconds: u64) -> f64 {
    let then = SystemTime::now() + Duration::from_secs(seconds);
    then.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

fn token_reply(password: &str, seconds: u64) -> Reply {
    let token = BASE64_STANDARD.encode(format!("AWS:{password}"));
    let authorization = json!({"authorizationToken": token, "expiresAt": seconds_from_now(seconds),
        "proxyEndpoint": format!("https://{REGISTRY}")});
    Reply::new(200, json!({"authorizationData": [authorization]}).to_string())
}

fn denied(kind: &str, message: &str) -> Reply {
    Reply::new(400, json!({"__type": format!("com.amazon#{kind}"), "message": message}).to_string())
}

/// Gives numbered tokens of twelve hours to who signs with `key`.
fn ecr(key: (&'static str, &'static str)) -> Server {
    let given = AtomicUsize::new(0);
    Server::tcp(move |request| {
        assert_eq!(request.header("host"), Some("api.ecr.eu-central-1.amazonaws.com"));
        let target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
        assert_eq!((request.method.as_str(), request.header("x-amz-target")), ("POST", Some(target)));
        if !is_signed(request, key, "ecr") {
            return denied("UnrecognizedClientException", "The security token included in the request is invalid.");
        }
        token_reply(&format!("password{}", given.fetch_add(1, Ordering::SeqCst)), 12 * 3600)
    })
}

fn options(ecr: &Server) -> EcrOptions {
    EcrOptions { ecr_endpoint: Some(format!("http://{}", ecr.address)), ..EcrOptions::default() }
}

fn keys() -> AwsIdentity {
    AwsIdentity::parse(KEY.0, KEY.1)
}

fn password(number: usize) -> Secret {
    Secret::Password { username: "AWS".into(), password: format!("password{number}") }
}

fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn an_access_key_gets_a_token_that_is_kept() {
    let server = ecr(KEY);
    let ecr = Ecr::new(options(&server));
    let token = ecr.token(REGISTRY, &keys()).unwrap();
    assert_eq!(token.secret, password(0));
    assert!(token.expires > SystemTime::now() + Duration::from_hours(11));
    assert_eq!(ecr.token(REGISTRY, &keys()).unwrap(), token);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn who_asks_at_the_same_time_waits_for_the_same_token() {
    let server = ecr(KEY);
    let ecr = Ecr::new(options(&server));
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(|| ecr.secret(REGISTRY, &keys()).unwrap())).collect();
        for thread in asking {
            assert_eq!(thread.join().unwrap(), password(0));
        }
    });
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_token_about_to_run_out_is_renewed_and_a_new_key_never_gets_the_old_one() {
    let given = AtomicUsize::new(0);
    let server =
        Server::tcp(move |_| token_reply(&format!("password{}", given.fetch_add(1, Ordering::SeqCst)), 14 * 60));
    let ecr = Ecr::new(options(&server));
    assert_eq!(ecr.secret(REGISTRY, &keys()).unwrap(), password(0));
    assert_eq!(ecr.secret(REGISTRY, &keys()).unwrap(), password(1));

    let strict = self::ecr(KEY);
    let ecr = Ecr::new(options(&strict));
    ecr.secret(REGISTRY, &keys()).unwrap();
    let error = ecr.secret(REGISTRY, &AwsIdentity::parse(KEY.0, "changed")).unwrap_err();
    assert_eq!((error.failure(), error.is_transient()), (Failure::PermissionDenied, false));
    let text = error.to_string();
    assert!(
        text.contains(REGISTRY) && text.contains("The security token included in the request is invalid"),
        "{text}"
    );
    assert!(!text.contains("changed") && !format!("{error:?}").contains(KEY.1), "{text}");
}

#[test]
fn what_this_machine_is_to_aws_is_used_only_where_that_is_allowed() {
    let server = ecr(KEY);
    let variables = environment(&[("AWS_ACCESS_KEY_ID", KEY.0), ("AWS_SECRET_ACCESS_KEY", KEY.1)]);
    let ambient = AwsIdentity::parse("awsauto", "awsauto");
    let refused = Ecr::new(EcrOptions { environment: variables.clone(), ..options(&server) });
    let error = refused.secret(REGISTRY, &ambient).unwrap_err();
    assert!(error.to_string().contains("set registries.aws_ambient_credentials to true"), "{error}");
    let allowed = Ecr::new(EcrOptions { environment: variables, allow_ambient: true, ..options(&server) });
    assert_eq!(allowed.secret(REGISTRY, &ambient).unwrap(), password(0));
}

#[test]
fn what_this_machine_is_may_lie_in_a_profile_but_no_program_is_run_for_it() {
    let folder = TempDir::new().unwrap();
    let (credentials, config) = (folder.path().join("credentials"), folder.path().join("config"));
    std::fs::write(&credentials, format!("[default]\naws_access_key_id={}\naws_secret_access_key={}\n", KEY.0, KEY.1))
        .unwrap();
    let mark = folder.path().join("run");
    std::fs::write(&config, format!("[profile other]\ncredential_process = touch {}\n", mark.display())).unwrap();
    let server = ecr(KEY);
    let with = |more: &[(&str, &str)]| {
        let mut variables = environment(&[
            ("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap()),
            ("AWS_CONFIG_FILE", config.to_str().unwrap()),
            // Nothing listens there: this machine is no instance.
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"),
        ]);
        variables.extend(environment(more));
        Ecr::new(EcrOptions { environment: variables, allow_ambient: true, ..options(&server) })
    };
    let ambient = AwsIdentity::Ambient;
    assert_eq!(with(&[]).secret(REGISTRY, &ambient).unwrap(), password(0));
    let error = with(&[("AWS_PROFILE", "other")]).secret(REGISTRY, &ambient).unwrap_err();
    assert!(error.to_string().contains("this machine has no AWS credentials"), "{error}");
    assert!(!mark.exists());
}

/// Takes on the role for who signs with the machine's key and knows the external id.
fn sts() -> Server {
    Server::tcp(|request| {
        assert_eq!(request.header("host"), Some("sts.eu-central-1.amazonaws.com"));
        let has = |pair: &str| request.path.split(['?', '&']).any(|own| own == pair);
        let arn = format!("RoleArn={}", ROLE.replace(':', "%3A").replace('/', "%2F"));
        let allowed = is_signed(request, KEY, "sts")
            && has("Action=AssumeRole")
            && has(&arn)
            && has("RoleSessionName=windlass")
            && has("ExternalId=us-42");
        if !allowed {
            let error = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                <Message>not authorized to perform sts:AssumeRole</Message></Error></ErrorResponse>";
            return Reply::new(403, error);
        }
        Reply::new(
            200,
            format!(
                "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{}</AccessKeyId>\
                 <SecretAccessKey>{}</SecretAccessKey><SessionToken>session</SessionToken>\
                 <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
                ROLE_KEY.0, ROLE_KEY.1
            ),
        )
    })
}

#[test]
fn a_role_is_taken_on_with_its_external_id_and_signs_for_the_token() {
    let (registry, roles) = (ecr(ROLE_KEY), sts());
    let variables = environment(&[("AWS_ACCESS_KEY_ID", KEY.0), ("AWS_SECRET_ACCESS_KEY", KEY.1)]);
    let ecr = Ecr::new(EcrOptions {
        environment: variables,
        sts_endpoint: Some(format!("http://{}", roles.address)),
        ..options(&registry)
    });
    let identity = AwsIdentity::parse("_iam_role", &format!("{ROLE};us-42"));
    assert_eq!(ecr.secret(REGISTRY, &identity).unwrap(), password(0));
    assert_eq!(registry.requests()[0].header("x-amz-security-token"), Some("session"));

    let error = ecr.secret(REGISTRY, &AwsIdentity::parse("_iam_role", ROLE)).unwrap_err();
    assert_eq!((error.failure(), error.is_transient()), (Failure::PermissionDenied, false), "{error}");
    assert!(error.explained().ends_with(&format!("; check the credential stored for {REGISTRY}")), "{error}");
    assert!(error.to_string().contains(&format!("the role {ROLE} cannot be taken on")), "{error}");
}

#[test]
fn aws_in_trouble_is_told_from_aws_refusing() {
    for (reply, transient) in [
        (Reply::new as fn(u16, &'static str) -> Reply, true),
        (|_, _| denied("ThrottlingException", "Rate exceeded"), true),
        (|_, _| denied("AccessDeniedException", "not authorized to perform ecr:GetAuthorizationToken"), false),
        (|_, _| Reply::new(200, r#"{"authorizationData":[]}"#), false),
        (|_, _| Reply::new(200, r#"{"authorizationData":[{"authorizationToken":"x","expiresAt":-1e300}]}"#), false),
        (|_, _| Reply::new(302, "").with("Location", "http://127.0.0.1:1/"), false),
    ] {
        let server = Server::tcp(move |_| reply(503, ""));
        let error = Ecr::new(options(&server)).secret(REGISTRY, &keys()).unwrap_err();
        assert!(matches!(error, Error::Login { .. }));
        assert_eq!(error.is_transient(), transient, "{error}");
    }
    let nowhere = EcrOptions { ecr_endpoint: Some("http://127.0.0.1:1".into()), ..EcrOptions::default() };
    let error = Ecr::new(nowhere).secret(REGISTRY, &keys()).unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("cannot be reached"), "{error}");
    let error = Ecr::new(EcrOptions::default()).secret("docker.io", &keys()).unwrap_err();
    assert!(error.to_string().contains("it is no registry of Amazon"), "{error}");
}
