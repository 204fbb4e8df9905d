//! Gate `dockerfile` (`spec/policy.md` §4.2).

use crate::{
    Arguments, Check, Context, Failure, Gate, Kind, Parameter, Trigger,
    dockerfile::{Dockerfile, Instruction},
    gate::{Inputs, Origin, State},
    pytext,
    text_check::TextCheck,
};

pub(super) const GATE: Gate = Gate {
    name: "dockerfile",
    description: "What the image was built with: its Dockerfile where one was given to the analysis, else the \
                  instructions told from the image's history.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[
        Trigger {
            name: "instruction",
            description: "Fires for each instruction of one kind that meets a condition.",
            parameters: &[
                Parameter::new("instruction", Kind::OneOf(INSTRUCTIONS), "The kind of instruction.")
                    .required()
                    .example("from"),
                Parameter::new(
                    "check",
                    Kind::OneOf(&["=", "!=", "exists", "not_exists", "like", "not_like", "in", "not_in"]),
                    "The condition on what follows the instruction's word. `like` is a regular expression that is \
                     matched at the start, `in` a list separated by commas. Only `not_exists` fires where there is no \
                     such instruction.",
                )
                .key("operator")
                .required()
                .example("="),
                Parameter::new(
                    "value",
                    Kind::Text,
                    "What to compare with; without it, only `exists` and `not_exists` ever fire.",
                )
                .key("compare_to")
                .example("scratch"),
                ACTUAL_ONLY,
            ],
            reads: Inputs::DOCKERFILE,
            origin: Origin::Original,
            compile: instruction,
        },
        Trigger {
            name: "effective_user",
            description: "Fires if the image runs as a user that is denied or not allowed: the last `USER`, else root.",
            parameters: &[
                Parameter::new("users", Kind::Text, "Names or numbers of users, separated by commas, as written.")
                    .key("user")
                    .required()
                    .example("root,docker"),
                Parameter::new("type", ALLOW_OR_DENY, "Whether the users are the only ones allowed, or denied.")
                    .key("allowed_type")
                    .required()
                    .example("blacklist"),
            ],
            reads: Inputs::DOCKERFILE,
            origin: Origin::Original,
            compile: effective_user,
        },
        Trigger {
            name: "exposed_ports",
            description: "Fires for each exposed port that is denied or not allowed.",
            parameters: &[
                Parameter::new("ports", Kind::Numbers, "Port numbers, each for TCP and UDP.")
                    .required()
                    .example("80,8080,8088"),
                Parameter::new("type", ALLOW_OR_DENY, "Whether the ports are the only ones allowed, or denied.")
                    .key("allowed_type")
                    .required()
                    .example("blacklist"),
                ACTUAL_ONLY,
            ],
            reads: Inputs::DOCKERFILE,
            origin: Origin::Original,
            compile: exposed_ports,
        },
        Trigger {
            name: "no_dockerfile_provided",
            description: "Fires if no Dockerfile was given to the analysis.",
            parameters: &[],
            reads: Inputs::DOCKERFILE,
            origin: Origin::Original,
            compile: no_dockerfile_provided,
        },
    ],
};

const INSTRUCTIONS: &[&str] = &[
    "ADD",
    "ARG",
    "COPY",
    "CMD",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "USER",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "VOLUME",
    "WORKDIR",
];

const ALLOW: &str = "whitelist";
const ALLOW_OR_DENY: Kind = Kind::OneOf(&[ALLOW, "blacklist"]);

const ACTUAL_ONLY: Parameter = Parameter::new(
    "actual_dockerfile_only",
    Kind::Boolean,
    "Look at a given Dockerfile only, not at one told from the history. Unset: false.",
)
.example("true");

/// The Dockerfile, unless nothing is known of it or it is not the kind that is asked for.
fn known<'a>(context: &Context<'a>, actual_only: bool) -> Option<&'a Dockerfile> {
    let dockerfile = context.image.dockerfile(context.profile);
    (!dockerfile.instructions.is_empty() && (dockerfile.is_actual || !actual_only)).then_some(dockerfile)
}

