use proptest::{collection::vec, prelude::*};
use windlass_store::archive_rules::Transition;

use super::*;

const NOW: Moment = Moment(1_000 * DAY * 1_000_000);

fn days_ago(days: i64) -> Moment {
    NOW.plus_seconds(-days * DAY)
}

fn rule(id: &str) -> Rule {
    Rule {
        id: id.to_owned(),
        account: "team".into(),
        transition: Transition::Archive,
        registry: "*".into(),
        repository: "*".into(),
        tag: "*".into(),
        analysis_age_days: 0,
        tag_versions_newer: 0,
        exclude_registry: String::new(),
        exclude_repository: String::new(),
        exclude_tag: String::new(),
        exclude_expiration_days: -1,
        max_images_per_account: None,
        system_global: false,
        created_at: NOW,
        last_updated: NOW,
    }
}

fn limit(images: i64) -> Rule {
    let empty = String::new;
    let base = rule("limit");
    Rule { registry: empty(), repository: empty(), tag: empty(), max_images_per_account: Some(images), ..base }
}

/// Images by digest, each with the days since its analysis and its tags, which it has had as long.
fn world(images: &[(&str, i64, &[&str])]) -> (Vec<Candidate>, Vec<Mapping>) {
    let mut mappings = Vec::new();
    let mut candidates = Vec::new();
    for (at, (digest, days, tags)) in images.iter().enumerate() {
        let moment = days_ago(*days);
        let digest = (*digest).to_owned();
        candidates.push(Candidate { parent: digest.clone(), digest, analyzed_at: Some(moment), since: moment });
        for tag in *tags {
            let (repository, tag) = tag.rsplit_once(':').unwrap();
            let (registry, repository) = repository.split_once('/').unwrap();
            mappings.push(Mapping {
                image: at,
                registry: registry.to_owned(),
                repository: repository.to_owned(),
                tag: tag.to_owned(),
                detected_at: moment,
            });
        }
    }
    (candidates, mappings)
}

fn selected(rules: &[Rule], images: &[(&str, i64, &[&str])]) -> Vec<String> {
    let (candidates, mappings) = world(images);
    let rules: Vec<&Rule> = rules.iter().collect();
    select(&rules, &candidates, mappings, NOW).into_iter().map(|selected| selected.digest).collect()
}

#[test]
fn a_selector_takes_asterisks_and_no_other_sign() {
    let images: &[(&str, i64, &[&str])] = &[
        ("a", 1, &["docker.io/team/app:1.0"]),
        ("b", 1, &["r.example:5000/team/app:1.0-rc"]),
        ("c", 1, &["docker.io/other/app_x:V1"]),
    ];
    for (registry, repository, tag, expected) in [
        ("*", "*", "*", vec!["a", "b", "c"]),
        ("docker.io", "*", "*", vec!["a", "c"]),
        ("*", "team/*", "*", vec!["a", "b"]),
        ("*", "*/app", "1.0", vec!["a"]),
        ("*", "*", "*-rc", vec!["b"]),
        ("*", "**app**", "*", vec!["a", "b", "c"]),
        ("*.io", "*", "v1", vec![]),
        ("*", "*/app.x", "*", vec![]),
        ("*", "*/app?x", "*", vec![]),
        ("*", "team/ap[p]", "*", vec![]),
        ("*", "{team/app,b}", "*", vec![]),
        ("", "*", "*", vec![]),
    ] {
        let one = Rule { registry: registry.into(), repository: repository.into(), tag: tag.into(), ..rule("r") };
        assert_eq!(selected(&[one], images), expected, "{registry} {repository} {tag}");
    }
}

#[test]
fn age_is_counted_in_days_and_minus_one_is_no_age() {
    let images: &[(&str, i64, &[&str])] = &[("old", 11, &["r/a:1"]), ("ten", 10, &["r/b:1"]), ("new", 1, &["r/c:1"])];
    for (days, expected) in [
        (10, vec!["old"]),
        (9, vec!["old", "ten"]),
        (0, vec!["new", "old", "ten"]),
        (-1, vec!["new", "old", "ten"]),
        (i64::MAX, vec![]),
    ] {
        assert_eq!(selected(&[Rule { analysis_age_days: days, ..rule("r") }], images), expected, "{days}");
    }
}

#[test]
fn newer_images_are_counted_for_each_tag() {
    let images: &[(&str, i64, &[&str])] =
        &[("1", 30, &["r/a:x"]), ("2", 20, &["r/a:x"]), ("3", 10, &["r/a:x"]), ("4", 40, &["r/a:y"])];
    for (newer, expected) in [
        (-1, vec!["1", "2", "3", "4"]),
        (0, vec!["1", "2", "3", "4"]),
        (1, vec!["1", "2"]),
        (2, vec!["1"]),
        (3, vec![]),
    ] {
        assert_eq!(selected(&[Rule { tag_versions_newer: newer, ..rule("r") }], images), expected, "{newer}");
    }
}

