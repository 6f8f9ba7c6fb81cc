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

#[test]
fn telephone_numbers_in_fields_and_sentences() {
    check("serwis karty 22 555 09 80.", &["phone=22 555 09 80"]);
    check("dzwoni biuro (85 555 01 62): nic", &["phone=85 555 01 62"]);
    check("x;86 55 50 11;y", &["phone=86 55 50 11"]);
    check("tunnel til 86 55 50 11", &["phone=86 55 50 11"]);
    check("86 55 50 11 00 21", &[]);
    check("Tel. (+34) 945 550 117", &["phone=(+34) 945 550 117"]);
    check("電話は03-5550-1274、", &["phone=03-5550-1274"]);
    check("10 240 00 12 bytes", &[]);
}

#[test]
fn numbers_of_persons_and_accounts_of_countries() {
    check("RV 53 200460 W 171", &["ssn=53 200460 W 171"]);
    check("?x=170075916466528 HTTP", &[]);
    check("?x=170075916466527 HTTP", &["ssn=170075916466527"]);
    check("splatno na 1617530233/0100.", &["bank=1617530233/0100"]);
    check("build 1617530234/0100.", &[]);
}

#[test]
fn keys_of_more_makers() {
    check(
        "(5CCDD864-6A7F143C-030E64BF-2F5887B8)",
        &["licence-key=5CCDD864-6A7F143C-030E64BF-2F5887B8"],
    );
    check("Lexware 4736-8151-9658-5864-5655", &["licence-key=4736-8151-9658-5864-5655"]);
    check(
        "SIGN=\"92CB 5F5B F1CE FA1F 0B38 B44B\"",
        &["licence-key=92CB 5F5B F1CE FA1F 0B38 B44B"],
    );
}

#[test]
fn passwords_that_signs_show() {
    check("la contraseña actual «Benvenuta.23»", &["password=Benvenuta.23"]);
    check("Passwort im Menü „Einstellungen“ ändern", &[]);
    check("the password changed again -> ostrich7plume", &["password=ostrich7plume"]);
    check("wifi key still late harvest 2016, sorry", &["password=late harvest 2016"]);
    check("switch ....... admin  hP!1930_og1", &["password=hP!1930_og1"]);
    check("gast / juni-2024-gast", &["password=juni-2024-gast"]);
    check("UPDATE u SET user_pass=MD5('trigo-limpo')", &["password=trigo-limpo"]);
    check(
        "net use R: \\\\mayonq\\x \"lechon baboy 50kg\" /user:marites",
        &["host=mayonq", "password=lechon baboy 50kg", "user=marites"],
    );
    check("wireless.wifinet0.key='feelbettersoon'", &["password=feelbettersoon"]);
    check(
        "<Key>Password</Key><Value ProtectInMemory=\"True\">Zirbe/7</Value>",
        &["password=Zirbe/7"],
    );
}

#[test]
fn tokens_behind_words_and_in_addresses() {
    check(
        "API-Key Wetterstation 9f3c-5e3b8c9ed5499878ff28e61c",
        &["token=9f3c-5e3b8c9ed5499878ff28e61c"],
    );
    check("the api key expired on 2024-10-20", &[]);
    check(
        "GET /rest?wstoken=53d374f3eccfd8b1e3568e4e646c8a76&f=json",
        &["token=53d374f3eccfd8b1e3568e4e646c8a76"],
    );
    check("GET /app.js?v=53d374f3eccfd8b1e3568e4e646c8a76", &[]);
    check("enter the code VNGXFDYLG to authenticate", &["token=VNGXFDYLG"]);
    check(
        "dbq.example.lan:5432:crm:crm_app:fc6ezdlq",
        &["connection-string=dbq.example.lan:5432:crm:crm_app:fc6ezdlq"],
    );
    check(
        "se=2025-05-01&sp=rl&sv=2022-11-02&sig=ReetaneDV94H%3D",
        &["token=se=2025-05-01&sp=rl&sv=2022-11-02&sig=ReetaneDV94H%3D"],
    );
}
