//! One line, what rules alone find in it.
use caisey_scrub::{Alone, Class, Facts, Rules, Scales, Text, measure, scrub};
use proptest::prelude::*;
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::with(Scales::none()).unwrap());

fn found(text: &str) -> Vec<String> {
    let all = scrub(&RULES, &Facts::default(), &[Text { text, kept: &[] }], &Alone).unwrap();
    all[0]
        .iter()
        .map(|finding| format!("{}={}", finding.class, &text[finding.range.clone()]))
        .collect()
}

#[track_caller]
pub(crate) fn check(text: &str, expected: &[&str]) {
    assert_eq!(found(text), expected, "in {text:?}");
}

#[test]
fn profile_paths_are_whole() {
    check(r"dir C:\Users\jane\Desktop", &[r"user-path=C:\Users\jane\Desktop"]);
    check(
        r"    Directory: C:\Users\Jane Doe\My Documents",
        &[r"user-path=C:\Users\Jane Doe\My Documents"],
    );
    check(
        r#"type "C:\Users\Jane Doe\Desktop\offer letter.txt" | more"#,
        &[r"user-path=C:\Users\Jane Doe\Desktop\offer letter.txt"],
    );
    check(r"copy C:\Users\jane\a.txt D:\backup", &[r"user-path=C:\Users\jane\a.txt"]);
    check("ls -la /home/jane/.ssh/id_rsa", &["user-path=/home/jane/.ssh/id_rsa"]);
    check(r#"{"path":"C:\\Users\\jane\\x.log"}"#, &[r"user-path=C:\\Users\\jane\\x.log"]);
    check(
        "/Users/jane/Library/Application Support/Slack",
        &["user-path=/Users/jane/Library/Application Support/Slack"],
    );
    check(r"C:\Users\Public\Desktop C:\Windows\System32", &[]);
    check("curl https://example.com/home/about", &["host=example.com"]);
}

#[test]
fn secrets_behind_labels() {
    check("DB_PASSWORD=hunter2!", &["password=hunter2!"]);
    check(r#"{"password": "s3cr3t value"}"#, &["password=s3cr3t value"]);
    check("net user backupsvc P@ssw0rd! /add", &["user=backupsvc", "password=P@ssw0rd!"]);
    check("Password last set            3/1/2026", &[]);
    check("PasswordRequired : False", &[]);
    check("password=$DB_PASSWORD", &[]);
    check(
        "curl -u deploy:Tr0ub4dor https://localhost",
        &["user=deploy", "password=Tr0ub4dor"],
    );
    check("psexec -u x -p Sommer2026 cmd", &["password=Sommer2026"]);
    check(
        "cs = \"Server=tcp:sql1;Initial Catalog=erp;User ID=app;Password=Abc123;Encrypt=True\"",
        &["connection-string=Server=tcp:sql1;Initial Catalog=erp;User ID=app;Password=Abc123;Encrypt=True"],
    );
    check(
        "postgres://app:pw@db.internal:5432/app",
        &["connection-string=postgres://app:pw@db.internal:5432/app"],
    );
}

#[test]
fn numbers_with_checksums() {
    check("card 4111 1111 1111 1111 ok", &["card=4111 1111 1111 1111"]);
    check("card 4111 1111 1111 1112 no", &[]);
    check(
        "IBAN DE89 3704 0044 0532 0130 00 please",
        &["bank=DE89 3704 0044 0532 0130 00"],
    );
    check("ssn 219-09-9999", &["ssn=219-09-9999"]);
    check("000-12-3456", &[]);
}

#[test]
fn addresses() {
    check("10.0.19045.3803 version 1.2.3.4", &[]);
    check("inet 192.168.1.23/24 brd 255.255.255.0", &["ip=192.168.1.23"]);
    check("fe80::1ff:fe23:4567:890a%eth0", &["ip=fe80::1ff:fe23:4567:890a"]);
    check("12:34:56 std::vec::Vec", &[]);
    check("00-15-5D-01-02-03", &["mac=00-15-5D-01-02-03"]);
    check("jane.doe@contoso.com react@18.2.0", &["email=jane.doe@contoso.com"]);
    check("jane@ws-042:~$ ls", &["user=jane", "host=ws-042"]);
    check(r"CONTOSO\jane", &[r"domain-user=CONTOSO\jane"]);
    check(r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run", &[]);
    check(r"src\main.rs bin\tool", &[]);
    check(
        "S-1-5-21-1004336348-1177238915-682003330-1001 S-1-5-18",
        &["sid=S-1-5-21-1004336348-1177238915-682003330-1001"],
    );
}

#[test]
fn what_is_learned_is_found_elsewhere() {
    check(
        "USERPROFILE=C:\\Users\\mkowalski\nprocess started by mkowalski ok",
        &["user-path=C:\\Users\\mkowalski", "user=mkowalski"],
    );
    check(
        "Host Name: KRAKOW7\nreached krakow7 in 2 ms",
        &["host=KRAKOW7", "host=krakow7"],
    );
}

#[test]
fn an_ordinary_word_is_a_name_only_where_most_say_so() {
    let found = |names: Vec<(Class, String)>, name: &str, places: usize| {
        let text = format!(
            "mail {name}@brelqov-klinik.de\n{}",
            format!("the {name} were read\n").repeat(places)
        );
        let texts = [Text { text: &text, kept: &[] }];
        let found = scrub(&RULES, &Facts { names }, &texts, &Alone).unwrap();
        found[0].len() - 1
    };
    assert_eq!(found(vec![], "packages", 9), 9);
    assert_eq!(found(vec![], "packages", 10), 0);
    // What a rule found that is no word is a name everywhere, and so is what somebody is known to be called, also within what is none.
    assert_eq!(found(vec![], "krokusanne", 300), 300);
    let packages = || vec![(Class::User, "packages".to_owned())];
    assert_eq!(found(packages(), "packages", 300), 300);
    assert_eq!(found(packages(), "packages-lines", 300), 300);
    // A name of the lists is a name, though made of two words.
    assert_eq!(found(vec![], "townsend", 300), 300);
}

#[test]
fn every_class_is_found_where_it_is_planted() {
    let texts = [Text {
        text: "Get-Process\nHandles NPM(K)\n",
        kept: &[],
    }];
    for (class, recall) in measure(&RULES, &Facts::default(), &texts, 7, 40, &Alone).unwrap() {
        assert!(recall.ratio() >= 0.97, "{class}: {} of {}", recall.found, recall.planted);
    }
}

#[test]
fn verbs_stay() {
    let text = "type offer.docx";
    let all = scrub(
        &RULES,
        &Facts {
            names: vec![(caisey_scrub::Class::User, "type offer".into())],
        },
        &[Text {
            text,
            kept: std::slice::from_ref(&(0..4)),
        }],
        &Alone,
    )
    .unwrap();
    assert!(all[0].iter().all(|finding| finding.range.start >= 4));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_panics_and_findings_are_apart(text in "(?s)[\\x00-\\x7f\u{e9}\u{4e2d}\u{1f600}]{0,200}") {
        let found = RULES.find(&text);
        let mut at = 0;
        for finding in found {
            prop_assert!(finding.range.start >= at && finding.range.start < finding.range.end);
            prop_assert!(text.get(finding.range.clone()).is_some(), "cuts a character");
            at = finding.range.end;
        }
    }

    #[test]
    fn no_mixture_of_what_rules_look_for_panics(parts in prop::collection::vec(prop::sample::select(vec![
        "password", "=", ":", " ", "\\", "/", "@", "C:\\Users\\", "/home/", ".docx", "-----BEGIN PRIVATE KEY", "://", "10.0.0.1", "é", "\n", "\"", "'", "-", "S-1-5-21-", "user", "host", "+1", "(", "4111 ", "DE89", "jane", ";", "%", "$", "  ",
    ]), 0..60)) {
        let text: String = parts.concat();
        for finding in RULES.find(&text) {
            prop_assert!(text.get(finding.range).is_some());
        }
    }
}

#[test]
fn who_speaks_again_and_again_is_a_person() {
    let talk =
        "ravi: the cart is not here\ntmcgill: it was there today\nravi: then who has it\ntmcgill: crepe-cidre-29 works for me\n";
    let expected = [
        "user=ravi",
        "user=tmcgill",
        "user=ravi",
        "user=tmcgill",
        "password=crepe-cidre-29",
    ];
    check(talk, &expected);
    check("rsync: failed to open the file\nrsync: connection was closed by them\n", &[]);
}

#[test]
fn codes_and_groups() {
    check(
        "recovery codes: lzh8-cb8k / w4vg-t71m",
        &["token=lzh8-cb8k", "token=w4vg-t71m"],
    );
    check("build codes: lzh8-cb8k", &[]);
    check("password=qhzt wkfo mxrb pjev", &["password=qhzt wkfo mxrb pjev"]);
    check("copied oxlip-fs and read-fs", &["host=oxlip-fs"]);
}

#[test]
fn what_a_sentence_leads_up_to() {
    check(
        "so the new guest password is\nGewitter im Mai\n",
        &["password=Gewitter im Mai"],
    );
    check("please enter the new guest password:\nGewitter im Mai\n", &[]);
}

#[test]
fn passwords_that_show_themselves() {
    check("try Mar-Teapot-61! at the lock screen", &["password=Mar-Teapot-61!"]);
    check("he typed Zeehond!Zeehond, twice", &["password=Zeehond!Zeehond"]);
    check("backup with Torsk&Klippfisk", &["password=Torsk&Klippfisk"]);
    check("it says Hoasen@2025 there", &["password=Hoasen@2025"]);
    check("the switch: admin / crane-lifts-4-tons", &["password=crane-lifts-4-tons"]);
    check("Copy&Paste, Ticket#48211, Notepad++ and build+20230101", &[]);
    check("libssl3 3.0.2+dfsg-1ubuntu1 /etc/a!b C# https://localhost/a#Part1!", &[]);
    check("    All User Profile     : FRITZ!Box 7590", &[]);
    check("admin / user / guest", &[]);
    check("roles: admin / operator", &[]);
}

#[test]
fn keys_of_one_case() {
    check(
        "seed = \"TTYW4DTHNWUTTK2FUAFGRLBB3EULGSM3\"",
        &["token=TTYW4DTHNWUTTK2FUAFGRLBB3EULGSM3"],
    );
    check(
        "nuget push a.nupkg oy2l1nrwmtetk2bu3vbr3us8xd25980nxfr6akn3psdufh",
        &["token=oy2l1nrwmtetk2bu3vbr3us8xd25980nxfr6akn3psdufh"],
    );
    check("9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab", &[]);
    check("internationalisation_of_the_application_2", &[]);
}

#[test]
fn passwords_in_short_answers() {
    check("so tell me what the password was then\nsonechko77", &["password=sonechko77"]);
    check("so tell me what the password was then\nthanks", &[]);
    check("so tell me what the password was then\n+--------+--------+", &[]);
    check("the new guest password is\n+--------+--------+", &[]);
    check("restic_repo_pw: rosemary parsley", &["password=rosemary parsley"]);
    check("sshpass -pnordlys-polarnatt ssh localhost", &["password=nordlys-polarnatt"]);
    check("it has a temporary pass adobo-sinigang", &["password=adobo-sinigang"]);
}

#[test]
fn accounts_that_say_whose_they_are() {
    check(
        "ticket reassigned from annika.soderholm yesterday",
        &["user=annika.soderholm"],
    );
    check("login of a.soderholm failed", &["user=a.soderholm"]);
    check("ticket 4411: annika cannot print", &["user=annika"]);
    check("nuget push a.nupkg and b.csproj, then a.parquet", &[]);
    check("import com.soderholm and a.parquet from org.annika", &[]);
}

#[test]
fn machines_by_what_they_do_and_are_called() {
    check("rejoined KOMP-MAGAZYN2 to the domain", &["host=KOMP-MAGAZYN2"]);
    check("the server druif needs a reboot", &["host=druif"]);
    check("bocian nie odpowiada od rana", &["host=bocian"]);
    check("the server room needs a fan", &[]);
}

#[test]
fn passwords_of_several_words() {
    check("repo_pw=rosemary parsley thyme", &["password=rosemary parsley thyme"]);
    check(
        "Enter passphrase for /dev/sda3: grass snake ladder",
        &["password=grass snake ladder"],
    );
    check(
        "# cat /run/secrets/db_password\ngrass-snake-ladder",
        &["password=grass-snake-ladder"],
    );
    check("# cat /etc/passwd\ngames:x:5", &[]);
    let long = format!("Enter passphrase for /dev/sda3: {}", "grass snake ".repeat(8));
    check(&long, &[]);
}

#[test]
fn addresses_with_passwords_in_other_forms() {
    check(
        "mount_smbfs //anna:Sommer2026@fs1/data /mnt/data",
        &["connection-string=//anna:Sommer2026@fs1/data"],
    );
    check(
        "dsn: app:Sommer2026@tcp(10.0.0.5:3306)/shop",
        &["connection-string=app:Sommer2026@tcp(10.0.0.5:3306)/shop"],
    );
}

#[test]
fn numbers_of_persons_without_labels() {
    check("the caller gave 811218-9876 and hung up", &["ssn=811218-9876"]);
    check("row 14: 44051401359", &["ssn=44051401359"]);
    check("order 44051401358 of 20241106-1200", &[]);
}

#[test]
fn realms_and_profiles_on_servers() {
    check("lotte@pve - permission check failed", &["upn=lotte@pve"]);
    check(
        "moved to /volume1/homes/lotte/scans",
        &["user-path=/volume1/homes/lotte/scans"],
    );
}
