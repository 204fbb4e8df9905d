//! Gate `passwd_file` (`spec/policy.md` §4.4).

use std::collections::HashMap;

use crate::{
    Arguments, Check, Failure, Gate, Image, Kind, Parameter, Trigger,
    gate::{Inputs, Origin, State},
    pytext,
};

pub(super) const GATE: Gate = Gate {
    name: "passwd_file",
    description: "The accounts in the image's /etc/passwd, which the analysis must have retrieved.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[
        trigger(
            "content_not_available",
            "Fires if /etc/passwd was not retrieved or is empty.",
            &[],
            content_not_available,
        ),
        trigger(
            "blacklist_usernames",
            "Fires for each account with a denied name.",
            &[Parameter::new("user_names", Kind::List, "Names of users, separated by commas.")
                .key("user_blacklist")
                .alias(&["usernameblacklist"])
                .required()
                .example("daemon,ftp")],
            |arguments| denied("user", 0, arguments.list("user_names")),
        ),
        trigger(
            "blacklist_userids",
            "Fires for each account with a denied user id.",
            &[Parameter::new("user_ids", Kind::Numbers, "User ids, separated by commas.")
                .key("user_id_blacklist")
                .alias(&["useridblacklist"])
                .required()
                .example("0,1")],
            |arguments| denied("uid", 2, arguments.numbers("user_ids")),
        ),
        trigger(
            "blacklist_groupids",
            "Fires for each account with a denied primary group id.",
            &[Parameter::new("group_ids", Kind::Numbers, "Group ids, separated by commas.")
                .key("group_id_blacklist")
                .required()
                .example("999,20")],
            |arguments| denied("gid", 3, arguments.numbers("group_ids")),
        ),
        trigger(
            "blacklist_shells",
            "Fires for each account with a denied login shell.",
            &[Parameter::new("shells", Kind::List, "Paths of shells, separated by commas.")
                .key("shell_blacklist")
                .required()
                .example("/bin/bash,/bin/zsh")],
            |arguments| denied("shell", 6, arguments.list("shells")),
        ),
        trigger(
            "blacklist_full_entry",
            "Fires if the file has exactly this entry.",
            &[Parameter::new("entry", Kind::Text, "A whole line of the file.")
                .key("pentry_blacklist")
                .required()
                .example("ftp:x:14:50:FTP User:/var/ftp:/sbin/nologin")],
            blacklist_full_entry,
        ),
    ],
};

