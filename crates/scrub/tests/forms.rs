//! Forms of makers, countries and programs, each in a line of its own.
use crate::rules::check;

#[test]
fn keys_of_makers() {
    check(
        "acrobat 1118-4671-9797-2158-7482-7466",
        &["licence-key=1118-4671-9797-2158-7482-7466"],
    );
    check(
        "key is QFRSD-9EHAN-H3631-MQJZ3-FBPBXDF",
        &["licence-key=QFRSD-9EHAN-H3631-MQJZ3-FBPBXDF"],
    );
    check(
        "sn 393-79757038, pk 797K1",
        &["licence-key=393-79757038", "licence-key=797K1"],
    );
    check(
        "SerialNumber=9000 0111 5354 8894 W4F7 3QBY",
        &["licence-key=9000 0111 5354 8894 W4F7 3QBY"],
    );
    check("cscript ospp.vbs /unpkey:49TCP", &["licence-key=49TCP"]);
    check("SFP-10G-LR and WS-C3850-24T-E", &[]);
    check("product id 00330-80000-00000-AA311", &[]);
}

#[test]
fn telephone_numbers_of_countries() {
    check("que llame al 943 555 018 y pregunte", &["phone=943 555 018"]);
    check("the disk holds 943 555 018 bytes", &[]);
    check("[00493055501881@from-trunk:1]", &["phone=00493055501881"]);
    check("Called PJSIP/015155501882", &["phone=015155501882"]);
    check("from (0)20 7946 0122 today", &["phone=(0)20 7946 0122"]);
    check("office 2016 16.0.5422", &[]);
}

#[test]
fn names_and_passwords_of_any_program() {
    check("tool -u jbrandt -p Kessel_7", &["user=jbrandt", "password=Kessel_7"]);
    check("docker run -u 1000 -p 8080:80 nginx", &[]);
    check("stats auth watcher:Haproxy_9", &["user=watcher", "password=Haproxy_9"]);
    check(
        "createUser monwf SHA \"Faraday-9\" AES \"MaxwellDemon\"",
        &["user=monwf", "password=Faraday-9", "password=MaxwellDemon"],
    );
    check("bindpw Szukaj.Szukaj", &["password=Szukaj.Szukaj"]);
    check("password required", &[]);
    check(
        "username azubi privilege 1 password 0 kabelsalat",
        &["user=azubi", "password=kabelsalat"],
    );
    check("gateway jhtan88 / Th3Ledger", &["user=jhtan88", "password=Th3Ledger"]);
    check("she changed it to MyDog3Rex1 today", &["password=MyDog3Rex1"]);
    check("she changed it to automatic today", &[]);
}

#[test]
fn secrets_said_once_are_secrets_everywhere() {
    check(
        "reset.exe --password Possum42possum\nPossum42possum",
        &["password=Possum42possum", "password=Possum42possum"],
    );
}

#[test]
fn devices_and_accounts_of_machines() {
    check("backup of Zara's iMac failed", &["host=Zara's iMac"]);
    check("seen iPhone of Greg in lobby", &["host=iPhone of Greg"]);
    check("the iPhone of choice", &[]);
    check("Account Name:\t\tTS01$", &["host=TS01$"]);
    check(
        "1709829011 d4:ca:6d:1c:9c:b7 10.0.0.101 melkrobot *",
        &["mac=d4:ca:6d:1c:9c:b7", "ip=10.0.0.101", "host=melkrobot"],
    );
}

#[test]
fn accounts_behind_what_was_done() {
    check("su usuario es iarrieta", &["user=iarrieta"]);
    check("ticket closed by lcheng.", &["user=lcheng"]);
    check("fixed by enlarging the partition", &[]);
    check("?user=1&email=gemma%40hazelit.co.uk", &["email=gemma%40hazelit.co.uk"]);
    check("<nadia.b@kleurad> starting task", &["upn=nadia.b@kleurad"]);
}

#[test]
fn paths_with_blanks() {
    check(
        "borg create ::x /home/hughj/Practice letters/2024 | head -4",
        &["user-path=/home/hughj/Practice letters/2024"],
    );
    check(
        "Data on /Users/irma/Pictures/Retreat 2019 to be copied",
        &["user-path=/Users/irma/Pictures/Retreat 2019"],
    );
    check(
        r"get C:\Users\jfenn\OneDrive - Northlight Optics\Lens trials\run 7 (final).xlsx is gone",
        &[r"user-path=C:\Users\jfenn\OneDrive - Northlight Optics\Lens trials\run 7 (final).xlsx"],
    );
    check(r"dir D:\Utenti\e.fabbri", &[r"user-path=D:\Utenti\e.fabbri"]);
    check(
        r#"dir "E:\old\Users\Ebony C\Cakes (Nana)""#,
        &[r"user-path=E:\old\Users\Ebony C\Cakes (Nana)"],
    );
    check(
        r"homeDirectory: \\haapa\yhteiset\lumih",
        &[r"user-path=\\haapa\yhteiset\lumih"],
    );
    check("cp /home/jane/notes /tmp", &["user-path=/home/jane/notes"]);
    check("mv /home/jane/docs is slow", &["user-path=/home/jane/docs"]);
}

#[test]
fn documents_of_several_words() {
    check(
        "it is called Nez Perce ROW - invoice 2207.xlsx again",
        &["document=Nez Perce ROW - invoice 2207.xlsx"],
    );
    check(
        "found Grant proposal NFR 2025.pdf there",
        &["document=Grant proposal NFR 2025.pdf"],
    );
    check("急ぎは「見積書_最終.xlsx」です", &["document=見積書_最終.xlsx"]);
    check("payslips_bos.pdf.locked", &["document=payslips_bos.pdf.locked"]);
}

#[test]
fn prompts_that_are_a_name_alone() {
    check("kronosx # visudo -c", &["host=kronosx"]);
    check("nairobi-07 ~ # dmesg", &["host=nairobi-07"]);
    check("pgb-tern /etc/pgbouncer # ls", &["host=pgb-tern"]);
    check("listsrvq$ whoami", &["host=listsrvq"]);
    check("enabled # cat is a pager", &[]);
    check("herdubreidq ansible_port=2022", &["host=herdubreidq"]);
    check("printer zebra-mensaq is idle.  enabled since Monday", &["host=zebra-mensaq"]);
}
