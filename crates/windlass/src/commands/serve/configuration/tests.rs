use super::*;

fn read(members: Map<String, Value>, variables: &[(&str, &str)]) -> Configuration {
    try_read(members, variables).expect("a configuration")
}

fn try_read(members: Map<String, Value>, variables: &[(&str, &str)]) -> anyhow::Result<Configuration> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("windlass.yaml");
    std::fs::write(&file, Value::Object(members).to_string()).expect("a file");
    let places = PlaceArguments { config: Some(file), ..PlaceArguments::default() };
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Configuration::read(&places, [], &variables)
}

#[test]
fn webhooks_are_read_as_the_original_has_them() {
    let file = serde_json::json!({
        "webhooks": {"webhook_user": null, "ssl_verify": false, "notification_retry_timeout": 30, "general": {"url": null},
            "policy_eval": {}, "event_log": {"url": "https://h.example/", "webhook_pass": "hunter2"}},
        "events": {"notification": {"enabled": true, "level": ["error"]}},
    });
    let url = |read: &Configuration| read.webhooks().general.as_ref().and_then(|general| general.url.clone());
    let file = members(&file);
    let plain = read(file.clone(), &[]);
    assert_eq!(url(&plain), None);
    assert!(plain.event_notifications().enabled);
    assert!(!format!("{plain:?}").contains("hunter2"), "secrets are not shown");
    let original = ("ANCHORE_WEBHOOK_DESTINATION_URL", "https://old.example/");
    assert_eq!(url(&read(file.clone(), &[original])).as_deref(), Some("https://old.example/"));
    let own = ("WINDLASS_WEBHOOKS__GENERAL__URL", "https://a.example/");
    assert_eq!(url(&read(file, &[own, original])).as_deref(), Some("https://a.example/"));
}

#[test]
fn a_text_of_the_environment_is_what_its_key_wants() {
    let some = read(
        Map::new(),
        &[
            ("WINDLASS_NOTIFICATIONS__ALLOWED_NETWORKS", "[10.1.0.0/16, 'fd00::/8']"),
            ("WINDLASS_ANALYSIS__THREADS", "2"),
            ("WINDLASS_TIMERS__IMAGE_GC", "-5"),
            ("WINDLASS_OAUTH__ENABLED", "true"),
            ("WINDLASS_VULNERABILITIES__OFFLINE", "1"),
            ("WINDLASS_ROLE", "api, worker"),
            ("WINDLASS_HOST_ID", "123"),
            ("WINDLASS_KEYS__SECRET", "12345678"),
            ("WINDLASS_WEBHOOKS__WEBHOOK_USER", "true"),
            ("WINDLASS_WEBHOOKS__WEBHOOK_PASS", "[87654321]"),
            ("WINDLASS_BASE_URL", "[half"),
        ],
    );
    assert_eq!(some.notifications.settings().expect("networks").sender.allowed_private.len(), 2);
    assert_eq!((some.analysis.threads, some.timers.get("image_gc")), (Some(2), Some(&-5)));
    assert!(some.oauth.enabled && some.vulnerabilities.offline);
    assert_eq!(some.roles().expect("roles"), RoleSet { api: true, worker: true, scheduler: false });
    assert_eq!((some.host_id.as_deref(), some.base_url.as_deref()), (Some("123"), Some("[half")));
    assert!(some.keys.token_keys().expect("a secret").is_some());
    assert_eq!(some.webhooks.webhook_user.as_deref(), Some("true"));
    assert_eq!(some.webhooks.webhook_pass.expect("a password").expose(), "[87654321]");
    for (file, variables, said) in [
        (
            serde_json::json!({}),
            [("WINDLASS_ANALYSIS__THREADS", "many")],
            "analysis.threads: invalid type: string \"many\"",
        ),
        (
            serde_json::json!({}),
            [("WINDLASS_OAUTH__ENABLED", "maybe")],
            "oauth.enabled: invalid type: string \"maybe\"",
        ),
        (
            serde_json::json!({"keys": {"secret": 12_345_678}}),
            [("WINDLASS_ROLE", "api")],
            "keys.secret: what stands there is not a string",
        ),
    ] {
        let error = try_read(members(&file), &variables).expect_err("it cannot be read").to_string();
        assert!(error.contains(said) && !error.contains("12345678"), "{error}");
    }
}