fn instruction(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let name = arguments.text_or("instruction", "").to_owned();
    let check = arguments.text_or("check", "").to_owned();
    let value = arguments.text("value");
    let comparison = value.and_then(|value| TextCheck::new(&check, value));
    let value = value.unwrap_or_default().to_owned();
    let actual_only = arguments.boolean("actual_dockerfile_only").unwrap_or(false);
    Ok(Check::new(move |context, firings| {
        let Some(dockerfile) = known(context, actual_only) else { return Ok(()) };
        if check == "not_exists" && dockerfile.named(&name).next().is_none() {
            firings.fire(format!("Dockerfile directive '{name}' not found, matching condition 'not_exists' check"));
        }
        for operand in dockerfile.named(&name).map(Instruction::operand) {
            let holds = match &comparison {
                Some(comparison) => comparison.holds(operand)?,
                None => check == "exists",
            };
            if holds {
                firings.fire(format!(
                    "Dockerfile directive '{name}' check '{check}' matched against '{value}' for line '{operand}'"
                ));
            }
        }
        Ok(())
    }))
}

fn effective_user(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let users = arguments.list("users");
    let is_allow_list = arguments.text("type") == Some(ALLOW);
    Ok(Check::new(move |context, firings| {
        let Some(dockerfile) = known(context, false) else { return Ok(()) };
        let last = dockerfile.named("USER").last().map_or("USER root", |instruction| &instruction.line);
        let Some(user) = user(last) else { return Ok(()) };
        match (is_allow_list, users.iter().any(|listed| listed == user)) {
            (true, false) => {
                firings.fire(format!("User {user} found as effective user, which is not on the allowed list"));
            }
            (false, true) => {
                firings.fire(format!("User {user} found as effective user, which is explicity not allowed"));
            }
            _ => {}
        }
        Ok(())
    }))
}

/// The user of a line: what follows the word `USER`, in upper case, up to a bracket.
fn user(line: &str) -> Option<&str> {
    line.match_indices("USER").find_map(|(at, word)| {
        let rest = &line[at + word.len()..];
        let user = rest.trim_start();
        let user = (user.len() < rest.len()).then(|| user.strip_prefix('[').unwrap_or(user))?;
        user.split(']').next().filter(|user| !user.is_empty())
    })
}

fn exposed_ports(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let ports = arguments.numbers("ports");
    let is_allow_list = arguments.text("type") == Some(ALLOW);
    let actual_only = arguments.boolean("actual_dockerfile_only").unwrap_or(false);
    Ok(Check::new(move |context, firings| {
        let Some(dockerfile) = known(context, actual_only) else { return Ok(()) };
        let lines = dockerfile.named("EXPOSE").filter(|instruction| {
            let line = &instruction.line;
            line.starts_with("EXPOSE") || line.starts_with("expose")
        });
        for line in lines {
            let exposed: Vec<&str> = pytext::words(line.operand()).collect();
            if is_allow_list {
                for port in not_allowed(exposed, &ports) {
                    firings.fire(format!(
                        "Dockerfile exposes port ({port}) which is not in policy file ALLOWEDPORTS list"
                    ));
                }
            } else {
                for port in ports.iter().filter_map(|port| denied(&exposed, port)) {
                    firings.fire(format!("Dockerfile exposes port ({port}) which is in policy file DENIEDPORTS list"));
                }
            }
        }
        Ok(())
    }))
}

/// The ways to write a port.
fn forms(port: &str) -> [String; 3] {
    [port.to_owned(), format!("{port}/tcp"), format!("{port}/udp")]
}

/// The first way in which the port is exposed.
fn denied(exposed: &[&str], port: &str) -> Option<String> {
    forms(port).into_iter().find(|form| exposed.contains(&form.as_str()))
}

/// What remains once allowed ports are taken away: each form once, and again while the one for UDP is found.
fn not_allowed<'e>(mut exposed: Vec<&'e str>, ports: &[String]) -> Vec<&'e str> {
    for port in ports {
        let mut take =
            |form: &String| exposed.iter().position(|token| token == form).map(|at| exposed.remove(at)).is_some();
        let forms = forms(port);
        while forms.iter().map(&mut take).last() == Some(true) {}
    }
    exposed
}

