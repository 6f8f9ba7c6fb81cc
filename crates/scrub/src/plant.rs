//! Synthetic identifiers of every class, in the surroundings that such identifiers have in terminals.

use crate::class::Class;
use std::ops::Range;

/// An identifier in its surroundings.
pub(crate) struct Plant {
    /// A line as a terminal shows it.
    pub(crate) line: String,
    /// Where the identifier stands in it.
    pub(crate) range: Range<usize>,
}

/// splitmix64 (Steele, Lea and Flood, OOPSLA 2014): reproducible, not secret.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % (limit.max(1) as u64)) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let signs: Vec<char> = alphabet.chars().collect();
        (0..length)
            .filter_map(|_| signs.get(self.below(signs.len())).copied())
            .collect()
    }

    fn digits(&mut self, length: usize) -> String {
        self.text("0123456789", length)
    }

    /// A pronounceable name of nobody.
    fn name(&mut self) -> String {
        let length = 2 + self.below(2);
        (0..length)
            .map(|_| {
                format!(
                    "{}{}",
                    self.pick(&["b", "d", "f", "g", "k", "l", "m", "n", "r", "s", "t", "v", "z"]),
                    self.pick(&["a", "e", "i", "o", "u", "ai", "or", "en"])
                )
            })
            .collect::<String>()
            + self.pick(&["x", "rk", "nd", "lt", "sch", "vik"])
    }

    fn capital(&mut self) -> String {
        let name = self.name();
        let mut signs = name.chars();
        signs
            .next()
            .map(|first| first.to_uppercase().chain(signs).collect())
            .unwrap_or_default()
    }
}

const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &str = "BCDFGHJKMPQRTVWXY2346789";

fn plant(before: &str, what: &str, after: &str) -> Plant {
    Plant {
        line: format!("{before}{what}{after}"),
        range: before.len()..before.len() + what.len(),
    }
}