#[test]
fn what_tokens_are_signed_with_is_read_as_the_original_has_it() {
    let keys = |variables: &[(&str, &str)]| read(Map::new(), variables).keys.token_keys();
    assert!(keys(&[("ANCHORE_AUTH_SECRET", "null")]).expect("nothing is given").is_none());
    assert!(keys(&[("ANCHORE_AUTH_SECRET", "hunter2")]).expect("a secret").is_some());
    assert!(keys(&[("WINDLASS_KEYS__SECRET", "hunter2")]).expect("a secret").is_some());
    let half = keys(&[("ANCHORE_AUTH_PUBKEY", "/k.pem"), ("ANCHORE_AUTH_PRIVKEY", "null")]).expect_err("half a pair");
    assert_eq!(half.to_string(), "keys: one key of a pair is given without the other");
    let gone = [("ANCHORE_AUTH_PUBKEY", "/gone.pem"), ("ANCHORE_AUTH_PRIVKEY", "/gone.key")];
    let gone = keys(&gone).expect_err("they are not there").to_string();
    assert!(gone.contains("/gone.pem"), "{gone}");
    assert!(!format!("{:?}", read(Map::new(), &[("ANCHORE_AUTH_SECRET", "hunter2")])).contains("hunter2"));
}

fn members(file: &Value) -> Map<String, Value> {
    file.as_object().expect("an object").clone()
}

#[test]
fn the_password_of_the_administrator_comes_from_the_file_or_the_environment() {
    let password =
        |file: Value, variables: &[(&str, &str)]| read(members(&file), variables).admin_password().map(str::to_owned);
    let file = || serde_json::json!({"admin_password": "foobar"});
    assert_eq!(password(file(), &[]).as_deref(), Some("foobar"));
    let originals = ("ANCHORE_ADMIN_PASSWORD", "12345678");
    assert_eq!(password(file(), &[originals]).as_deref(), Some("12345678"));
    assert_eq!(password(file(), &[originals, ("WINDLASS_ADMIN_PASSWORD", "mine")]).as_deref(), Some("mine"));
    assert_eq!(password(serde_json::json!({}), &[("ANCHORE_ADMIN_PASSWORD", "null")]), None);
    assert_eq!(password(serde_json::json!({"default_admin_password": "old"}), &[]).as_deref(), Some("old"));
    assert!(!format!("{:?}", read(members(&file()), &[])).contains("foobar"));
}

#[test]
fn webhooks_may_stand_among_notifications_as_well() {
    let url = |read: Configuration| read.webhooks().general.as_ref().and_then(|general| general.url.clone());
    let among =
        serde_json::json!({"notifications": {"at_once": 2, "webhooks": {"general": {"url": "https://a.example/"}}}});
    assert_eq!(url(read(members(&among), &[])).as_deref(), Some("https://a.example/"));
    let variable = ("WINDLASS_NOTIFICATIONS__WEBHOOKS__GENERAL__URL", "https://b.example/");
    assert_eq!(url(read(members(&among), &[variable])).as_deref(), Some("https://b.example/"));
    let apart = serde_json::json!({"webhooks": {"general": {"url": "https://c.example/"}}});
    assert_eq!(url(read(members(&apart), &[variable])).as_deref(), Some("https://b.example/"));
    let both = members(&among).into_iter().chain(members(&apart)).collect();
    let error = try_read(both, &[]).expect_err("which of them counts?").to_string();
    assert_eq!(error, "notifications.webhooks and webhooks are the same setting, and both are given");
}

