//! A client's contact agrees to versions of policies: consoles without windows, against a real control plane and a real runtime.

use crate::consent::{endpoint, until};
use crate::notification::propose;
use crate::plane::Plane;
use caisey_console::view::{ClientPoliciesView, ClientPolicy};
use caisey_console::{Console, ConsoleError};
use caisey_ledger::consent::{ContactSaid, SignedContactStatement};
use caisey_ledger::id::ClientId;
use caisey_protocol::consent::{PolicyView, PublishPolicy};
use caisey_protocol::http::CreateClient;
use serde_json::{Value, json};

const MARIA: &str = "maria@example.com";
const TOM: &str = "tom@example.com";

const TWO: &str = "@label(\"Deleting needs two contacts\")\n@require(\"contact\")\n@count(\"2\")\n@assurance(\"number\")\n@expires(\"60\")\npermit \
                   (principal, action in [Action::\"destructive\"], resource);\n";
const ONE: &str = "@label(\"Deleting needs a contact\")\n@require(\"contact\")\n@count(\"1\")\n@assurance(\"number\")\n@expires(\"60\")\npermit \
                   (principal, action in [Action::\"destructive\"], resource);\n";

impl Plane {
    async fn publish(&self, name: &str, after: u64, scope: Value, text: &str) -> PolicyView {
        let wanted = PublishPolicy {
            name: name.into(),
            after,
            scope,
            form: None,
            text: Some(text.into()),
        };
        self.api().publish_policy(&wanted).await.unwrap()
    }

    /// What the client's contacts have said, as the control plane keeps it.
    pub(crate) async fn said(&self) -> Vec<SignedContactStatement> {
        let client = self.client().parse().unwrap();
        self.api().contacts(&client).await.unwrap().statements
    }
}

fn everywhere() -> Value {
    json!({ "scope": "organisation" })
}

fn one<'a>(view: &'a ClientPoliciesView, name: &str) -> &'a ClientPolicy {
    let found = view.rows.iter().find(|policy| policy.row.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {view:?}"))
}

