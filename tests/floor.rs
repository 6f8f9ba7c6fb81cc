//! A client's contact sets the least that answers have to be: consoles without windows, against a real control plane and a real runtime.

use crate::consent::{endpoint, until};
use crate::notification::propose;
use crate::plane::Plane;
use caisey_console::Console;
use caisey_console::view::{NewFloor, Verdict};

const MARIA: &str = "maria@example.com";
const TOM: &str = "tom@example.com";

async fn says_yes(contact: &Console, action: &str, number: &str) {
    until(contact, action, "they are asked", |row| row.for_me && row.answer.is_none()).await;
    let yes = Verdict {
        approve: true,
        number: Some(number.to_owned()),
        reason: String::new(),
    };
    contact.decide(action, yes).await.unwrap();
    until(contact, action, "their answer has arrived", |row| row.answer_sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_contacts_have_to_say_yes_where_one_of_them_set_that_whatever_policies_say() {
    let plane = Plane::start().await;
    plane.contact(MARIA, "Maria Novak").await;
    plane.contact(TOM, "Tom Baker").await;
    let maria = plane.at_desk(MARIA, "maria").await;
    plane.contact_speaks().await;
    let (tom, technician) = (plane.at_desk(TOM, "tom").await, plane.technician().await);
    let two = || NewFloor {
        name: "two-for-changes".to_owned(),
        endpoints: Vec::new(),
        class: "changing".to_owned(),
        needed: 2,
        number: true,
        except: Vec::new(),
    };
    let refused = maria.set_floor(two()).await.unwrap_err().to_string();
    assert!(refused.contains("Only 1 person speaks"), "{refused}");
    let waiting = maria.speakers(None).await.unwrap().waiting;
    maria.introduce(&waiting[0].device).await.unwrap();
    let view = maria.set_floor(two()).await.unwrap();
    assert_eq!((view.floors[0].needed, view.floors[0].set_by.as_str()), (2, "Maria Novak"));

    let machine = endpoint(&technician).await;
    let session = technician.open_session(&machine, "Ticket 4711").await.unwrap();
    let file = plane.folder().join("it-ran");
    let action = propose(&technician, &session, format!("touch {}", file.display())).await;
    let row = until(&technician, &action, "it waits with a number", |row| row.number.is_some()).await;
    assert_eq!((row.needed, row.needs_number), (2, true), "{row:?}");
    let number = row.number.unwrap();
    says_yes(&maria, &action, &number).await;
    let row = until(&technician, &action, "one has said yes", |row| !row.approved_by.is_empty()).await;
    assert!(row.state != "approved" && !file.exists(), "{row:?}");
    says_yes(&tom, &action, &number).await;
    until(&technician, &action, "both have", |row| row.state == "approved").await;
    for _ in 0..200 {
        if file.exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(file.exists(), "it ran");
    // Taken away, the built-in policy asks one again.
    assert!(tom.withdraw_floor("two-for-changes").await.unwrap().floors.is_empty());
    let action = propose(&technician, &session, format!("chmod 600 {}", file.display())).await;
    let row = until(&technician, &action, "it waits", |row| !row.delivered.is_empty()).await;
    assert_eq!(row.needed, 1, "{row:?}");
    for console in [maria, tom, technician] {
        console.shut_down().await;
    }
    plane.stop().await;
}