#[test]
fn a_file_of_the_original_is_read_and_what_changes_nothing_is_named() {
    let file = serde_json::json!({
        "service_dir": "${ANCHORE_SERVICE_DIR}", "tmp_dir": "/scratch", "log_level": "INFO",
        "host_id": "${ANCHORE_HOST_ID}", "allow_awsecr_iam_auto": true, "max_compressed_image_size_mb": "${ANCHORE_MAX_SIZE}",
        "keys": {"secret": "${ANCHORE_AUTH_SECRET}", "public_key_path": "${ANCHORE_AUTH_PUBKEY}"},
        "user_authentication": {"oauth": {"enabled": true, "default_token_expiration_seconds": 60}, "hashed_passwords": true},
        "credentials": {"database": {"db_connect": "postgresql://u:hunter2@db/anchore"}},
        "webhooks": {"general": {"url": "https://${ANCHORE_HOST}/hook"}},
        "timers": {"policy_bundle_sync": 5},
        "services": {
            "apiext": {"enabled": true, "port": 8228},
            "analyzer": {"max_threads": 3, "enable_hints": "yes", "cycle_timers": {"image_analyzer": 1}},
            "catalog": {
                "cycle_timers": {"image_watcher": 7200, "policy_eval": 3600}, "event_log": {"notification": {"enabled": true}},
                "object_store": {"storage_driver": {"name": "localfs", "config": {"archive_data_dir": "/a"}}},
            },
            "policy_engine": {"cycle_timers": {"feed_sync": 14400, "grypedb_sync": 60}},
        },
    });
    let variables = [("ANCHORE_MAX_SIZE", "500"), ("ANCHORE_AUTH_SECRET", "null"), ("ANCHORE_HOST", "h.example")];
    let some = read(members(&file), &variables);
    assert!(some.registries.aws_ambient_credentials && some.oauth.enabled && some.analysis.hints);
    assert_eq!((some.limits.compressed_image_size_mb, some.oauth.expiration_seconds), (Some(500), Some(60)));
    assert_eq!((some.analysis.threads, some.events.notification.enabled), (Some(3), true));
    assert_eq!(
        some.webhooks.general.as_ref().and_then(|general| general.url.as_deref()),
        Some("https://h.example/hook")
    );
    assert_eq!(some.timers, BTreeMap::from([("image_watcher".to_owned(), 7200), ("feed_sync".to_owned(), 14400)]));
    assert_eq!(some.objects().expect("a place").place(), "fs:/a");
    assert!(some.keys.token_keys().expect("no key").is_none() && some.host_id.is_none());
    assert_eq!(
        some.unheeded,
        [
            "settings of Anchore Engine that there is nothing like here are ignored: credentials.database.db_connect, \
             log_level, service_dir, services.apiext.enabled, \
             services.apiext.port, services.analyzer.cycle_timers.image_analyzer, services.catalog.cycle_timers.policy_eval, \
             services.policy_engine.cycle_timers.grypedb_sync, timers.policy_bundle_sync, tmp_dir, \
             user_authentication.hashed_passwords",
            "settings are left out whose variables are not set: host_id, keys.public_key_path",
        ]
    );
}

#[test]
fn a_key_that_is_neither_ours_nor_the_originals_is_an_error_that_names_what_is_near_it() {
    for (file, said, hint) in [
        (serde_json::json!({"analisis": {"threads": 2}}), "no setting \"analisis\"", "did you mean analysis?"),
        (serde_json::json!({"notifications": {"templates": 2}}), "no setting \"notifications.templates\"", EVERYTHING),
    ] {
        let error = try_read(members(&file), &[]).expect_err("it is unknown");
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(crate::diagnostics::advice(&error).as_deref(), Some(hint));
    }
}

#[test]
fn the_form_of_the_log_is_not_taken_for_how_much_is_logged() {
    let read = read(Map::new(), &[("WINDLASS_LOG", "debug"), ("WINDLASS_LOG_FORMAT", "json")]);
    assert_eq!(read.log_format(), LogFormat::Json);
}