const fn trigger(
    name: &'static str,
    description: &'static str,
    parameters: &'static [Parameter],
    compile: fn(&Arguments<'_>) -> Result<Check, Failure>,
) -> Trigger {
    Trigger { name, description, parameters, reads: Inputs::RETRIEVED_FILES, origin: Origin::Original, compile }
}

/// The entries of the file. Of several with one user the last counts, at the place of the first. Bytes that are not
/// UTF-8, such as those of an old comment field, are replaced.
fn entries(image: &Image<'_>) -> Vec<String> {
    let text = String::from_utf8_lossy(image.retrieved("/etc/passwd").unwrap_or_default());
    let mut entries: Vec<&str> = Vec::new();
    let mut places = HashMap::new();
    for entry in pytext::lines(&text).map(pytext::trim) {
        match *places.entry(field(entry, 0)).or_insert(entries.len()) {
            place if place < entries.len() => entries[place] = entry,
            _ => entries.push(entry),
        }
    }
    entries.into_iter().map(str::to_owned).collect()
}

/// `None` where the entry is too short.
fn field(entry: &str, index: usize) -> Option<&str> {
    entry.split(':').nth(index)
}

fn content_not_available(_: &Arguments<'_>) -> Result<Check, Failure> {
    Ok(Check::new(|context, firings| {
        if entries(context.image).is_empty() {
            firings.fire("Cannot locate /etc/passwd in image stored files archive: check analyzer settings.");
        }
        Ok(())
    }))
}

/// Fires for entries of which a field is one of the values. The original failed at entries without that field; they
/// are passed over (`spec/policy.md` §8 B5).
fn denied(what: &'static str, index: usize, values: Vec<String>) -> Result<Check, Failure> {
    Ok(Check::new(move |context, firings| {
        for entry in entries(context.image) {
            if let Some(value) = field(&entry, index).filter(|value| values.iter().any(|denied| denied == value)) {
                firings.fire(format!("Blacklisted {what} '{value}' found in image's /etc/passwd: pentry={entry}"));
            }
        }
        Ok(())
    }))
}

fn blacklist_full_entry(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let denied = pytext::trim(arguments.text_or("entry", "")).to_owned();
    Ok(Check::new(move |context, firings| {
        for entry in entries(context.image).iter().filter(|entry| **entry == denied) {
            firings.fire(format!("Blacklisted pentry '{entry}' found in image's /etc/passwd: pentry={entry}"));
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::Sbom;

    use crate::testing::{Fired, fired};

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
                          \n\
                          ftp:x:14:50:FTP User:/var/ftp:/sbin/nologin \n\
                          short:x\n\
                          app:x:007:50:old:/:/bin/false\n\
                          daemon:x:1:1::/:/bin/bash\n\
                          app:x:7:50:new:/:/bin/bash\n";

    fn image(passwd: &[u8]) -> Sbom {
        let mut sbom = Sbom::default();
        sbom.inspection.retrieved_files = Some([("/etc/passwd".to_owned(), passwd.to_vec())].into());
        sbom
    }

    fn messages(trigger: &str, params: &[(&str, &str)]) -> Vec<String> {
        let fired = fired("passwd_file", trigger, params, &image(PASSWD.as_bytes()));
        fired.into_iter().map(|fired| fired.message).collect()
    }

    #[test]
    fn a_file_that_was_not_retrieved_or_is_empty_is_told() {
        let told = [Fired::new(
            "a03e8bea98bc473ccb1dc7471b201943",
            "Cannot locate /etc/passwd in image stored files archive: check analyzer settings.",
        )];
        assert_eq!(fired("passwd_file", "content_not_available", &[], &Sbom::default()), told);
        assert_eq!(fired("passwd_file", "content_not_available", &[], &image(b"")), told);
        assert_eq!(fired("passwd_file", "content_not_available", &[], &image(b"\n")), []);
    }

    #[test]
    fn without_the_file_nothing_is_denied() {
        for (trigger, name) in [
            ("blacklist_usernames", "user_names"),
            ("blacklist_userids", "user_ids"),
            ("blacklist_groupids", "group_ids"),
            ("blacklist_shells", "shells"),
            ("blacklist_full_entry", "entry"),
        ] {
            assert_eq!(fired("passwd_file", trigger, &[(name, "0")], &Sbom::default()), [], "{trigger}");
        }
    }

    #[test]
    fn names_are_compared_whole() {
        let sbom = image(PASSWD.as_bytes());
        assert_eq!(
            fired("passwd_file", "blacklist_usernames", &[("user_names", "roo, root")], &sbom),
            [Fired::new(
                "221b6783e31b5d0253e412bc4101df25",
                "Blacklisted user 'root' found in image's /etc/passwd: pentry=root:x:0:0:root:/root:/bin/bash"
            )]
        );
        assert_eq!(
            messages("blacklist_usernames", &[("usernameblacklist", "short")]),
            ["Blacklisted user 'short' found in image's /etc/passwd: pentry=short:x"]
        );
        assert_eq!(messages("blacklist_usernames", &[("user_names", "ROOT")]), [""; 0]);
    }

    #[test]
    fn the_last_entry_of_a_user_counts_at_the_place_of_the_first() {
        assert_eq!(
            messages("blacklist_usernames", &[("user_names", "daemon,app")]),
            [
                "Blacklisted user 'app' found in image's /etc/passwd: pentry=app:x:7:50:new:/:/bin/bash",
                "Blacklisted user 'daemon' found in image's /etc/passwd: pentry=daemon:x:1:1::/:/bin/bash",
            ]
        );
    }

    #[test]
    fn ids_are_compared_as_plain_numbers_with_the_text_of_the_file() {
        assert_eq!(
            messages("blacklist_userids", &[("user_ids", "007, 14")]),
            [
                "Blacklisted uid '14' found in image's /etc/passwd: pentry=ftp:x:14:50:FTP User:/var/ftp:/sbin/nologin",
                "Blacklisted uid '7' found in image's /etc/passwd: pentry=app:x:7:50:new:/:/bin/bash",
            ]
        );
        assert_eq!(messages("blacklist_userids", &[("useridblacklist", "50")]), [""; 0]);
        let odd = image(b"odd:x:007:007:::");
        assert_eq!(fired("passwd_file", "blacklist_userids", &[("user_ids", "007")], &odd), []);
        assert_eq!(
            messages("blacklist_groupids", &[("group_ids", "0,99")]),
            ["Blacklisted gid '0' found in image's /etc/passwd: pentry=root:x:0:0:root:/root:/bin/bash"]
        );
        assert_eq!(messages("blacklist_groupids", &[("group_ids", "14")]), [""; 0]);
    }

    #[test]
    fn shells_and_whole_entries_are_compared_exactly() {
        assert_eq!(
            messages("blacklist_shells", &[("shells", "/sbin/nologin,bash")]),
            ["Blacklisted shell '/sbin/nologin' found in image's /etc/passwd: \
             pentry=ftp:x:14:50:FTP User:/var/ftp:/sbin/nologin"]
        );
        let entry = "ftp:x:14:50:FTP User:/var/ftp:/sbin/nologin";
        assert_eq!(
            messages("blacklist_full_entry", &[("entry", &format!(" {entry} "))]),
            [format!("Blacklisted pentry '{entry}' found in image's /etc/passwd: pentry={entry}")]
        );
        assert_eq!(messages("blacklist_full_entry", &[("entry", "ftp:x:14:50")]), [""; 0]);
    }

    #[test]
    fn a_field_that_is_not_utf8_spoils_nothing() {
        let sbom = image(b"old:x:0:0:Andr\xe9:/:/bin/sh\n");
        assert_eq!(fired("passwd_file", "blacklist_userids", &[("user_ids", "0")], &sbom).len(), 1);
    }
}
