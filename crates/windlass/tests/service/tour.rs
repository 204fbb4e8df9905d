//! A walk through every command of a client, in the order in which a team meets them.

use std::{collections::BTreeMap, process::Command};

use serde_json::{Value, json};

use crate::{
    hub::Hub,
    place::{Done, PASSWORD, Place},
    receivers::Hooks,
};

/// What is beside the service: a receiver of its webhooks, and a hub of bundles.
pub(crate) struct Sights {
    hooks: Hooks,
    hub: Hub,
}

impl Sights {
    /// Lets the service know of the receiver.
    pub(crate) fn around(place: &mut Place) -> Self {
        let hooks = Hooks::start();
        let url = format!("http://{}/<notification_type>/<userId>", hooks.address);
        let general = json!({"general": {"url": url}});
        let settings = json!({"webhooks": general, "notifications": {"allowed_networks": ["127.0.0.0/8"]}});
        place.write("windlass.yaml", &settings.to_string());
        place.restart_with(&[("WINDLASS_CONFIG", "windlass.yaml")]);
        let location = "bundles/a.json";
        let entry = json!({"type": "bundle", "name": "hubbed", "description": "No shells", "location": location});
        let index = json!({"name": "hub", "content": [entry]});
        let hub = Hub::start(&[("/index.json", index.to_string()), ("/bundles/a.json", bundle("hubbed"))]);
        Self { hooks, hub }
    }
}

/// A bundle that stops everything with a shell.
fn bundle(id: &str) -> String {
    let rule = json!({"id": "r", "gate": "packages", "trigger": "blacklist", "action": "STOP",
        "params": [{"name": "name", "value": "bash"}]});
    json!({
        "id": id, "name": id, "version": "1_0", "whitelists": [],
        "policies": [{"id": "p", "name": "No shells", "version": "1_0", "rules": [rule]}],
        "mappings": [{"id": "m", "name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
            "policy_id": "p", "whitelist_ids": []}],
    })
    .to_string()
}