#[test]
fn documents_have_one_place_by_whichever_name_a_file_has_it() {
    let driver = |folder: &str| serde_json::json!({"name": "localfs", "config": {"archive_data_dir": folder}});
    let store = |folder: &str| serde_json::json!({"storage_driver": driver(folder)});
    let names = [
        ("objects", serde_json::json!({"objects": "fs:/a"})),
        ("object_store", serde_json::json!({"object_store": store("/a")})),
        ("archive", serde_json::json!({"archive": {"dry_run": true, "storage_driver": driver("/a")}})),
        ("archive_driver", serde_json::json!({"archive_driver": "localfs", "archive_data_dir": "/a"})),
    ];
    for (at, (one, file)) in names.iter().enumerate() {
        let alone = read(members(file), &[]);
        assert_eq!(alone.objects().expect("a place").place(), "fs:/a", "{one}");
        assert_eq!(alone.archive_objects().expect("a place").place(), "fs:/a/archive", "{one}");
        for (other, more) in &names[at + 1..] {
            let both = members(file).into_iter().chain(members(more)).collect();
            let error = read(both, &[]).objects().expect_err("it is named twice");
            assert_eq!(error.to_string(), format!("{one} and {other} name the same place twice"));
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("archive")).expect("a folder");
    let was = format!("fs:{}", folder.path().display());
    let moving = serde_json::json!({"objects": "fs:/a", "previous_objects": was});
    let former = |more: Value| {
        let both = members(&moving).into_iter().chain(members(&more)).collect();
        let previous = read(both, &[]).previous_objects().expect("places");
        previous.map(|place| place.map(|place| place.place().replace(&was, "OLD")))
    };
    let [old, beside] = ["OLD", "OLD/archive"].map(|place| Some(place.to_owned()));
    assert_eq!(former(serde_json::json!({})), [old.clone(), beside.clone()], "the archive was where documents were");
    let named = serde_json::json!({"previous_archive_objects": "fs:/b"});
    assert_eq!(former(named), [old.clone(), Some("fs:/b".to_owned())]);
    let stays = serde_json::json!({"archive_objects": format!("{was}/archive/")});
    assert_eq!(former(stays), [old.clone(), None], "nothing is moved from a place to itself");
    std::fs::remove_dir(folder.path().join("archive")).expect("it is empty");
    assert_eq!(former(serde_json::json!({})), [old, None], "an archive that never was need not be looked for");
    let rules = read(members(&serde_json::json!({"archive": {"dry_run": true}, "data_dir": "/d"})), &[]);
    assert!(rules.archive.is_dry_run());
    assert_eq!(rules.objects().expect("a place").place(), "fs:/d/objects", "rules name no place");
}

#[test]
fn a_value_that_no_start_would_take_as_it_is_is_refused_with_key_reason_and_remedy() {
    let check = |document: Value| {
        let folder = tempfile::tempdir().expect("a folder");
        let mut members = members(&document);
        members.insert("data_dir".to_owned(), folder.path().display().to_string().into());
        read(members, &[]).check()
    };
    for (document, reason, remedy) in [
        (serde_json::json!({"storage": {"grace_minutes": 5}}), "storage.grace_minutes is 5", "10 or more"),
        (
            serde_json::json!({"storage": {"grace_minutes": i64::MAX}}),
            "storage.grace_minutes is 9223372036854775807",
            "52560000 or less",
        ),
        (
            serde_json::json!({"storage": {"timeout_seconds": u64::MAX}}),
            "storage.timeout_seconds is 1844",
            "3153600000 or less",
        ),
        (
            serde_json::json!({"storage": {"transfer_timeout_seconds": u64::MAX}}),
            "must be 3153600000 or less",
            "or less",
        ),
        (
            serde_json::json!({"notifications": {"give_up_hours": u64::MAX}}),
            "notifications.give_up_hours is",
            "876000 or less",
        ),
        (
            serde_json::json!({"notifications": {"disable_after_hours": u64::MAX}}),
            "disable_after_hours is",
            "876000 or less",
        ),
        (
            serde_json::json!({"oauth": {"expiration_seconds": u64::MAX}}),
            "oauth.expiration_seconds is",
            "3153600000 or less",
        ),
        (serde_json::json!({"storage": {"attempts": 0}}), "storage.attempts is 0", "1 or more"),
        (serde_json::json!({"analysis": {"threads": 0}}), "analysis.threads is 0", "1 or more"),
        (serde_json::json!({"notifications": {"at_once": 0}}), "notifications.at_once is 0", "1 or more"),
        (
            serde_json::json!({"base_url": "not a url"}),
            "base_url is \"not a url\", which is no address",
            "https://host",
        ),
        (serde_json::json!({"base_url": "ftp://host"}), "base_url is \"ftp://host\"", "https://host"),
        (serde_json::json!({"base_url": "http://u:hunter2@host"}), "holds a user name", "https://host"),
        (
            serde_json::json!({"webhooks": {"general": {"url": "notaurl"}}}),
            "webhooks.general.url: ",
            "https://host/path",
        ),
        (serde_json::json!({"timers": {"imag_watcher": 5}}), "no timer \"imag_watcher\"", "timers.image_watcher?"),
        (
            serde_json::json!({"timers": {"image_watcher": 5}}),
            "must be from 300 to 604800 seconds",
            "0 to switch it off",
        ),
    ] {
        let error = check(document.clone()).expect_err("it cannot be used");
        let hint = crate::diagnostics::advice(&error).unwrap_or_default();
        assert!(error.to_string().contains(reason) && hint.contains(remedy), "{document}: {error}; {hint}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let sound = serde_json::json!({
        "storage": {"grace_minutes": 10}, "base_url": "https://windlass.example:8228", "analysis": {"threads": 1},
        "webhooks": {"general": {"url": null}}, "timers": {"image_watcher": 300, "feed_sync": 0, "image_gc": -1},
    });
    check(sound).expect("nothing is wrong with it");
}

#[test]
fn the_documents_list_every_timer_with_its_default_and_range() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/service.md");
    let page = std::fs::read_to_string(page).expect("it is part of the repository");
    let (_, section) = page.split_once("### Timers\n").expect("it has a section on timers");
    let rows: Vec<&str> = section
        .lines()
        .skip_while(|line| !line.starts_with("| `"))
        .take_while(|line| line.starts_with("| `"))
        .collect();
    let told: Vec<String> = rows.iter().filter_map(|row| Some(row.rsplit_once(" | ")?.0.to_owned())).collect();
    let known: Vec<String> = windlass_operations::timers()
        .map(|timer| format!("| `{}` | `{}` | `{}` to `{}`", timer.name, timer.default, timer.range.0, timer.range.1))
        .collect();
    assert_eq!(told, known);
}