/// One identifier of this class, as a terminal shows it.
pub(crate) fn sow(class: Class, r: &mut Random) -> Plant {
    let choice = r.below(6);
    let (before, what, after) = match class {
        Class::Key => (
            "",
            format!(
                "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----",
                r.text(ALPHANUMERIC, 70)
            ),
            "",
        ),
        Class::ConnectionString => match choice {
            0 => (
                "DATABASE_URL=",
                format!("postgres://{}:{}@10.0.0.5/app", r.name(), r.text(ALPHANUMERIC, 12)),
                "",
            ),
            1 => (
                "      value: ",
                format!(
                    "mongodb+srv://{}:{}@cluster0.{}.mongodb.net/app",
                    r.name(),
                    r.text(ALPHANUMERIC, 12),
                    r.name()
                ),
                "",
            ),
            2 => (
                "$env:STORAGE = '",
                format!(
                    "DefaultEndpointsProtocol=https;AccountName={};AccountKey={}==",
                    r.name(),
                    r.text(ALPHANUMERIC, 86)
                ),
                "'",
            ),
            3 => (
                "",
                format!(
                    "host=db1 port=5432 dbname=app user={} password={} sslmode=require",
                    r.name(),
                    r.text(ALPHANUMERIC, 10)
                ),
                "",
            ),
            _ => (
                "connectionString=\"",
                format!(
                    "Server=sql1;Database=erp;User Id={};Password={}",
                    r.name(),
                    r.text(ALPHANUMERIC, 12)
                ),
                "\"",
            ),
        },
        Class::Password => match choice {
            0 => ("net use Z: /user:backup ", r.text(ALPHANUMERIC, 11), ""),
            1 => ("    Key Content            : ", r.text(ALPHANUMERIC, 14), ""),
            2 => ("    DefaultPassword    REG_SZ    ", r.text(ALPHANUMERIC, 10), ""),
            3 => (
                "she says her password is ",
                format!("{}{}!", r.capital(), 10 + r.below(89)),
                " and it stopped working",
            ),
            4 => ("the PIN for the alarm is ", r.digits(6), ""),
            _ => ("mysqldump --password=", r.text(ALPHANUMERIC, 12), " --all-databases"),
        },
        Class::Token => match choice {
            0 => ("Authorization: Bearer ", r.text(ALPHANUMERIC, 43) + "7", ""),
            1 => ("GITHUB=", format!("ghp_{}", r.text(ALPHANUMERIC, 36)), ""),
            2 => ("Cookie: ", format!("session={}; theme=dark", r.text(ALPHANUMERIC, 24)), ""),
            3 => (
                "\"client_secret\": \"",
                format!("{}7{}", r.text(ALPHANUMERIC, 20), r.text(ALPHANUMERIC, 20)),
                "\",",
            ),
            _ => (
                "AWS_ACCESS_KEY_ID=",
                format!("AKIA{}", r.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
                "",
            ),
        },
        Class::LicenceKey => match choice {
            0 => ("Partial Product Key: ", r.text(UPPER, 5), ""),
            1 => (
                "License key: ",
                format!(
                    "{}7-{}-{}-{}",
                    r.text(UPPER, 3),
                    r.text(UPPER, 4),
                    r.text(UPPER, 4),
                    r.text(UPPER, 4)
                ),
                "",
            ),
            _ => (
                "slmgr /ipk ",
                (0..5).map(|_| r.text(UPPER, 5)).collect::<Vec<_>>().join("-"),
                "",
            ),
        },
        Class::Card => ("card on file: ", card(r), " exp 11/29"),
        Class::Bank => match choice {
            0 => ("account number: ", r.digits(10), ""),
            1 => (
                "sort code ",
                format!("{}-{}-{}", r.digits(2), r.digits(2), r.digits(2)),
                " for the refund",
            ),
            _ => ("IBAN ", iban(r), " (main account)"),
        },
        Class::Ssn => (
            "SSN: ",
            format!(
                "{}{}-{}{}-{}{}",
                1 + r.below(5),
                10 + r.below(89),
                1 + r.below(9),
                r.below(10),
                1 + r.below(9),
                r.digits(3)
            ),
            "",
        ),
        Class::UserPath => match choice {
            0 => (
                "    Directory: ",
                format!("C:\\Users\\{}\\Documents\\{}", r.name(), r.capital()),
                "",
            ),
            1 => ("cat ", format!("/home/{}/.config/{}.ini", r.name(), r.name()), ""),
            _ => ("open ", format!("/Users/{}/Desktop/{}", r.name(), r.name()), ""),
        },
        Class::Document => match choice {
            0 => (
                "-rw-rw-r-- 1 root staff 48213 Feb 11 09:14 ",
                format!("{} {} 2026.pdf", r.capital(), r.name()),
                "",
            ),
            1 => ("./hr/", format!("{} {}.xlsx", r.capital(), r.capital()), ""),
            2 => ("could not open ", format!("{} 2026.xlsx", r.capital()), " this morning"),
            3 => (
                "\t    New File  \t\t   48213\t",
                format!("{} {}.jpg", r.capital(), r.name()),
                "",
            ),
            _ => (
                "03/14/2026  09:12 AM            18,233 ",
                format!("{} {}.docx", r.capital(), r.capital()),
                "",
            ),
        },
        Class::Email => ("From: ", format!("{}.{}@{}.com", r.name(), r.name(), r.name()), ""),
        Class::Upn => ("UserPrincipalName : ", format!("{}@{}.local", r.name(), r.name()), ""),
        Class::DomainUser => ("Owner  : ", format!("{}\\{}", r.name().to_uppercase(), r.name()), ""),
        Class::User => match choice {
            0 => ("Accepted publickey for ", r.name(), " from port 50022 ssh2"),
            2 => ("spoke to ", format!("{} {}", r.capital(), r.capital()), " about the printer"),
            3 => ("the ticket came from Mrs. ", r.capital(), ", second floor"),
            4 => (
                "Signed-off-by: ",
                format!("{} {}", r.capital(), r.capital()),
                " <noreply@example.org>",
            ),
            1 => (
                "Full Name                    ",
                format!("{} {}", r.capital(), r.capital()),
                "",
            ),
            _ => ("SamAccountName    : ", r.name(), ""),
        },
        Class::Host => match choice {
            0 => (
                "Host Name:                 ",
                format!("{}-{}", r.name().to_uppercase(), r.digits(2)),
                "",
            ),
            1 => ("ping ", format!("{}.{}.local", r.name(), r.name()), ""),
            2 => ("ssh: connect to host ", r.name(), " port 22: Connection refused"),
            3 => ("    Hostname    REG_SZ    ", format!("{}-PC", r.name().to_uppercase()), ""),
            _ => ("PSComputerName : ", format!("DESKTOP-{}", r.text(UPPER, 7)), ""),
        },
        Class::Phone => match choice {
            1 => ("call her back on ", format!("0171 {}", r.digits(7)), " after lunch"),
            2 => ("Tel. ", format!("0{}{}/{}", 2 + r.below(8), 1 + r.below(9), r.digits(7)), ""),
            3 => ("reach him at ", format!("+44 20 {} {}", r.digits(4), r.digits(4)), ""),
            0 => (
                "OfficePhone : ",
                format!("+1 {}{} 555 {}", 2 + r.below(8), r.digits(2), r.digits(4)),
                "",
            ),
            _ => (
                "Mobile: ",
                format!("({}{}) 555-{}", 2 + r.below(8), r.digits(2), r.digits(4)),
                "",
            ),
        },
        Class::Ip => match choice {
            0 => (
                "   IPv4 Address. . . . . . . . . . . : ",
                format!("10.{}.{}.{}", r.below(250), r.below(250), 1 + r.below(250)),
                "(Preferred)",
            ),
            1 => (
                "    inet6 ",
                format!(
                    "fe80::{:x}:{:x}:9{:x}",
                    1 + r.below(60_000),
                    1 + r.below(60_000),
                    r.below(4_000)
                ),
                "/64 scope link",
            ),
            _ => (
                "Failed password for root from ",
                format!("198.51.100.{}", 1 + r.below(250)),
                " port 4711",
            ),
        },
        Class::Mac => {
            let pairs: Vec<String> = (0..6).map(|_| format!("{:02X}", 16 + r.below(200))).collect();
            match choice {
                0 => ("MAC: ", pairs.concat(), ""),
                1 => ("link/ether ", pairs.join(":").to_lowercase(), " brd ff:ff:ff:ff:ff:ff"),
                2 => (
                    "  10    ",
                    pairs
                        .chunks(2)
                        .map(<[String]>::concat)
                        .collect::<Vec<_>>()
                        .join(".")
                        .to_lowercase(),
                    "    DYNAMIC     Gi1/0/4",
                ),
                _ => ("   Physical Address. . . . . . . . . : ", pairs.join("-"), ""),
            }
        }
        Class::Sid => (
            "SID : ",
            format!(
                "S-1-5-21-{}-{}-{}-{}",
                r.below(4_000_000),
                r.below(4_000_000),
                r.below(4_000_000),
                1000 + r.below(9000)
            ),
            "",
        ),
        Class::Guid => (
            "ObjectGUID : ",
            format!(
                "{}-{}-4{}-a{}-{}",
                r.text("0123456789abcdef", 8),
                r.text("0123456789abcdef", 4),
                r.text("0123456789abcdef", 3),
                r.text("0123456789abcdef", 3),
                r.text("0123456789abcdef", 12)
            ),
            "",
        ),
    };
    plant(before, &what, after)
}

/// Sixteen digits whose Luhn sum holds.
fn card(r: &mut Random) -> String {
    let digits = format!("4{}", r.digits(14));
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| u32::from(byte - b'0') * if at % 2 == 0 { 2 } else { 1 })
        .map(|digit| digit / 10 + digit % 10)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// A German account number whose remainder is 1 (ISO 13616).
fn iban(r: &mut Random) -> String {
    let account = r.digits(18);
    let rest = account
        .bytes()
        .map(|byte| u32::from(byte - b'0'))
        .chain([1, 3, 1, 4, 0, 0])
        .fold(0, |rest, digit| (rest * 10 + digit) % 97);
    format!("DE{:02}{account}", 98 - rest)
}