/// Where the only client stands, as the owner sees it.
async fn seen_by(owner: &Console, name: &str) -> (String, Option<u64>) {
    owner.policies().await.unwrap();
    let detail = owner.policy(name).await.unwrap();
    let of = detail.agreements.first().unwrap();
    (of.state.clone(), of.last.as_ref().map(|last| last.version))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_agrees_to_what_they_read_and_is_asked_again_when_it_changes() {
    let plane = Plane::start().await;
    plane.contact(MARIA, "Maria Novak").await;
    let (maria, owner) = (plane.at_desk(MARIA, "maria").await, plane.owner().await);
    plane.contact_speaks().await;
    let here = json!({ "scope": "client", "client": plane.client() });
    plane.publish("deleting", 0, here.clone(), TWO).await;
    let elsewhere = ClientId::from_bits([7; 16]);
    let other = CreateClient {
        client: elsewhere.clone(),
        name: "Somebody else".to_owned(),
    };
    plane.api().create_client(&other).await.unwrap();
    let names_it = format!("forbid (principal, action, resource in Client::\"{elsewhere}\");\n");
    plane.publish("somebody-else", 0, everywhere(), &names_it).await;

    let view = maria.client_policies().await.unwrap();
    let names: Vec<_> = view.rows.iter().map(|policy| policy.row.name.as_str()).collect();
    assert_eq!(
        names,
        ["default", "deleting"],
        "what names another client is not for this one"
    );
    assert_eq!((view.to_agree, &view.cannot_sign, view.as_of_ms), (2, &None, None));
    assert_eq!(view.client_name, "Northgate Retail");
    let deleting = one(&view, "deleting");
    assert_eq!((deleting.state.as_str(), deleting.newest.text.as_str()), ("none", TWO));
    assert!(
        deleting.newest.sentences[0].contains("2 contacts of the client"),
        "{deleting:?}"
    );
    assert_eq!(seen_by(&owner, "deleting").await, ("none".to_owned(), None));
    let first = deleting.newest.digest.clone();

    // Somebody publishes while she reads: nothing is signed, and she is told what to do.
    plane.publish("deleting", 1, here.clone(), ONE).await;
    let late = maria.agree_to_policy("deleting", 1, &first).await.unwrap_err();
    assert_eq!(late.code(), "conflict");
    assert!(late.to_string().contains("Look at what changed"), "{late}");
    assert_eq!(plane.said().await.len(), 1, "her key alone");

    let digest = one(&maria.client_policies().await.unwrap(), "deleting").newest.digest.clone();
    let view = maria.agree_to_policy("deleting", 2, &digest).await.unwrap();
    let deleting = one(&view, "deleting");
    let signed = &deleting.agreements[0];
    assert_eq!((deleting.state.as_str(), view.to_agree), ("agreed", 1));
    assert_eq!(
        (signed.version, signed.by.as_str(), signed.mine, signed.key_counts),
        (2, "Maria Novak", true, true)
    );
    let said = plane.said().await;
    let expected = ContactSaid::PolicyAgreed {
        policy: "deleting".into(),
        version: 2,
        digest: digest.clone(),
    };
    assert_eq!(said[1].statement.says, expected);
    assert_eq!(
        said[1].signature.key, said[0].signature.key,
        "signed with the key that speaks for the client"
    );
    assert_eq!(seen_by(&owner, "deleting").await, ("agreed".to_owned(), Some(2)));
    // The same again says nothing new.
    maria.agree_to_policy("deleting", 2, &digest).await.unwrap();
    assert_eq!(plane.said().await.len(), 2);

    // A newer version is not covered, and what changed is shown against the one that was.
    plane.publish("deleting", 2, here.clone(), TWO).await;
    let view = maria.client_policies().await.unwrap();
    let deleting = one(&view, "deleting");
    let change = deleting.change.as_ref().unwrap();
    assert_eq!((deleting.state.as_str(), change.since, change.in_words), ("older", 2, true));
    assert!(
        change.removed[0].contains("a contact of the client has to say yes"),
        "{change:?}"
    );
    assert!(
        change.added[0].contains("2 contacts of the client have to say yes"),
        "{change:?}"
    );
    let lines: Vec<_> = change
        .lines
        .iter()
        .filter(|line| line.kind == "added")
        .map(|line| line.text.as_str())
        .collect();
    assert_eq!(lines, ["@label(\"Deleting needs two contacts\")", "@count(\"2\")"]);
    assert_eq!(seen_by(&owner, "deleting").await, ("older".to_owned(), Some(2)));

    // Out of force there is nothing to agree to, and what was agreed to stays to be read.
    plane.publish("deleting", 3, here, " ").await;
    let view = maria.client_policies().await.unwrap();
    let deleting = one(&view, "deleting");
    assert_eq!(
        (deleting.state.as_str(), deleting.agreements.len(), view.to_agree),
        ("over", 1, 1)
    );
    let over = maria
        .agree_to_policy("deleting", 4, &deleting.newest.digest)
        .await
        .unwrap_err();
    assert!(over.to_string().contains("out of force"), "{over}");
    assert_eq!(seen_by(&owner, "somebody-else").await, ("hidden".to_owned(), None));
    maria.shut_down().await;
    owner.shut_down().await;
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_lets_nothing_run_and_only_a_console_that_speaks_can_give_it() {
    let plane = Plane::start().await;
    plane.contact(MARIA, "Maria Novak").await;
    plane.contact(TOM, "Tom Baker").await;
    let maria = plane.at_desk(MARIA, "maria").await;
    plane.contact_speaks().await;
    let (tom, technician) = (plane.at_desk(TOM, "tom").await, plane.technician().await);
    let lax = plane
        .publish(
            "lax",
            0,
            everywhere(),
            "@label(\"Everything runs\")\npermit (principal, action, resource);\n",
        )
        .await;

    // Nobody introduced Tom's console; technicians speak for no client.
    let view = tom.client_policies().await.unwrap();
    assert!(view.cannot_sign.as_ref().unwrap().contains("introduce"), "{view:?}");
    let refused = tom.agree_to_policy("lax", 1, &lax.digest).await.unwrap_err();
    assert!(
        matches!(&refused, ConsoleError::Invalid(why) if why.contains("introduce")),
        "{refused:?}"
    );
    let refused = technician.client_policies().await.unwrap_err();
    assert!(refused.to_string().contains("Only a client’s contact"), "{refused}");
    assert!(technician.agree_to_policy("lax", 1, &lax.digest).await.is_err());
    assert_eq!(plane.said().await.len(), 1);

    // Agreed to, and the machine goes on asking: it looks at signed answers and pre-authorisations, at nothing else.
    let view = maria.agree_to_policy("lax", 1, &lax.digest).await.unwrap();
    assert_eq!(one(&view, "lax").state, "agreed");
    let machine = endpoint(&technician).await;
    let session = technician.open_session(&machine, "Ticket 4711").await.unwrap();
    let file = plane.folder().join("it-ran");
    let action = propose(&technician, &session, format!("touch {}", file.display())).await;
    let row = until(&technician, &action, "it waits", |row| !row.delivered.is_empty()).await;
    assert_eq!((row.approver.as_str(), file.exists()), ("contact", false), "{row:?}");

    // Introduced, Tom agrees as well; taken out again, his signature stays and says so.
    let waiting = maria.speakers(None).await.unwrap().waiting;
    maria.introduce(&waiting[0].device).await.unwrap();
    let view = tom.agree_to_policy("lax", 1, &lax.digest).await.unwrap();
    assert_eq!(one(&view, "lax").agreements.len(), 2);
    maria.revoke_speaker(&waiting[0].device).await.unwrap();
    let view = maria.client_policies().await.unwrap();
    let counts: Vec<_> = one(&view, "lax")
        .agreements
        .iter()
        .map(|signed| (signed.mine, signed.key_counts))
        .collect();
    assert_eq!(counts, [(true, true), (false, false)]);

    // Without the control plane everything can be read, nothing signed.
    plane.stop().await;
    let view = loop {
        let view = maria.client_policies().await.unwrap();
        if view.as_of_ms.is_some() {
            break view;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!((one(&view, "lax").state.as_str(), view.rows.len()), ("agreed", 2));
    let offline = maria
        .agree_to_policy("default", 1, &one(&view, "default").newest.digest)
        .await;
    assert_eq!(offline.unwrap_err().code(), "offline");
    for console in [maria, tom, technician] {
        console.shut_down().await;
    }
}
