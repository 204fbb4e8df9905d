use serde_json::json;
use windlass_operations::identity::Deed;
use windlass_v1::audit::AuditQuery;

use crate::house::in_every_house;

fn deed<'a>(username: Option<&'a str>, account: Option<&'a str>, status: u16) -> Deed<'a> {
    Deed {
        username,
        account,
        action: "createUser",
        target: "/accounts/acct1/users\0 user2",
        status,
        address: Some([192, 0, 2, 1].into()),
        request_id: "r-1",
    }
}

#[test]
fn what_was_done_is_told_to_the_account_it_was_done_in() {
    in_every_house(|house| async move {
        let acct1 = house.team("acct1", &["user1"]).await;
        house.service.record(deed(Some("admin"), Some("acct1"), 200)).await.unwrap();
        house.service.record(deed(Some("user1"), None, 401)).await.unwrap();
        house.service.record(deed(Some("nobody"), None, 401)).await.unwrap();
        house.service.record(deed(None, None, 500)).await.unwrap();
        let page = acct1.audit_records(&AuditQuery::default()).await.unwrap();
        assert_eq!((page.records.len(), page.next), (2, None));
        let mut record = json!(page.records[1]);
        assert!(record["id"].take().is_i64());
        assert_eq!(
            record,
            json!({
                "id": null, "created_at": "2026-01-01T12:00:00Z", "username": "admin", "account": "acct1",
                "action": "createUser", "target": "/accounts/acct1/users user2", "outcome": "done", "status": 200,
                "address": "192.0.2.1", "request_id": "r-1",
            })
        );
        assert_eq!(json!(page.records[0].outcome), "refused");
        let page = house.tenant("admin").audit_records(&AuditQuery::default()).await.unwrap();
        let told: Vec<_> = page.records.iter().map(|record| (record.username.as_deref(), record.status)).collect();
        assert_eq!(told, [(None, 500), (Some("nobody"), 401)]);
    });
}

#[test]
fn records_come_in_pages_and_go_when_they_are_old() {
    in_every_house(|house| async move {
        for status in 200..205 {
            house.service.record(deed(Some("admin"), Some("admin"), status)).await.unwrap();
        }
        let (mut query, mut seen) = (AuditQuery { limit: Some(2), ..AuditQuery::default() }, Vec::new());
        loop {
            let page = house.service.audit_records(&query).await.unwrap();
            assert!(page.records.len() <= 2);
            seen.extend(page.records.iter().map(|record| record.status));
            query.before = page.next;
            if query.before.is_none() {
                break;
            }
        }
        assert_eq!(seen, [204, 203, 202, 201, 200]);
        let of_nobody = AuditQuery { username: Some("nobody".into()), ..AuditQuery::default() };
        assert_eq!(house.service.audit_records(&of_nobody).await.unwrap().records, []);

        for (seconds, left) in [(400 * 86_400, 5), (1, 0)] {
            house.pass(seconds);
            house.service.forget_the_old().await.unwrap();
            assert_eq!(house.service.audit_records(&AuditQuery::default()).await.unwrap().records.len(), left);
        }
    });
}
