//! Pairs of version texts that are likely to tell two comparison algorithms apart.

/// Texts made of the given atoms; half of the pairs share a beginning, so that the comparison gets past it. The same
/// atoms always give the same pairs.
pub(crate) fn pairs(count: usize, atoms: &[&str]) -> Vec<(String, String)> {
    let mut dice = Dice(atoms.iter().flat_map(|atom| atom.bytes()).fold(0xcbf2_9ce4_8422_2325, mix));
    (0..count)
        .map(|_| {
            let left = text(&mut dice, atoms, 7);
            let right = if dice.roll(2) == 0 {
                text(&mut dice, atoms, 7)
            } else {
                let kept = dice.roll(left.len() + 1);
                left[..kept].to_owned() + &text(&mut dice, atoms, 3)
            };
            (left, right)
        })
        .collect()
}

/// A number first, as nearly every version has, then up to `length` atoms.
fn text(dice: &mut Dice, atoms: &[&str], length: usize) -> String {
    let mut text = ["0", "1", "2", "10", "1.0", "1.00"][dice.roll(6)].to_owned();
    for _ in 0..dice.roll(length + 1) {
        text.push_str(atoms[dice.roll(atoms.len())]);
    }
    text
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
}

fn mix(seed: u64, byte: u8) -> u64 {
    (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}
