//! Our own client takes the same commands, and ends with the same codes.

use crate::{
    place::{PASSWORD, Place},
    tour::{Sights, Tour, sets},
};

#[test]
fn windlass_takes_the_commands_of_anchore_cli() {
    let Some(mut place) = Place::new("all") else { return };
    let sights = Sights::around(&mut place);
    let windlass = || {
        let mut command = place.windlass("");
        command.env("COLUMNS", "400");
        command
    };
    let mut tour = Tour::new(&place, &windlass);
    tour.walk(&sights);
    say_where_and_who(&mut tour, &place);
    let missed = missed(include_str!("../../../../docs/client.md"), tour.walked());
    tour.end();
    assert_eq!(missed, [""; 0], "docs/client.md has options and variables that were not tried");
}

/// What `anchore-cli` does not have, or does otherwise.
fn say_where_and_who(tour: &mut Tour<'_>, place: &Place) {
    let credentials = |name: &str, text: String| place.write(name, &format!("default:\n{text}"));
    credentials("hub.yaml", format!("  ANCHORE_CLI_HUB_URL: {}\n", tour.named("hub")));
    credentials("nobody.yaml", "  ANCHORE_CLI_USER: nobody\n  ANCHORE_CLI_JSON: y\n".to_owned());
    place.write("password", PASSWORD);
    place.write("wrong", "wrong1");
    for how in ["--config hub.yaml", "WINDLASS_CREDENTIALS=hub.yaml", "WINDLASS_HUB_URL={hub}", "--hub-url {hub}"] {
        tour.step(&format!("{how} policies hub list"), 0, &["hubbed"]);
    }
    tour.step("--config nobody.yaml account whoami", 0, &["\"username\": \"admin\""]);
    for how in ["WINDLASS_URL=http://127.0.0.1:1/v1", "--url http://127.0.0.1:1/v1"] {
        tour.step(&format!("{how} account whoami"), 2, &["127.0.0.1:1"]);
    }
    for who in ["WINDLASS_USER=nobody", "--user nobody", "WINDLASS_PASSWORD=wrong1", "--password-file wrong"] {
        tour.step(&format!("{who} account whoami"), 2, &["Unauthorized"]);
    }
    tour.step("WINDLASS_PASSWORD=wrong1 account whoami --password-file password", 0, &["Username: admin"]);
    tour.step("WINDLASS_ACCOUNT=nowhere image list", 1, &["404"]);
    for how in ["WINDLASS_JSON=y", "-o json"] {
        tour.step(&format!("{how} account whoami"), 0, &["\"username\": \"admin\""]);
    }
    for how in ["WINDLASS_SSL_VERIFY=n", "WINDLASS_LOG=info", "-v"] {
        tour.step(&format!("{how} account whoami"), 0, &["Username: admin"]);
    }
    for how in ["--service-ca none.pem", "WINDLASS_SERVICE_CA=none.pem"] {
        tour.step(&format!("{how} account whoami"), 2, &["none.pem"]);
    }
}

/// Options and variables of the table of connections in a page that no step has.
fn missed(page: &str, walked: &[String]) -> Vec<String> {
    let rows = page.lines().skip_while(|line| !line.starts_with("| what | option |"));
    let rows: Vec<&str> = rows.take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 10, "the page has the table");
    let words = rows.iter().flat_map(|row| row.split('`').skip(1).step_by(2)).flat_map(|code| code.split(' '));
    let told = words
        .filter_map(|word| word.split('=').next())
        .filter(|word| word.starts_with('-') || word.starts_with("WINDLASS_") || word.starts_with("ANCHORE_CLI_"));
    let is_new = |name: &&str| !walked.iter().any(|step| sets(step, name) || step.split(' ').any(|word| word == *name));
    told.filter(is_new).map(str::to_owned).collect()
}