/// A tag that stands for an index has an image for each platform.
#[test]
fn images_of_one_index_are_one_version_of_a_tag() {
    let images: &[(&str, i64, &[&str])] = &[
        ("old-amd64", 9, &["r/a:x"]),
        ("old-arm64", 9, &["r/a:x"]),
        ("amd64", 1, &["r/a:x"]),
        ("arm64", 1, &["r/a:x"]),
    ];
    let (mut candidates, mappings) = world(images);
    for (candidate, index) in candidates.iter_mut().zip(["old", "old", "new", "new"]) {
        index.clone_into(&mut candidate.parent);
    }
    for (newer, expected) in [(1, vec!["old-amd64", "old-arm64"]), (2, vec![])] {
        let rule = Rule { tag_versions_newer: newer, ..rule("r") };
        let moved = select(&[&rule], &candidates, mappings.clone(), NOW);
        assert_eq!(moved.into_iter().map(|moved| moved.digest).collect::<Vec<_>>(), expected, "{newer}");
    }
}

/// D-12
#[test]
fn the_whole_history_of_a_tag_counts_whatever_age_and_exclusion_leave_of_it() {
    let images: &[(&str, i64, &[&str])] = &[("1", 30, &["r/a:x"]), ("2", 5, &["r/a:x"]), ("3", 1, &["r/a:x"])];
    let aged = Rule { analysis_age_days: 20, tag_versions_newer: 2, ..rule("r") };
    assert_eq!(selected(&[aged], images), ["1"]);
    // What is excluded is newer all the same: the exclusion has expired for the first image alone.
    let excluding = Rule {
        tag_versions_newer: 2,
        exclude_registry: "r".into(),
        exclude_repository: "a".into(),
        exclude_tag: "x".into(),
        exclude_expiration_days: 10,
        ..rule("r")
    };
    assert_eq!(selected(&[excluding], images), ["1"]);
}

#[test]
fn an_image_that_is_not_analysed_is_newer_but_not_moved() {
    let (mut images, mappings) = world(&[("1", 30, &["r/a:x"]), ("2", 5, &["r/a:x"])]);
    images[1].analyzed_at = None;
    for newer in [-1, 1] {
        let one = Rule { analysis_age_days: -1, tag_versions_newer: newer, ..rule("r") };
        let moved = select(&[&one], &images, mappings.clone(), NOW);
        assert_eq!(moved.iter().map(|image| image.digest.as_str()).collect::<Vec<_>>(), ["1"]);
    }
}

#[test]
fn what_all_three_patterns_of_an_exclusion_match_stays_until_it_expires() {
    let images: &[(&str, i64, &[&str])] = &[("a", 5, &["docker.io/team/app:latest"])];
    let excluding = |registry: &str, repository: &str, tag: &str, days: i64| Rule {
        exclude_registry: registry.into(),
        exclude_repository: repository.into(),
        exclude_tag: tag.into(),
        exclude_expiration_days: days,
        ..rule("r")
    };
    let none: Vec<&str> = Vec::new();
    for (registry, repository, tag, days, expected) in [
        ("*", "*", "latest", -1, none.clone()),
        ("docker.??", "team/*", "[kl]at[!x]st", -1, none.clone()),
        ("*", "*", "{latest,x}", -1, vec!["a"]),
        ("*", "*", "[latest", -1, vec!["a"]),
        ("*", "*", "stable", -1, vec!["a"]),
        ("*", "", "latest", -1, vec!["a"]),
        ("", "", "", -1, vec!["a"]),
        ("*", "*", "latest", 6, none.clone()),
        ("*", "*", "latest", 5, vec!["a"]),
        ("*", "*", "latest", 0, vec!["a"]),
    ] {
        let one = excluding(registry, repository, tag, days);
        assert_eq!(selected(&[one], images), expected, "{registry} {repository} {tag} {days}");
    }
}

/// D-13
#[test]
fn a_limit_counts_images_and_takes_the_oldest() {
    let images: &[(&str, i64, &[&str])] =
        &[("1", 30, &["r/a:x", "r/a:y", "r/b:z"]), ("2", 20, &["r/a:x"]), ("3", 10, &["r/a:x", "r/a:v"])];
    for (images_left, expected) in
        [(1, vec!["1", "2"]), (2, vec!["1"]), (3, vec![]), (6, vec![]), (0, vec![]), (i64::MAX, vec![])]
    {
        assert_eq!(selected(&[limit(images_left)], images), expected, "{images_left}");
    }
}

#[test]
fn an_image_goes_when_every_one_of_its_tags_is_selected_by_some_rule() {
    let images: &[(&str, i64, &[&str])] =
        &[("held", 5, &["r/a:1", "r/b:1", "r/c:1"]), ("gone", 5, &["r/a:2", "r/a:3"]), ("bare", 5, &[])];
    let of = |id: &str, repository: &str| Rule { repository: repository.into(), ..rule(id) };
    assert_eq!(selected(&[of("1", "a")], images), ["gone"]);
    let both = [of("1", "a"), of("2", "[bc]"), of("3", "b")];
    assert_eq!(selected(&both, images), ["gone"]);
    let mut all = vec![of("1", "a"), of("2", "b"), of("3", "c"), of("4", "nothing")];
    for _ in 0..2 {
        assert_eq!(selected(&all, images), ["gone", "held"]);
        all.reverse();
    }
    let (candidates, mappings) = world(images);
    let rules: Vec<&Rule> = all.iter().collect();
    let held = select(&rules, &candidates, mappings, NOW).pop().unwrap();
    assert_eq!(
        (held.rules, held.tags),
        (vec!["1".into(), "2".into(), "3".into()], vec!["r/a:1".into(), "r/b:1".into(), "r/c:1".into()])
    );
}

