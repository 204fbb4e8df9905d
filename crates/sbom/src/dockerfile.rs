//! The Dockerfile of an image whose author gave none, told from the history in the image's config.
//!
//! Two tellings, because policies were written for the first: [`guessed`] is byte for byte what Anchore Engine infers
//! (`spec/policy.md` §4.0), [`normalised`] also understands the history that BuildKit writes.

use serde::Deserialize;

use crate::ImageSource;

/// The text that Anchore Engine would infer: `FROM scratch`, then for each step the instruction behind
/// `/bin/sh -c #(nop) `, or `RUN` with the whole command. BuildKit's steps all become `RUN`.
///
/// `None` where the image's config is no such document.
pub fn guessed(image: &ImageSource) -> Option<String> {
    tell(image, |step| match instruction(step) {
        // Such a step is read up to the end of its first line.
        Some(instruction) => instruction.lines().next().unwrap_or_default().to_owned(),
        None => format!("RUN {step}"),
    })
}

/// The text as an author would have written it: one instruction a line, shells and build arguments taken off commands,
/// ports as `EXPOSE 80/tcp`. What was copied from build contexts and the base image's name are not in a history.
///
/// `None` where the image's config is no such document.
pub fn normalised(image: &ImageSource) -> Option<String> {
    tell(image, |step| {
        let written = step.trim_end().strip_suffix("# buildkit").unwrap_or(step).trim();
        let line = match (instruction(step), written.split_once(char::is_whitespace)) {
            (Some(instruction), _) => instruction.trim().to_owned(),
            (None, Some(("RUN", command))) => format!("RUN {}", without_shell(command.trim())),
            (None, Some((word, _))) if INSTRUCTIONS.contains(&word) => written.to_owned(),
            (None, _) => format!("RUN {}", without_shell(written)),
        };
        let line = line.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        line.strip_prefix("EXPOSE ").map(ports).map_or(line.clone(), |ports| format!("EXPOSE {ports}"))
    })
}

/// Instructions that BuildKit's history states as they were written; `RUN` needs more care.
const INSTRUCTIONS: [&str; 16] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    history: Option<Vec<Step>>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    created_by: Option<String>,
}

fn tell(image: &ImageSource, line: impl Fn(&str) -> String) -> Option<String> {
    let config: Config = serde_json::from_slice(&image.config).ok()?;
    let steps = config.history.unwrap_or_default().into_iter().filter_map(|step| step.created_by);
    let lines = steps.filter(|step| !step.is_empty()).map(|step| line(&step)).filter(|line| !line.is_empty());
    Some(lines.fold("FROM scratch\n".to_owned(), |text, line| text + &line + "\n"))
}

/// What the classic builder writes for an instruction that runs nothing.
fn instruction(step: &str) -> Option<&str> {
    let rest = step.strip_prefix("/bin/sh -c #(nop)")?;
    rest.starts_with(' ').then(|| rest.trim_start_matches(' '))
}

/// The command alone: `|1 VERSION=3 /bin/sh -c make` states build arguments and the shell as well.
fn without_shell(command: &str) -> &str {
    const SHELL: &str = "/bin/sh -c ";
    if let Some(command) = command.strip_prefix(SHELL) {
        return command.trim();
    }
    let counted = command.strip_prefix('|').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    match command.split_once(SHELL) {
        Some((_, command)) if counted => command.trim(),
        _ => command,
    }
}

/// `80/tcp 443/tcp` of `map[80/tcp:{} 443/tcp:{}]`, of `[80/tcp 443/tcp]`, or of itself.
fn ports(written: &str) -> String {
    let written = written.trim();
    let list = written.strip_prefix("map").unwrap_or(written);
    let list = list.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or(written);
    let ports: Vec<&str> = list.split_whitespace().map(|port| port.strip_suffix(":{}").unwrap_or(port)).collect();
    ports.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(steps: &[&str]) -> ImageSource {
        let history: Vec<_> = steps.iter().map(|step| serde_json::json!({ "created_by": step })).collect();
        let config = serde_json::json!({ "history": history }).to_string().into_bytes();
        ImageSource { config, ..ImageSource::default() }
    }

    #[test]
    fn the_classic_history_is_told_as_anchore_tells_it() {
        let image = image(&[
            "/bin/sh -c #(nop) ADD file:abc in / ",
            "",
            "/bin/sh -c #(nop)  CMD [\"bash\"]",
            "/bin/sh -c apt-get update",
            "/bin/sh -c #(nop) ",
            "/bin/sh -c #(nop) LABEL a=b\nc=d",
        ]);
        assert_eq!(
            guessed(&image).as_deref(),
            Some("FROM scratch\nADD file:abc in / \nCMD [\"bash\"]\nRUN /bin/sh -c apt-get update\nLABEL a=b\n")
        );
        assert_eq!(
            normalised(&image).as_deref(),
            Some("FROM scratch\nADD file:abc in /\nCMD [\"bash\"]\nRUN apt-get update\nLABEL a=b c=d\n")
        );
    }

    #[test]
    fn the_history_of_buildkit_is_told_as_it_was_written() {
        let image = image(&[
            "RUN /bin/sh -c apt-get update # buildkit",
            "RUN |2 A=1 B=x y /bin/sh -c make\n install # buildkit",
            "COPY app /app # buildkit",
            "EXPOSE map[443/tcp:{} 80/tcp:{}]",
            "EXPOSE [8080/udp]",
            "USER app",
            "HEALTHCHECK &{[\"CMD-SHELL\" \"true\"] \"30s\" \"0s\" \"0s\" \"0s\" '\\x00'}",
            "|1 V=3 /bin/sh -c make",
            "umoci repack",
        ]);
        assert_eq!(
            normalised(&image).as_deref(),
            Some(
                "FROM scratch\nRUN apt-get update\nRUN make install\nCOPY app /app\nEXPOSE 443/tcp 80/tcp\n\
                 EXPOSE 8080/udp\nUSER app\nHEALTHCHECK &{[\"CMD-SHELL\" \"true\"] \"30s\" \"0s\" \"0s\" \"0s\" '\\x00'}\n\
                 RUN make\nRUN umoci repack\n"
            )
        );
        let classic = guessed(&image).expect("a history");
        assert!(classic.contains("\nRUN EXPOSE map[443/tcp:{} 80/tcp:{}]\nRUN EXPOSE [8080/udp]\nRUN USER app\n"));
    }

    #[test]
    fn a_config_without_history_tells_only_where_every_image_begins() {
        let none = ImageSource { config: b"{\"history\":null}".to_vec(), ..ImageSource::default() };
        assert_eq!(guessed(&none).as_deref(), Some("FROM scratch\n"));
        let step = ImageSource { config: b"{\"history\":[{\"created_by\":null},{}]}".to_vec(), ..none };
        assert_eq!(normalised(&step).as_deref(), Some("FROM scratch\n"));
    }

    #[test]
    fn what_is_no_config_tells_nothing() {
        for config in ["", "7", "{\"history\":7}", "{\"history\":[{\"created_by\":[]}]}"] {
            let image = ImageSource { config: config.into(), ..ImageSource::default() };
            assert_eq!((guessed(&image), normalised(&image)), (None, None), "{config}");
        }
    }
}
