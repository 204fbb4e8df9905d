//! The roles there are.

/// A set of actions, given to a user in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    FullControl,
    ReadWrite,
    ReadOnly,
    PolicyEditor,
    ImageAnalyser,
    AccountAdministrator,
}

/// Beginnings of actions, of which one must fit; `!` before one takes out what would fit otherwise.
type Actions = &'static [&'static str];

/// Name, what it is for, what it allows.
const ROLES: &[(Role, &str, &str, Actions)] = &[
    (Role::FullControl, "full-control", "Everything in the account, users and roles included.", &[""]),
    (
        Role::ReadWrite,
        "read-write",
        "Everything in the account but its users, roles and audit records.",
        &[
            "",
            "!createAccount",
            "!updateAccount",
            "!deleteAccount",
            "!updateSettings",
            "!createUser",
            "!updateUser",
            "!deleteUser",
            "!createRole",
            "!deleteRole",
            "!listAuditRecords",
        ],
    ),
    (
        Role::ReadOnly,
        "read-only",
        "Looking at everything but audit records, changing nothing.",
        &["get", "list", "!listAuditRecords"],
    ),
    (
        Role::PolicyEditor,
        "policy-editor",
        "Looking at everything but audit records, and changing policies.",
        &["get", "list", "!listAuditRecords", "createPolicy", "updatePolicy", "deletePolicy"],
    ),
    (
        Role::ImageAnalyser,
        "image-analyzer",
        "Submitting images and looking at their results, as a pipeline does.",
        &[
            "createImage",
            "importImage",
            "getImage",
            "listImages",
            "getImageEvaluation",
            "createRepository",
            "listSubscriptions",
            "getSubscription",
            "createSubscription",
            "updateSubscription",
            "getPolicy",
            "listPolicies",
            "getAccount",
        ],
    ),
    (
        Role::AccountAdministrator,
        "account-admin",
        "The account's settings, users, their roles and what they did, and nothing else.",
        &[
            "getAccount",
            "getSettings",
            "updateSettings",
            "listUsers",
            "getUser",
            "createUser",
            "updateUser",
            "deleteUser",
            "listRoles",
            "createRole",
            "deleteRole",
            "listAuditRecords",
            "getStorage",
        ],
    ),
];

impl Role {
    /// Every role with its name and what it is for.
    pub fn all() -> impl Iterator<Item = (Self, &'static str, &'static str)> {
        ROLES.iter().map(|(role, name, about, _)| (*role, *name, *about))
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|(_, known, _)| *known == name).map(|(role, ..)| role)
    }

    pub fn name(self) -> &'static str {
        Self::all().find(|(role, ..)| *role == self).map(|(_, name, _)| name).expect("every role is in the table")
    }

    /// Whether it may be done. Some actions that `change` things are called as if they looked at them (`getEvent` deletes
    /// events, too): leave to look is no leave to do those.
    pub fn allows(self, action: &str, changes: bool) -> bool {
        let actions = ROLES.iter().find(|(role, ..)| *role == self).map_or(&[][..], |(.., actions)| actions);
        let looks = |rule: &str| rule.starts_with("get") || rule.starts_with("list");
        let fits = |rule: &str| action.starts_with(rule);
        let (without, with): (Vec<&str>, Vec<&str>) = actions.iter().partition(|rule| rule.starts_with('!'));
        with.into_iter().any(|rule| fits(rule) && !(changes && looks(rule)))
            && !without.into_iter().any(|rule| fits(&rule[1..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_allow_what_they_are_for_and_no_more() {
        for (role, allowed, refused) in [
            (Role::FullControl, &["deleteImage", "createUser", "createRole"][..], &[][..]),
            (
                Role::ReadWrite,
                &["deleteImage", "getUser", "createPolicy", "updateFeeds"],
                &["createUser", "deleteUser", "createRole", "deleteAccount", "listAuditRecords", "updateSettings"],
            ),
            (Role::ReadOnly, &["listImages", "getUser"], &["createImage", "deleteEvents", "listAuditRecords"]),
            (Role::PolicyEditor, &["updatePolicy", "listImages"], &["createImage", "deleteImage"]),
            (
                Role::ImageAnalyser,
                &["createImage", "getImageEvaluation"],
                &["deleteImage", "createPolicy", "listUsers"],
            ),
            (
                Role::AccountAdministrator,
                &["createUser", "createRole", "listAuditRecords", "updateSettings"],
                &["listImages", "createImage"],
            ),
        ] {
            let changes = |action: &str| !action.starts_with("get") && !action.starts_with("list");
            let allows = |action: &str| role.allows(action, changes(action));
            for action in allowed {
                assert!(allows(action), "{role:?} allows {action}");
            }
            for action in refused {
                assert!(!allows(action), "{role:?} refuses {action}");
            }
            assert_eq!(Role::parse(role.name()), Some(role));
        }
        assert_eq!(Role::parse("god"), None);
    }

    #[test]
    fn leave_to_look_is_no_leave_to_change() {
        for role in [Role::ReadOnly, Role::PolicyEditor] {
            assert!(role.allows("getEvent", false));
            assert!(!role.allows("getEvent", true), "{role:?}");
        }
        assert!(Role::ReadWrite.allows("getEvent", true));
        assert!(!Role::ImageAnalyser.allows("getImage", true));
    }
}