fn no_dockerfile_provided(_: &Arguments<'_>) -> Result<Check, Failure> {
    Ok(Check::new(|context, firings| {
        if context.image.sbom.inspection.dockerfile.is_none() {
            firings.fire("Image was not analyzed with an actual Dockerfile");
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{ImageSource, Sbom, Source};

    use crate::{
        Profile,
        testing::{Case, Fired, fired},
    };

    fn given(dockerfile: &str) -> Sbom {
        let mut sbom = Sbom::default();
        sbom.inspection.dockerfile = Some(dockerfile.into());
        sbom
    }

    fn built(steps: &[&str]) -> Sbom {
        let history: Vec<_> = steps.iter().map(|step| serde_json::json!({ "created_by": step })).collect();
        let config = serde_json::json!({ "history": history }).to_string().into_bytes();
        let image = ImageSource { config, ..ImageSource::default() };
        Sbom { source: Source::Image(Box::new(image)), ..Sbom::default() }
    }

    fn messages(sbom: &Sbom, profile: Profile, trigger: &str, params: &[(&str, &str)]) -> Vec<String> {
        let fired = Case { profile, ..Case::new(sbom) }.fired("dockerfile", trigger, params);
        fired.into_iter().map(|fired| fired.message).collect()
    }

    /// Operands of the lines that fire.
    fn lines(dockerfile: &str, instruction: &str, check: &str, value: Option<&str>) -> Vec<String> {
        let sbom = given(dockerfile);
        let mut params = vec![("instruction", instruction), ("check", check)];
        params.extend(value.map(|value| ("value", value)));
        let messages = messages(&sbom, Profile::Compat, "instruction", &params);
        let start = format!(
            "Dockerfile directive '{instruction}' check '{check}' matched against '{}' for line '",
            value.unwrap_or_default()
        );
        let operand = |message: &String| message.strip_prefix(&start)?.strip_suffix('\'').map(str::to_owned);
        messages.iter().map(|message| operand(message).unwrap_or_else(|| panic!("{message}"))).collect()
    }

    #[test]
    fn an_instruction_that_is_not_among_the_wanted_fires() {
        let params = [("instruction", "FROM"), ("check", "not_in"), ("value", "scratch")];
        assert_eq!(
            fired("dockerfile", "instruction", &params, &given("FROM ubuntu:18.04")),
            [Fired::new(
                "81ae68fc1b4e090180509909bd79daef",
                "Dockerfile directive 'FROM' check 'not_in' matched against 'scratch' for line 'ubuntu:18.04'"
            )]
        );
        assert_eq!(fired("dockerfile", "instruction", &params, &given("FROM scratch")), []);
    }

    #[test]
    fn an_instruction_that_is_missing_fires_once() {
        let params = [("instruction", "HEALTHCHECK"), ("check", "not_exists")];
        assert_eq!(
            fired("dockerfile", "instruction", &params, &given("FROM debian")),
            [Fired::new(
                "41cb7cdf04850e33a11f80c42bf660b3",
                "Dockerfile directive 'HEALTHCHECK' not found, matching condition 'not_exists' check"
            )]
        );
        assert_eq!(fired("dockerfile", "instruction", &params, &given("healthcheck none")), []);
        assert_eq!(fired("dockerfile", "instruction", &params, &given("# nothing\n")), []);
    }

    #[test]
    fn each_line_is_compared_without_its_word() {
        const TEXT: &str = "FROM debian:12\nRUN  apt-get update \nrun make\nENV";
        assert_eq!(lines(TEXT, "RUN", "=", Some("make")), ["make"]);
        assert_eq!(lines(TEXT, "RUN", "!=", Some("make")), ["apt-get update"]);
        assert_eq!(lines(TEXT, "RUN", "like", Some(".*-get")), ["apt-get update"]);
        assert_eq!(lines(TEXT, "RUN", "not_like", Some("apt")), ["make"]);
        assert_eq!(lines(TEXT, "RUN", "in", Some("x, make ")), ["make"]);
        assert_eq!(lines(TEXT, "RUN", "exists", None), ["apt-get update", "make"]);
        assert_eq!(lines(TEXT, "RUN", "exists", Some("x")), ["apt-get update", "make"]);
        assert_eq!(lines(TEXT, "ENV", "=", Some("")), [""]);
    }

    #[test]
    fn without_a_value_or_an_instruction_there_is_nothing_to_compare() {
        assert_eq!(lines("RUN make", "RUN", "!=", None), [""; 0]);
        assert_eq!(lines("RUN make", "USER", "!=", Some("root")), [""; 0]);
        assert_eq!(lines("RUN make", "USER", "exists", None), [""; 0]);
    }

    #[test]
    fn a_pattern_that_cannot_be_used_fails_where_there_is_a_line() {
        let params = [("instruction", "RUN"), ("check", "like"), ("value", "*x")];
        let sbom = given("RUN make");
        let problem = Case::new(&sbom).evaluated("dockerfile", "instruction", &params).unwrap_err();
        assert_eq!(
            problem,
            "severity:error message:Trigger evaluation failed for gate dockerfile and trigger instruction, with \
             parameters: ({'actual_dockerfile_only': None, 'value': '*x', 'instruction': 'RUN', 'check': 'like'}) due \
             to: nothing to repeat at position 0"
        );
        assert_eq!(Case::new(&given("FROM x")).evaluated("dockerfile", "instruction", &params), Ok(vec![]));
    }

    #[test]
    fn the_history_is_looked_at_unless_only_a_given_dockerfile_counts() {
        let sbom = built(&["/bin/sh -c #(nop)  EXPOSE 22/tcp", "/bin/sh -c #(nop)  USER web"]);
        let exists = [("instruction", "EXPOSE"), ("check", "exists")];
        let only = |params: &[(&'static str, &'static str)], actual: &'static str| {
            let mut params = params.to_vec();
            params.push(("actual_dockerfile_only", actual));
            params
        };
        assert_eq!(fired("dockerfile", "instruction", &exists, &sbom).len(), 1);
        assert_eq!(fired("dockerfile", "instruction", &only(&exists, "FALSE"), &sbom).len(), 1);
        assert_eq!(fired("dockerfile", "instruction", &only(&exists, "True"), &sbom), []);
        let ports = [("ports", "22"), ("type", "blacklist")];
        assert_eq!(fired("dockerfile", "exposed_ports", &ports, &sbom).len(), 1);
        assert_eq!(fired("dockerfile", "exposed_ports", &only(&ports, "true"), &sbom), []);
        assert_eq!(fired("dockerfile", "exposed_ports", &only(&ports, "true"), &given("EXPOSE 22")).len(), 1);
        let root = [("users", "root"), ("type", "whitelist")];
        assert_eq!(fired("dockerfile", "effective_user", &root, &sbom).len(), 1);
    }

    #[test]
    fn what_is_no_image_has_no_instructions_and_no_dockerfile() {
        let sbom = Sbom::default();
        let users = [("users", "root"), ("type", "blacklist")];
        assert_eq!(fired("dockerfile", "effective_user", &users, &sbom), []);
        let ports = [("ports", "1"), ("type", "whitelist")];
        assert_eq!(fired("dockerfile", "exposed_ports", &ports, &sbom), []);
        assert_eq!(
            fired("dockerfile", "no_dockerfile_provided", &[], &sbom),
            [Fired::new("b00b22232c1902075263067d2d2b8eea", "Image was not analyzed with an actual Dockerfile")]
        );
        assert_eq!(fired("dockerfile", "no_dockerfile_provided", &[], &built(&[])).len(), 1);
        assert_eq!(fired("dockerfile", "no_dockerfile_provided", &[], &given("")), []);
    }

    #[test]
    fn the_last_user_is_held_against_the_list() {
        let allowed = [("users", "nobody , app"), ("type", "whitelist")];
        assert_eq!(
            fired("dockerfile", "effective_user", &allowed, &given("USER app\nUSER web")),
            [Fired::new(
                "a57bfb74bb7e4664cbb4a175ee87088e",
                "User web found as effective user, which is not on the allowed list"
            )]
        );
        assert_eq!(fired("dockerfile", "effective_user", &allowed, &given("USER web\nUSER app")), []);
        let denied = [("users", "root,docker"), ("type", "blacklist")];
        assert_eq!(
            fired("dockerfile", "effective_user", &denied, &given("FROM x")),
            [Fired::new(
                "cbff271f45d32e78dcc1979dbca9c14d",
                "User root found as effective user, which is explicity not allowed"
            )]
        );
        assert_eq!(fired("dockerfile", "effective_user", &denied, &given("USER root:root")), []);
        assert_eq!(fired("dockerfile", "effective_user", &denied, &given("user root")), []);
    }

    #[test]
    fn users_stand_behind_their_word_and_in_brackets_or_not() {
        for (line, user) in [
            ("USER app", Some("app")),
            ("USER   [app]", Some("app")),
            ("USER app:1 # x", Some("app:1 # x")),
            ("USER", None),
            ("user app", None),
            ("USERapp", None),
        ] {
            assert_eq!(super::user(line), user, "{line}");
        }
    }

    #[test]
    fn a_denied_port_fires_in_the_first_form_it_is_exposed_in() {
        let params = [("ports", "022,80, 443"), ("type", "blacklist")];
        assert_eq!(
            fired("dockerfile", "exposed_ports", &params, &given("EXPOSE 22")),
            [Fired::new(
                "cc05c35507995b4a657b63f9b0baa281",
                "Dockerfile exposes port (22) which is in policy file DENIEDPORTS list"
            )]
        );
        let sbom = given("EXPOSE 80/udp 80/tcp 8080\nexpose 443/udp 443\nExpose 22\nEXPOSE\n");
        assert_eq!(
            messages(&sbom, Profile::Compat, "exposed_ports", &params),
            [
                "Dockerfile exposes port (80/tcp) which is in policy file DENIEDPORTS list",
                "Dockerfile exposes port (443) which is in policy file DENIEDPORTS list",
            ]
        );
    }

    #[test]
    fn a_port_that_is_not_allowed_fires_as_written() {
        let params = [("ports", "22"), ("type", "whitelist")];
        assert_eq!(
            fired("dockerfile", "exposed_ports", &params, &given("EXPOSE 80/tcp 22")),
            [Fired::new(
                "2b9d4193f8ed3eaf3942f05d56d7b041",
                "Dockerfile exposes port (80/tcp) which is not in policy file ALLOWEDPORTS list"
            )]
        );
        let remaining = |exposed: &str| super::not_allowed(exposed.split(' ').collect(), &["22".into()]).join(" ");
        assert_eq!(remaining("22 22/tcp 22/udp 23"), "23");
        assert_eq!(remaining("22 22 22/tcp"), "22");
        assert_eq!(remaining("22 22 22/udp 22/udp"), "");
        assert_eq!(remaining("22/TCP 0"), "22/TCP 0");
    }

    #[test]
    fn port_zero_is_a_port_like_any() {
        let sbom = given("EXPOSE 0 22");
        let denied = messages(&sbom, Profile::Compat, "exposed_ports", &[("ports", "0"), ("type", "blacklist")]);
        assert_eq!(denied, ["Dockerfile exposes port (0) which is in policy file DENIEDPORTS list"]);
    }

    #[test]
    fn continued_lines_are_one_instruction_in_the_native_profile_only() {
        let sbom = given("RUN apt-get update && \\\n    # tools\n    apt-get install -y sudo\nUSER app \\\n");
        let params = [("instruction", "RUN"), ("check", "like"), ("value", ".*sudo")];
        assert_eq!(messages(&sbom, Profile::Compat, "instruction", &params), [""; 0]);
        assert_eq!(
            messages(&sbom, Profile::Native, "instruction", &params),
            ["Dockerfile directive 'RUN' check 'like' matched against '.*sudo' for line \
              'apt-get update && apt-get install -y sudo'"]
        );
    }

    #[test]
    fn buildkits_history_is_understood_in_the_native_profile_only() {
        let sbom = built(&["EXPOSE map[22/tcp:{} 80/tcp:{}]", "USER app", "HEALTHCHECK &{[\"NONE\"]}"]);
        let healthcheck = [("instruction", "HEALTHCHECK"), ("check", "not_exists")];
        let ports = [("ports", "22"), ("type", "blacklist")];
        let users = [("users", "root"), ("type", "blacklist")];
        let count = |profile, trigger: &str, params: &[(&str, &str)]| messages(&sbom, profile, trigger, params).len();
        for (profile, expected) in [(Profile::Compat, [1, 0, 1]), (Profile::Native, [0, 1, 0])] {
            let found = [
                count(profile, "instruction", &healthcheck),
                count(profile, "exposed_ports", &ports),
                count(profile, "effective_user", &users),
            ];
            assert_eq!(found, expected, "{profile:?}");
        }
    }
}
