use windlass_store::{Error, Moment, registries::Model, testing::on_every_engine};

use crate::team;

fn row(registry: &str, username: &str, at: i64) -> Model {
    Model {
        account: "somebody-else".into(),
        registry: registry.into(),
        name: registry.into(),
        kind: "docker_v2".into(),
        username: username.into(),
        secret: "v1:secret".into(),
        verify: true,
        token: None,
        token_expiry: None,
        created_at: Moment(at),
        last_updated: Moment(at),
    }
}

#[test]
fn registries_belong_to_their_account_alone() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        let (alpha, beta) = (store.account(&alpha), store.account(&beta));
        let added = alpha.insert_registry(row("r.example", "ada", 1)).await.unwrap();
        assert_eq!(added.account, "alpha", "whatever the row says");
        beta.insert_registry(row("r.example", "bob", 1)).await.unwrap();
        assert!(matches!(alpha.insert_registry(row("r.example", "eve", 2)).await, Err(Error::Exists)));

        assert!(beta.replace_registry(&Model { verify: false, ..row("r.example", "mallory", 9) }).await.unwrap());
        assert_eq!(alpha.registry("r.example").await.unwrap().unwrap().username, "ada");
        assert!(beta.delete_registry("r.example").await.unwrap());
        assert!(!beta.delete_registry("r.example").await.unwrap());
        assert!(beta.registry("r.example").await.unwrap().is_none());
        assert_eq!(alpha.registries().await.unwrap().len(), 1);
    });
}

#[test]
fn a_registry_is_replaced_but_for_when_it_was_made() {
    on_every_engine(|store| async move {
        let alpha = store.account(&team(&store, "alpha").await);
        alpha.insert_registry(row("b.example", "ada", 1)).await.unwrap();
        alpha.insert_registry(row("a.example", "ada", 1)).await.unwrap();
        let changed = Model { token: Some("v1:token".into()), ..row("b.example", "bob", 5) };
        assert!(alpha.replace_registry(&changed).await.unwrap());
        assert!(!alpha.replace_registry(&row("c.example", "bob", 5)).await.unwrap());
        let rows = alpha.registries().await.unwrap();
        assert_eq!(rows.iter().map(|row| row.registry.as_str()).collect::<Vec<_>>(), ["a.example", "b.example"]);
        assert_eq!(rows[1], Model { account: "alpha".into(), created_at: Moment(1), ..changed });
    });
}
