//! Our own client takes the same commands, and ends with the same codes.

use crate::{
    place::Place,
    tour::{Sights, Tour},
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
    tour.end();
}