/// A word that sets a variable, as those before a command do in a shell.
fn setting(word: &str) -> Option<(&str, &str)> {
    word.split_once('=').filter(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

/// Whether a step sets that variable.
pub(crate) fn sets(step: &str, name: &str) -> bool {
    step.split(' ').map_while(setting).any(|(set, _)| set == name)
}

/// Somebody on the way.
pub(crate) struct Tour<'a> {
    place: &'a Place,
    program: &'a dyn Fn() -> Command,
    /// What `{name}` stands for.
    names: BTreeMap<&'static str, String>,
    /// Every command that was given.
    walked: Vec<String>,
    wrong: Vec<String>,
}

impl<'a> Tour<'a> {
    /// Of a client that is made by this function.
    pub(crate) fn new(place: &'a Place, program: &'a dyn Fn() -> Command) -> Self {
        let registry = &place.registry.address;
        let names = BTreeMap::from([
            ("service", format!("{}/v1", place.url)),
            ("registry", registry.clone()),
            ("small", format!("{registry}/test/small:latest")),
            ("big", format!("{registry}/test/big:v1")),
            ("alpine", format!("{registry}/docker.io/library/alpine")),
        ]);
        Self { place, program, names, walked: Vec::new(), wrong: Vec::new() }
    }

    fn spelt(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    fn run(&mut self, words: &str, answer: &str) -> Done {
        let mut command = (self.program)();
        command.env("ANCHORE_CLI_URL", format!("{}/v1", self.place.url));
        command.env("ANCHORE_CLI_USER", "admin").env("ANCHORE_CLI_PASS", PASSWORD);
        self.walked.push(words.to_owned());
        let spelt = self.spelt(words);
        let mut words = spelt.split_whitespace().peekable();
        while let Some((name, value)) = words.peek().and_then(|word| setting(word)) {
            command.env(name, value);
            words.next();
        }
        self.place.run_answering(command.args(words), answer)
    }

    /// A command, behind variables that it is given, that ends with this code, and says all of this.
    pub(crate) fn step(&mut self, words: &str, exit: i32, says: &[&str]) {
        self.answer("", words, exit, says);
    }

    /// The same of a command that asks something, and is answered so.
    fn answer(&mut self, answer: &str, words: &str, exit: i32, says: &[&str]) {
        let done = self.run(words, answer);
        let missing: Vec<_> =
            says.iter().map(|said| self.spelt(said)).filter(|said| !done.said.contains(said)).collect();
        let broken = ["WARNING: failed", "Traceback", "panicked"].iter().find(|sign| done.said.contains(**sign));
        if done.exit != exit || !missing.is_empty() || broken.is_some() {
            let said: String = done.said.chars().take(1500).collect();
            self.wrong.push(format!(
                "$ {} -> {} for {exit}; missing {missing:?}\n{said}",
                self.spelt(words),
                done.exit
            ));
        }
    }

    /// Names what is found at a place of the document that a command prints.
    pub(crate) fn learn(&mut self, name: &'static str, words: &str, pointer: &str) {
        let done = self.run(words, "");
        let document: Value = serde_json::from_str(&done.out).unwrap_or_default();
        match document.pointer(pointer).and_then(Value::as_str) {
            Some(value) => drop(self.names.insert(name, value.to_owned())),
            None => self.wrong.push(format!("$ {words}: nothing at {pointer}\n{}", done.said)),
        }
    }

    /// The same of the member of that record in a list that has these values.
    fn learn_of(&mut self, record: &[(&str, &str)], name: &'static str, words: &str, member: &str) {
        let done = self.run(words, "");
        let list: Vec<Value> = serde_json::from_str(&done.out).unwrap_or_default();
        let is_it = |one: &&Value| record.iter().all(|(key, value)| one[key] == self.spelt(value));
        match list.iter().find(is_it).and_then(|one| one[member].as_str()) {
            Some(value) => drop(self.names.insert(name, value.to_owned())),
            None => self.wrong.push(format!("$ {words}: no {record:?}\n{}", done.said)),
        }
    }

    /// What a name stands for.
    pub(crate) fn named(&self, name: &str) -> &str {
        &self.names[name]
    }

    /// Every command that was given so far.
    pub(crate) fn walked(&self) -> &[String] {
        &self.walked
    }

    /// The whole way.
    pub(crate) fn walk(&mut self, sights: &Sights) {
        self.names.insert("hub", sights.hub.url.clone());
        self.arrive();
        self.add_images();
        self.say_where_and_who();
        self.look_into_an_image();
        self.judge();
        self.manage_policies();
        self.visit_the_hub();
        self.subscribe();
        self.watch_repositories();
        self.look_after_registries();
        self.query();
        self.read_events();
        self.manage_accounts();
        self.archive();
        self.look_after_the_feeds();
        self.look_after_the_service(&sights.hooks);
        self.knock_where_nobody_is();
        self.leave();
    }

    /// Fails if any step went wrong, and says which.
    pub(crate) fn end(self) {
        assert!(self.wrong.is_empty(), "{} steps went wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
    }

    fn arrive(&mut self) {
        self.step("help", 0, &["image", "policy", "subscription"]);
        self.step("system errorcodes", 0, &["REGISTRY_PERMISSION_DENIED", "IMAGE_NOT_FOUND"]);
        self.step("--u nobody --p wrong1 image list", 2, &["Unauthorized"]);
    }

    fn add_images(&mut self) {
        self.step("image get {small}", 1, &["404"]);
        self.step("registry add {registry} u p --insecure --skip-validate", 0, &["Registry: {registry}", "User: u"]);
        self.place.write("Dockerfile", "FROM debian:12\nRUN true\n");
        let add = "image add {small} --dockerfile Dockerfile --annotation team=red";
        self.step(add, 0, &["Image Digest: sha256:", "Full Tag: {small}", "team=red"]);
        self.step("image wait {small} --timeout 120 --interval 1", 0, &["Analysis Status: analyzed", "Distro: debian"]);
        self.step("image add {big} --noautosubscribe", 0, &["Full Tag: {big}"]);
        self.step("image wait {big} --timeout 120 --interval 1", 0, &["Analysis Status: analyzed"]);
        self.step("image add {big} --noautosubscribe --force", 0, &["Full Tag: {big}"]);
        self.step("image wait {big} --timeout 120 --interval 1", 0, &["Analysis Status: analyzed"]);
        self.step("image add {registry}/test/none:1", 1, &["cannot fetch image digest/manifest from registry"]);
        self.learn("digest", "--json image get {small}", "/0/imageDigest");
        self.learn("id", "--json image get {small}", "/0/image_detail/0/imageId");
        self.learn("bigdigest", "--json image get {big}", "/0/imageDigest");
        for list in ["image list", "image list --full", "image list --show-all"] {
            self.step(list, 0, &["{small}", "{big}", "analyzed"]);
        }
        self.step("image get {digest}", 0, &["Full Tag: {small}", "Dockerfile Mode: Actual"]);
        self.step("image get {id} --show-history", 0, &["Image Digest: {digest}"]);
    }

    /// All that is said before the group, or in the environment.
    fn say_where_and_who(&mut self) {
        self.step("--version", 0, &["0."]);
        for how in ["--debug", "ANCHORE_CLI_DEBUG=y"] {
            self.step(&format!("{how} image list"), 0, &["{small}", "/v1/images"]);
        }
        for how in ["--api-version 0.1.20", "ANCHORE_CLI_API_VERSION=0.1.20", "--insecure", "ANCHORE_CLI_SSL_VERIFY=n"]
        {
            self.step(&format!("{how} image list"), 0, &["{small}"]);
        }
        self.step("ANCHORE_CLI_NO_FDS_CLEANUP=y image list", 0, &["{small}"]);
        self.step("ANCHORE_CLI_JSON=y image list", 0, &["\"imageDigest\": \"{digest}\""]);
        for how in ["--url http://127.0.0.1:1/v1", "ANCHORE_CLI_URL=http://127.0.0.1:1/v1"] {
            self.step(&format!("{how} image list"), 2, &["127.0.0.1"]);
        }
        self.step("ANCHORE_CLI_URL=http://127.0.0.1:1/v1 --url {service} image list", 0, &["{small}"]);
        for who in ["ANCHORE_CLI_USER=nobody", "ANCHORE_CLI_PASS=wrong1"] {
            self.step(&format!("{who} image list"), 2, &["Unauthorized"]);
        }
        for whose in ["--as-account nowhere", "ANCHORE_CLI_ACCOUNT=nowhere"] {
            self.step(&format!("{whose} image list"), 1, &["404"]);
        }
        let hub = format!("default:\n  ANCHORE_CLI_HUB_URL: {}\n", self.names["hub"]);
        self.place.write("credentials.yaml", &hub);
        for how in ["ANCHORE_CLI_HUB_URL={hub}", "ANCHORE_CLI_CONFIG=credentials.yaml"] {
            self.step(&format!("{how} policy hub list"), 0, &["hubbed"]);
        }
        self.step("--config credentials.yaml image list", 0, &["{small}"]);
    }

    fn look_into_an_image(&mut self) {
        let kinds = ["os", "files", "npm", "gem", "python", "java", "binary", "go", "malware"];
        self.step("image content {big}", 0, &kinds.map(|kind| -> &str { kind }));
        self.step("image content {big} os", 0, &["bash", "5.2.15-2+b13", "libssl3"]);
        self.step("image content {big} files", 0, &["/etc/passwd"]);
        self.step("image content {big} npm", 0, &["lodash", "4.17.15"]);
        self.step("image content {big} python", 0, &["flask", "0.12"]);
        self.step("image content {big} java", 0, &["hello", "1.2.3", "/opt/app/hello-1.2.3.jar"]);
        for kind in ["gem", "binary", "go", "malware"] {
            self.step(&format!("--json image content {{big}} {kind}"), 0, &["\"content\": []", kind]);
        }
        self.step("image content {big} bogus", 1, &["bogus"]);
        self.step("image metadata {big}", 0, &["manifest", "docker_history", "dockerfile"]);
        self.step("image metadata {small} manifest", 0, &["Metadata Type: manifest", "schemaVersion"]);
        self.step("image metadata {small} docker_history", 0, &["Metadata Type: docker_history"]);
        self.step("image metadata {small} dockerfile", 0, &["Metadata Type: dockerfile", "FROM debian:12"]);
        self.step("image vuln {big}", 0, &["os: available", "non-os: available", "all: available"]);
        self.step("image vuln {big} os", 0, &["CVE-2099-0001", "libssl3-3.0.22-1~deb12u2", "3.0.99-1"]);
        self.step("image vuln {big} non-os", 0, &["GHSA-p6mc-m468-83gw", "lodash-4.17.15", "4.17.19"]);
        self.step("image vuln {bigdigest} all --vendor-only false", 0, &["CVE-2099-0001", "GHSA-p6mc-m468-83gw"]);
    }

    fn judge(&mut self) {
        self.step("evaluate check {small}", 1, &["Status: fail", "Image Digest: {digest}", "Full Tag: {small}"]);
        let detail = ["Final Action: stop", "vulnerabilities", "libssl3", "CVE-2099-0001", "stop"];
        self.step("evaluate check {small} --detail", 1, &detail);
        self.step("evaluate check {digest} --tag {small} --show-history", 1, &["Status: fail"]);
        self.step("--json evaluate check {small}", 1, &["\"status\": \"fail\"", "{digest}"]);
        self.step("image add {alpine}:latest", 0, &["Full Tag: {alpine}:latest"]);
        self.step("image wait {alpine}:latest --timeout 120 --interval 1", 0, &["Analysis Status: analyzed"]);
        self.step("evaluate check {alpine}:latest --detail", 0, &["Status: pass", "Final Action: warn", "HEALTHCHECK"]);
        self.step("evaluate check {registry}/no/image:1", 2, &[]);
    }

    fn manage_policies(&mut self) {
        let default = "2c53a13c-1765-11e8-82ef-23527761d060";
        self.step("policy list", 0, &[default, "True"]);
        self.step(&format!("policy get {default}"), 0, &[default, "Active: True"]);
        self.step(&format!("policy get {default} --detail"), 0, &["\"whitelists\""]);
        self.place.write("strict.json", &bundle("strict"));
        self.place.write("wrong.json", &bundle("strict").replace("blacklist\"", "bogus\""));
        self.step("policy add strict.json", 0, &["Policy ID: strict", "Active: False"]);
        self.step("policy add wrong.json", 1, &["bogus"]);
        self.step("evaluate check {small} --policy strict --detail", 1, &["Status: fail", "blacklist", "stop"]);
        self.step("policy activate strict", 0, &["Success: strict activated"]);
        self.step("evaluate check {small}", 1, &["Status: fail"]);
        self.step("policy del strict", 1, &["409"]);
        self.step(&format!("policy activate {default}"), 0, &["activated"]);
        self.step("policy del strict", 0, &["Success"]);
        self.step("policy get strict", 1, &["404"]);
        self.step("policy describe", 0, &["vulnerabilities", "secret_scans"]);
        self.step("policy describe --all", 0, &["vulnerabilities", "secret_scans"]);
        self.step("policy describe --gate vulnerabilities", 0, &["package", "stale_feed_data"]);
        self.step("policy describe --gate vulnerabilities --trigger package", 0, &["severity_comparison"]);
    }

    fn visit_the_hub(&mut self) {
        self.step("--hub-url {hub} policy hub list", 0, &["hubbed", "No shells"]);
        self.step("--hub-url {hub} policy hub get hubbed", 0, &["Policy Bundle ID: hubbed", "Policy Name: No shells"]);
        self.step("--hub-url {hub} policy hub get none", 2, &["none"]);
        self.step("--hub-url {hub} policy hub install hubbed", 0, &["Policy ID: hubbed"]);
        self.step("--hub-url {hub} policy hub install hubbed", 2, &["hubbed"]);
        self.step("--hub-url {hub} policy hub install hubbed --force", 0, &["Policy ID: hubbed"]);
        self.step("--hub-url {hub} policy hub install hubbed --target-id mine", 0, &["Policy ID: mine"]);
        self.step("policy get hubbed --detail", 0, &["No shells"]);
        self.step("policy del mine", 0, &["Success"]);
        self.step("policy del hubbed", 0, &["Success"]);
    }

    fn subscribe(&mut self) {
        self.step("subscription list", 0, &["{small}", "tag_update", "True"]);
        self.step("subscription activate vuln_update {small}", 0, &["Success"]);
        self.step("subscription activate policy_eval {small}", 0, &["Success"]);
        self.step("subscription list --full", 0, &["vuln_update", "policy_eval"]);
        self.step("subscription deactivate vuln_update {small}", 0, &["Success"]);
        self.step("subscription activate bogus {small}", 2, &[]);
        self.learn("subscription", "--json subscription list", "/0/subscription_id");
        self.step("subscription get {subscription}", 0, &["{subscription}"]);
        let record = [("subscription_type", "vuln_update"), ("subscription_key", "{small}")];
        self.learn_of(&record, "unwanted", "--json subscription list", "subscription_id");
        self.step("subscription del {unwanted}", 0, &["Success"]);
        self.step("--json subscription get {unwanted}", 0, &["[]"]);
    }

    fn watch_repositories(&mut self) {
        self.step("repo add {alpine} --noautosubscribe --dryrun --lookuptag latest", 0, &["{alpine}", "2"]);
        self.step("repo add {alpine} --noautosubscribe", 0, &["{alpine}", "True"]);
        self.step("repo list", 0, &["{alpine}"]);
        self.step("repo unwatch {alpine}", 0, &["{alpine}", "False"]);
        self.step("repo watch {alpine}", 0, &["{alpine}", "True"]);
        self.step("repo get {alpine}", 0, &["{alpine}", "True"]);
        self.step("repo unwatch {alpine}", 0, &["{alpine}", "False"]);
        self.step("repo del {alpine}", 0, &["Success"]);
    }

    fn look_after_registries(&mut self) {
        self.step("registry add {registry} u p --insecure --skip-validate", 2, &["already exists"]);
        self.step("registry update {registry} v q --insecure --skip-validate", 0, &["User: v"]);
        let named = "--skip-validate --registry-type docker_v2 --registry-name own";
        self.step(&format!("registry update {{registry}} v q --insecure {named}"), 0, &["own"]);
        self.step("registry get {registry}", 0, &["Registry: {registry}", "Verify TLS: False"]);
        self.step("registry list", 0, &["{registry}", "docker_v2"]);
        let add = "registry add r.example x y --skip-validate --registry-name spare --registry-type docker_v2";
        self.step(add, 0, &["spare", "docker_v2"]);
        self.step("registry del r.example", 0, &["Success"]);
    }

    fn query(&mut self) {
        let by = "query images-by-vulnerability --vulnerability-id CVE-2099-0001";
        self.step(by, 0, &["{small}", "{big}", "libssl3-3.0.22-1~deb12u2"]);
        self.step(&format!("{by} --namespace debian:12 --severity High --package openssl"), 0, &["{big}", "openssl"]);
        self.step(&format!("{by} --vendor_only"), 0, &["{small}", "{big}"]);
        self.step("query images-by-package --name bash", 0, &["{small}", "bash-5.2.15-2+b13", "dpkg"]);
        self.step("query images-by-package --name lodash --version 4.17.15 --package-type npm", 0, &["{big}"]);
    }

    fn read_events(&mut self) {
        self.step("event list", 0, &["user.image.analysis.completed", "{small}", "user.policy.active.updated"]);
        self.step("event list --level error", 0, &["registry_lookup_failed"]);
        self.step("event list --full --all", 0, &["user.image.analysis.completed"]);
        self.step("event list --event_type user.image.analysis.completed {small}", 0, &["{small}"]);
        let all = "event list --since 2020-01-01T00:00:00Z --before 2099-01-01T00:00:00Z --service analyzer --host host-0 \
                   --resource_type image_tag";
        self.step(all, 0, &["user.image.analysis.completed", "{small}"]);
        self.learn("event", "--json event list", "/results/0/generated_uuid");
        self.step("event get {event}", 0, &["level:", "type:"]);
        self.step("event delete {event}", 0, &[]);
        self.step("event get {event}", 1, &["404"]);
        self.step("event delete --before 2020-01-01T00:00:00Z", 0, &["No matching events found"]);
        self.step("event delete --since 2099-01-01T00:00:00Z", 0, &["No matching events found"]);
        self.step("event delete", 2, &[]);
        self.answer("n\n", "event delete --all", 0, &[]);
        self.step("event list --all", 0, &["user.image.analysis.completed"]);
        self.step("event delete --all --dontask", 0, &["Deleted"]);
    }

    fn manage_accounts(&mut self) {
        self.step("account whoami", 0, &["Username: admin", "AccountName: admin"]);
        self.step("account add team --email team@example.org", 0, &["Name: team", "Email: team@example.org"]);
        self.step("account add team", 1, &["400"]);
        self.step("account list", 0, &["admin", "team"]);
        self.step("account get team", 0, &["State: enabled"]);
        self.step("account user add --account team alice wonderland", 0, &["Name: alice"]);
        self.step("account user list --account team", 0, &["alice", "native"]);
        self.step("account user get --account team alice", 0, &["Name: alice"]);
        self.step("account user setpassword --account team --username alice looking-glass", 0, &[]);
        self.step("--u alice --p wonderland account whoami", 2, &["Unauthorized"]);
        self.step("--u alice --p looking-glass account whoami", 0, &["Username: alice", "AccountName: team"]);
        self.step("--u alice --p looking-glass image list", 0, &[]);
        self.step("--u alice --p looking-glass account list", 1, &["403"]);
        self.step("--as-account team policy list", 0, &["2c53a13c-1765-11e8-82ef-23527761d060"]);
        self.step("account del --dontask team", 1, &["Invalid account state change requested"]);
        self.step("account disable team", 0, &["Success"]);
        self.step("account enable team", 0, &["Success"]);
        self.step("account user del --account team alice", 0, &["Success"]);
        self.step("account disable team", 0, &["Success"]);
        self.step("account del --dontask team", 0, &["Success"]);
    }

    fn archive(&mut self) {
        self.step("analysis-archive images add {bigdigest}", 0, &["{bigdigest}", "archived"]);
        self.step("analysis-archive images list", 0, &["{bigdigest}", "{big}", "archived"]);
        self.step("analysis-archive images get {bigdigest}", 0, &["{bigdigest}"]);
        self.step("analysis-archive images restore {bigdigest}", 1, &["409"]);
        self.step("image del {big} --force", 0, &["Success"]);
        self.step("analysis-archive images restore {bigdigest}", 0, &["{bigdigest}"]);
        self.step("image wait {big} --timeout 60 --interval 1", 0, &["Analysis Status: analyzed"]);
        self.step("image vuln {big} os", 0, &["CVE-2099-0001"]);
        self.step("analysis-archive images del {bigdigest} --force", 0, &[]);
        self.step("analysis-archive rules add 10 2 archive", 0, &["10", "2", "archive"]);
        self.step("analysis-archive rules list", 0, &["archive"]);
        self.learn("rule", "--json analysis-archive rules list", "/0/rule_id");
        self.step("analysis-archive rules get {rule}", 0, &["{rule}"]);
        self.step("analysis-archive rules del {rule}", 0, &[]);
        self.make_rules();
    }

    fn make_rules(&mut self) {
        let select = "--registry-selector r.example --repository-selector team/* --tag-selector v*";
        let exclude = "--registry-exclude q.example --repository-exclude team/x --tag-exclude v1";
        let exclude = format!("{exclude} --exclude-expiration-days 30");
        let says = ["r.example", "team/*", "v*", "q.example", "team/x", "v1", "30"];
        self.step(&format!("analysis-archive rules add 30 1 delete {select} {exclude}"), 0, &says);
        self.learn("rule", "--json analysis-archive rules list", "/0/rule_id");
        self.step("analysis-archive rules del {rule}", 0, &[]);
        self.step("analysis-archive rules add 30 1 archive --is-global", 0, &["True"]);
        self.learn("rule", "--json analysis-archive rules list", "/0/rule_id");
        self.step("analysis-archive rules del {rule}", 0, &[]);
        let limit = "analysis-archive rules add 30 1 archive --max-images-per-account 4321";
        self.step(limit, 2, &[]);
        self.step(&format!("{limit} --is-global --tag-selector v1"), 2, &[]);
        self.step(&format!("{limit} --is-global"), 0, &["4321", "True"]);
        self.learn("rule", "--json analysis-archive rules list", "/0/rule_id");
        self.step("analysis-archive rules del {rule}", 0, &[]);
        self.answer("n\n", "analysis-archive rules add 0 0 archive", 0, &[]);
        self.step("--json analysis-archive rules list", 0, &["[]"]);
    }

    fn look_after_the_feeds(&mut self) {
        self.step("system feeds list", 0, &["vulnerabilities", "debian:12"]);
        self.step("system feeds config vulnerabilities --group debian:12 --disable", 1, &["501"]);
        self.step("system feeds config nvdv2 --disable", 1, &["nvdv2"]);
        self.step("system feeds config none --enable", 1, &["404"]);
        self.step("system feeds config vulnerabilities --disable", 0, &["vulnerabilities(disabled)"]);
        self.step("system feeds config vulnerabilities --enable", 0, &["vulnerabilities "]);
        self.answer("n\n", "system feeds sync", 0, &[]);
        self.answer("y\n", "system feeds sync --flush", 0, &["vulnerabilities", "debian:12", "success"]);
        // The data of all sources is one database.
        self.step("system feeds delete vulnerabilities", 1, &["501"]);
        self.step("system feeds delete vulnerabilities --group debian:12", 1, &["501"]);
        self.step("system feeds delete nvdv2", 1, &["nvdv2"]);
    }

    fn look_after_the_service(&mut self, hooks: &Hooks) {
        self.step("system wait --timeout 60 --interval 1", 0, &[]);
        let ready = "--feedsready vulnerabilities --servicesready apiext,catalog";
        self.step(&format!("system wait --timeout 60 --interval 1 {ready}"), 0, &[]);
        self.step("system status", 0, &["apiext", "catalog", "policy_engine", "simplequeue", "analyzer", "up"]);
        self.step("system del nowhere analyzer", 1, &["404"]);
        self.step("system webhook test", 0, &["Success"]);
        self.step("system webhook test general --ntype policy_eval", 0, &["Success"]);
        self.step("system webhook test tag_update", 1, &["400"]);
        let posted = hooks.posted("/test/admin");
        let told: Vec<&Value> = posted.iter().map(|(_, _, body)| &body["data"]["notification_type"]).collect();
        if told != ["tag_update", "policy_eval"] {
            self.wrong.push(format!("the webhook was told of {told:?}"));
        }
    }

    /// What needs another edition of the original.
    fn knock_where_nobody_is(&mut self) {
        for verb in ["list", "get a", "delete a", "add --match package=a --package_type java --replace cpes=b"] {
            self.step(&format!("enterprise corrections {verb}"), 2, &[]);
        }
    }

    fn leave(&mut self) {
        self.step("image del {small}", 1, &["cannot delete image"]);
        self.step("image del {small} --force", 0, &["Success"]);
        self.step("image del --all --force", 0, &["{alpine}:latest"]);
        self.step("image get {small}", 1, &["404"]);
        self.step("image get {registry}/never/there:1", 1, &["404"]);
        self.step("registry del {registry}", 0, &["Success"]);
    }
}