#[test]
fn the_acceptance_scenario_keeps_what_is_new_latest_or_the_last_of_its_tag() {
    let one = Rule {
        analysis_age_days: 10,
        tag_versions_newer: 1,
        exclude_registry: "*".into(),
        exclude_repository: "*".into(),
        exclude_tag: "latest".into(),
        ..rule("r")
    };
    let images: &[(&str, i64, &[&str])] = &[
        ("superseded", 20, &["r/a:1"]),
        ("current", 15, &["r/a:1"]),
        ("young", 5, &["r/b:1"]),
        ("younger", 4, &["r/b:1"]),
        ("latest-before", 20, &["r/a:latest"]),
        ("latest", 3, &["r/a:latest"]),
        ("partly-latest", 30, &["r/c:1", "r/a:latest"]),
        ("of-two-tags", 30, &["r/c:2", "r/c:3"]),
        ("of-two-tags-newer", 2, &["r/c:2", "r/c:3", "r/c:1"]),
    ];
    assert_eq!(selected(&[one], images), ["of-two-tags", "superseded"]);
}

#[test]
fn a_hundred_thousand_images_are_looked_through() {
    let tags: Vec<[String; 1]> = (0..100_000).map(|at| [format!("r/app-{}:{}", at % 500, at % 7)]).collect();
    let tags: Vec<[&str; 1]> = tags.iter().map(|[tag]| [tag.as_str()]).collect();
    let digests: Vec<String> = (0..tags.len()).map(|at| format!("{at:06}")).collect();
    let images: Vec<(&str, i64, &[&str])> = digests
        .iter()
        .zip(&tags)
        .enumerate()
        .map(|(at, (digest, tag))| (digest.as_str(), i64::try_from(at % 90).unwrap(), &tag[..]))
        .collect();
    let rules = [Rule { analysis_age_days: 30, tag_versions_newer: 5, ..rule("1") }, limit(99_000)];
    let moved = selected(&rules, &images);
    assert!((1000..100_000).contains(&moved.len()), "{}", moved.len());
}

proptest! {
    #[test]
    fn images_that_are_too_young_and_share_no_tag_with_an_old_one_change_nothing(
        images in vec((0..60_i64, vec(0..6_u8, 1..4)), 0..30),
        rules in vec((-1..60_i64, -1..3_i64), 1..3),
    ) {
        let (mut candidates, mut mappings) = (Vec::new(), Vec::new());
        for (image, (days, tags)) in images.iter().enumerate() {
            let (digest, moment) = (format!("{image:02}"), days_ago(*days));
            candidates.push(Candidate { parent: digest.clone(), digest, analyzed_at: Some(moment), since: moment });
            for tag in tags.iter().collect::<BTreeSet<_>>() {
                let name = |text: &str| text.to_owned();
                let (registry, repository, tag) = (name("r"), name("a"), tag.to_string());
                mappings.push(Mapping { image, registry, repository, tag, detected_at: moment });
            }
        }
        let made = |(at, (days, newer)): (usize, &(i64, i64))| {
            Rule { analysis_age_days: *days, tag_versions_newer: *newer, ..rule(&at.to_string()) }
        };
        let rules: Vec<Rule> = rules.iter().enumerate().map(made).collect();
        let limit = age_limit(&rules, NOW);
        prop_assert_eq!(limit.is_none(), rules.iter().any(|rule| rule.analysis_age_days < 0));
        let is_old = |mapping: &&Mapping| limit.is_none_or(|limit| candidates[mapping.image].since < limit);
        let tags: HashSet<String> = mappings.iter().filter(is_old).map(|mapping| mapping.tag.clone()).collect();
        let needed = mappings.iter().filter(|mapping| tags.contains(&mapping.tag)).cloned().collect();
        let rules: Vec<&Rule> = rules.iter().collect();
        prop_assert_eq!(select(&rules, &candidates, needed, NOW), select(&rules, &candidates, mappings, NOW));
    }
}

#[test]
fn a_limit_and_a_rule_without_age_may_select_any_image() {
    let aged = |days| Rule { analysis_age_days: days, ..rule("r") };
    assert_eq!(age_limit(&[aged(10), aged(3)], NOW), Some(days_ago(3)));
    assert_eq!(age_limit(&[aged(10), aged(-1)], NOW), None);
    assert_eq!(age_limit(&[aged(10), limit(5)], NOW), None);
    assert_eq!(age_limit(&[], NOW), None);
}
