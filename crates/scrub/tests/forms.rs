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
