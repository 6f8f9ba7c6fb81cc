use super::*;
use caisey_control::letter::{Facts, LinkToken};
use caisey_ledger::event::Interpreter;
use caisey_ledger::id::{ActionId, MemberId, TimeMs};

fn config() -> MailConfig {
    MailConfig {
        server: "127.0.0.1".into(),
        port: Some(1),
        security: Security::None,
        user: None,
        password: None,
        password_file: None,
        ca_file: None,
        from: "Northstar IT <approvals@northstar.example>".into(),
        reply_to: None,
        hourly_per_address: 2,
    }
}

fn letter(name: &str, hostname: &str) -> Letter {
    Letter {
        action: ActionId::from_bits([1; 16]),
        member: MemberId::from_bits([2; 16]),
        attempt: 1,
        name: name.into(),
        address: "zdenka@example.com".into(),
        token: LinkToken::new("a.b.c"),
        facts: Facts {
            requester: "John Doe".into(),
            hostname: hostname.into(),
            client: "Client".into(),
            class: "changing".into(),
            object: "service “smbd”".into(),
            current_state: "active".into(),
            proposed_action: "This command changes something.".into(),
            command: Some("systemctl stop smbd".into()),
            directory: None,
            interpreter: Interpreter::Sh,
            reason: None,
            asked_at: TimeMs::default(),
            expires_at: TimeMs::new(900_000).unwrap(),
            needed: 1,
            approved: 0,
        },
    }
}

fn mailer(config: MailConfig) -> Mailer {
    crate::plane::install_crypto();
    Mailer::new(config, "https://control.example/", "control.example").unwrap()
}

fn formatted(name: &str, hostname: &str) -> String {
    let message = mailer(config()).message(&letter(name, hostname)).unwrap();
    String::from_utf8(message.formatted()).unwrap()
}

#[test]
fn names_end_no_header_and_add_no_recipient() {
    let hostile = "Eve\r\nBcc: all@example.com\r\n\r\nbody";
    let mail = formatted(hostile, hostile);
    let (headers, _) = mail.split_once("\r\n\r\n").unwrap();
    let names: Vec<_> = headers
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split_once(':').map(|(name, _)| name))
        .collect();
    assert!(!names.contains(&"Bcc") && names.contains(&"Auto-Submitted"), "{names:?}");
    assert_eq!(names.iter().filter(|name| **name == "To").count(), 1);
}

#[test]
fn the_same_request_and_contact_have_one_message_id_and_our_link() {
    let (one, two) = (formatted("Zdenka", "a"), formatted("Zdenka", "a"));
    let id = |mail: &str| mail.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned();
    assert_eq!(id(&one), id(&two));
    assert!(id(&one).ends_with("@control.example>"), "{}", id(&one));
    assert!(one.contains("https://control.example/a/a.b.c"), "{one}");
}

#[tokio::test]
async fn one_address_is_not_flooded_and_an_absent_server_is_said() {
    let mailer = mailer(config());
    for _ in 0..2 {
        let Sent::Failed(why) = mailer.send(&letter("Zdenka", "a")).await else {
            unreachable!()
        };
        assert!(why.contains("could not be reached"), "{why}");
    }
    let Sent::Failed(why) = mailer.send(&letter("Zdenka", "a")).await else {
        unreachable!()
    };
    assert!(why.contains("within an hour"), "{why}");
}

#[test]
fn unprotected_mail_and_half_credentials_are_refused() {
    let away = MailConfig {
        server: "smtp.example.com".into(),
        ..config()
    };
    let half = MailConfig {
        user: Some("u".into()),
        ..config()
    };
    let nobody = MailConfig {
        from: "a@b\r\nBcc: c@d".into(),
        ..config()
    };
    for unfit in [away, half, nobody] {
        assert!(Mailer::new(unfit, "https://x", "x").is_err());
    }
}

#[test]
fn administrators_are_told_where_links_lead_and_whether_anybody_gets_there() {
    let told = sending(Some(&config()), "https://control.example/");
    assert_eq!(
        (told.server.as_deref(), told.from.as_deref()),
        (Some("127.0.0.1"), Some("Northstar IT <approvals@northstar.example>"))
    );
    assert_eq!(
        (told.links.as_str(), told.links_reach_others),
        ("https://control.example/a/", true)
    );
    for here in ["http://127.0.0.1:8443", "http://localhost:1", "http://[::1]:1", "nonsense"] {
        let told = sending(None, here);
        assert_eq!(
            (told.server, told.from, told.links_reach_others),
            (None, None, false),
            "{here}"
        );
    }
}

#[tokio::test]
async fn a_mail_server_that_takes_the_call_and_says_nothing_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let taken = tokio::spawn(async move { silent.accept().await.unwrap() });
    let mut mailer = mailer(MailConfig {
        port: Some(port),
        ..config()
    });
    mailer.within = Duration::from_millis(50);
    let sent = mailer.send(&letter("Zdenka", "a")).await;
    assert_eq!(
        sent,
        Sent::Failed("The mail server did not answer in time. It is tried again.".to_owned())
    );
    drop(taken);
}
