//! A contact who is asked by e-mail, on whichever host: what both hosts' stories of mail begin with.

use crate::approvals::Scene;
use crate::desk::{PATIENCE, now};
use caisey_ledger::consent::{ContactSaid, PreAuthorisation};
use caisey_ledger::event::Channel;
use caisey_ledger::id::{ActionId, TimeMs};
use caisey_protocol::consent::{ContactChain, PolicyView, PublishPolicy};
use caisey_protocol::mail::{MailContact, MailContacts, MailState, MailView};
use serde_json::json;

impl Scene {
    /// From here on a link suffices for the control plane, and these addresses of somebody of this name get mail.
    pub async fn by_mail_to(&self, name: &str, addresses: &[&str]) {
        let policy = PublishPolicy {
            name: "by-mail".into(),
            after: 0,
            scope: json!({ "scope": "organisation" }),
            form: None,
            text: Some(r#"@require("contact") @assurance("link") permit (principal, action, resource);"#.into()),
        };
        self.desk
            .post("/v1/policies", &self.owner.token, &policy)
            .await
            .ok::<PolicyView>();
        let contacts = addresses.iter().map(|address| MailContact {
            member: None,
            name: name.into(),
            address: (*address).into(),
        });
        let contacts = MailContacts {
            contacts: contacts.collect(),
            sending: None,
        };
        let path = format!("/v1/clients/{}/mail-contacts", self.client);
        let set = self.desk.call("PUT", &path, Some(&self.owner.token), Some(&contacts)).await;
        assert_eq!(set.ok::<MailContacts>().contacts.len(), addresses.len());
    }

    /// The client's contact allows answers by e-mail beforehand.
    pub async fn allows_mail(&self) {
        let chain = self.introduces_herself().await;
        let granted = PreAuthorisation {
            name: "by-mail".into(),
            endpoints: vec![],
            // A host that cannot read commands asks about what cannot be bounded; the endpoint reads them.
            classes: vec!["changing".into(), "opaque".into()],
            channel: Channel::Email,
            window: None,
            from_ms: TimeMs::default(),
            until_ms: TimeMs::new(now().get() + 86_400_000).unwrap(),
        };
        let said = ContactSaid::PreAuthorisationGranted(granted);
        let said = self.zdenka.person.says(&chain.statements, now(), said);
        self.say(&self.zdenka.token, said).await.ok::<ContactChain>();
    }

    /// Waits until the requester is told that of the only mail.
    pub async fn until_mail(&self, action: &ActionId, state: MailState) -> MailView {
        tokio::time::timeout(PATIENCE, async {
            loop {
                let mail = self.look(action).await.approval.mails.remove(0);
                if mail.state == state {
                    return mail;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("never {state:?}"))
    }
}
