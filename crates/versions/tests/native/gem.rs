use windlass_versions::Format;

use crate::oracle::{ask, assert_agreement};
use crate::pairs::pairs;

const SCRIPT: &str = r#"
require "rubygems"
STDIN.each_line(chomp: true) do |line|
  left, right = line.split("\t", -1)
  if Gem::Version.correct?(left) && Gem::Version.correct?(right)
    puts %w[= > <][Gem::Version.new(left) <=> Gem::Version.new(right)]
  else
    puts "!"
  end
end
"#;

#[test]
fn gem_versions_are_ordered_as_by_rubygems() {
    let pairs = pairs(
        6000,
        &[".", ".0", ".0", ".1", ".10", "0", "1", ".a", ".b", ".rc1", ".pre", "-1", "-", "beta2", ".beta.2", ".B"],
    );
    if let Some(answers) = ask("ruby", &["-e", SCRIPT], &pairs) {
        assert_agreement(Format::Gem, &pairs, &answers);
    }
}
