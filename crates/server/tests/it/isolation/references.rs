//! What a query or a body refers to is looked for in the account of the request alone.

use super::{
    alpha,
    analysed::{self, IMAGE_ID, TAG},
    calls::Call,
    house::in_every_house,
    tells_of_alpha,
};

/// Requests that refer to something otherwise than in their path.
const REQUESTS: &[(&str, &str, &str)] = &[
    ("GET", "/images?fulltag={tag}", ""),
    ("GET", "/images?history=true&fulltag={tag}", ""),
    ("GET", "/images?fulltag={digest}", ""),
    ("GET", "/images?fulltag=r.example/team/alphas-app@{digest}", ""),
    ("GET", "/images?fulltag={id}", ""),
    ("GET", "/subscriptions?subscription_key={key}", ""),
    ("GET", "/notifications/deliveries?endpoint={name}", ""),
    ("GET", "/events?resource_id={digest}", ""),
    ("GET", "/images?limit=1&after={digest}", ""),
    ("POST", "/images", r#"{"source": {"archive": {"digest": "{digest}"}}}"#),
    (
        "POST",
        "/images",
        r#"{"source": {"import": {"operation_uuid": "{name}", "digest": "{digest}", "tags": ["r.example/a/b:1"],
            "contents": {"packages": "a", "manifest": "b", "image_config": "c"}}}}"#,
    ),
    ("POST", "/notifications/deliveries/replay", r#"{"endpoint": "{name}"}"#),
];

/// So many of them, the first, show something with a mark to alpha itself.
const SHOWN: usize = 7;

/// What is named, as alpha has it and as nobody has it.
fn names() -> [(&'static str, String, String); 5] {
    let owned = |name, of_alpha: &str, of_nobody: &str| (name, of_alpha.to_owned(), of_nobody.to_owned());
    [
        owned("{tag}", TAG, "r.example/team/nobodys:1"),
        owned("{digest}", &analysed::digest(), &format!("sha256:{}", "e".repeat(64))),
        owned("{id}", IMAGE_ID, &"d".repeat(64)),
        owned("{key}", "known%20to%20alpha%20alone", "known%20to%20nobody"),
        owned("{name}", "alpha", "nobodys"),
    ]
}

#[test]
fn nobody_reaches_what_belongs_to_another_account_by_a_query_or_a_body() {
    in_every_house(|house| async move {
        let (own, beta) = (house.team("alpha").await, house.team("beta").await);
        alpha::move_in(&house, &own).await;
        let before = alpha::inventory(&house).await;
        let names = names();
        for (number, (method, address, body)) in REQUESTS.iter().enumerate() {
            let call = |of_alpha: bool| {
                let spelt = |text: &str| {
                    let spell = |text: String, (name, own, other): &(&str, String, String)| {
                        text.replace(name, if of_alpha { own } else { other })
                    };
                    names.iter().fold(text.to_owned(), spell)
                };
                let media_type = (!body.is_empty()).then_some("application/json");
                Call {
                    method: (*method).to_owned(),
                    address: format!("/v1{}", spelt(address)),
                    media_type,
                    body: spelt(body),
                }
            };
            let (about_alpha, about_nothing) = (call(true), call(false));
            let what = format!("{method} {} {}", about_alpha.address, about_alpha.body);
            if number < SHOWN {
                let to_alpha = house.ask(&own, &about_alpha, None).await;
                assert!(to_alpha.status == 200 && tells_of_alpha(&to_alpha), "{what}: {to_alpha:?}");
            }
            let to_beta = house.ask(&beta, &about_alpha, None).await;
            let nothing = house.ask(&beta, &about_nothing, None).await;
            let expected = names.iter().fold(nothing.text, |text, (_, own, other)| text.replace(other, own));
            assert!(!(to_beta.status == 400 && to_beta.is_problem), "{what} is not understood: {}", to_beta.text);
            assert_eq!((to_beta.status, to_beta.text), (nothing.status, expected), "{what}");
        }
        assert_eq!(alpha::inventory(&house).await, before);
    });
}
