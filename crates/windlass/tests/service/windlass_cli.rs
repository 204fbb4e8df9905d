//! Our own client takes the same commands, and ends with the same codes.

use crate::{place::Place, tour::Tour};

#[test]
fn windlass_takes_the_commands_of_anchore_cli() {
    let Some(place) = Place::new("all") else { return };
    let windlass = || {
        let mut command = place.windlass("");
        command.env("COLUMNS", "400");
        command
    };
    Tour::new(&place, &windlass).walk();
}
