//! Whole documents: the page around a record, the question for a passphrase, and what a link shows that leads nowhere.
//!
//! Promises: complete without a script and without a style; no inline script, and no style but [`CSS`], whose digest a strict policy names;
//! nothing is fetched from elsewhere. What a script may change has an `id` (ui/share).

use crate::Shown;
use crate::markup::Html;
use caisey_ledger::id::TimeMs;
use caisey_transcript::moment;

/// The style of every page here. It stands within them: on a slow network nobody waits another turn before something is seen.
pub const CSS: &str = include_str!("page.css");

/// Where the page's own files are, with whatever tells their versions apart; absent when this program was built without them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// The script of the page.
    pub script: Option<String>,
    /// The worker in which the check runs.
    pub worker: Option<String>,
    /// The check, as WebAssembly.
    pub check: Option<String>,
}

/// What stands around a record.
#[derive(Debug, Clone)]
pub struct Around {
    /// The page's own files.
    pub files: Files,
    /// Where the pack can be fetched.
    pub pack_url: String,
    /// SHA-256 of the pack, lower-case hexadecimal.
    pub pack: String,
    /// Its length.
    pub size_bytes: u64,
    /// When the link ends.
    pub expires_at_ms: TimeMs,
    /// When another pack took the first one's place.
    pub refreshed_at_ms: Option<TimeMs>,
}

/// The page of a shared record.
pub fn shared(shown: &Shown, around: &Around) -> String {
    let mut html = Html::default();
    let can_check = around.files.script.is_some() && around.files.worker.is_some() && around.files.check.is_some();
    head(&mut html, &shown.title, &around.files, can_check);
    html.raw("<header class=\"bar\"><p><b>Caisey</b> shared record</p><p>Link ends on ");
    html.line(&moment::full(around.expires_at_ms.get()))
        .raw("</p></header><main id=\"main\" data-pack=\"");
    html.line(&around.pack_url)
        .raw("\" data-size=\"")
        .number(around.size_bytes)
        .raw("\" data-sha256=\"")
        .line(&around.pack)
        .raw("\"");
    for (name, value) in [
        (" data-worker=\"", &around.files.worker),
        (" data-check=\"", &around.files.check),
    ] {
        if let (true, Some(value)) = (can_check, value) {
            html.raw(name).line(value).raw("\"");
        }
    }
    html.raw(">");
    verdict(&mut html, shown, can_check);
    if let Some(at) = around.refreshed_at_ms {
        html.raw("<p class=\"replaced\">This link showed another version of the record before. It was replaced on ");
        html.line(&moment::full(at.get())).raw(".</p>");
    }
    html.raw("<div id=\"record\">").finished(&shown.record).raw("</div>");
    checked(&mut html, shown);
    yourself(&mut html, around);
    html.raw("</main>");
    foot(&mut html);
    html.finish()
}

fn verdict(html: &mut Html, shown: &Shown, can_check: bool) {
    if shown.holds {
        html.raw("<div id=\"verdict\" class=\"verdict open\" role=\"status\"><p><strong>Not verified by this browser.</strong> ");
        html.raw(if can_check {
            "This page checks itself with JavaScript, which is off or has not run yet. Until then what you read is the word of whoever sent it. \
             <a href=\"#yourself\">Check it yourself</a>"
        } else {
            "What you read is the word of whoever sent it: this control plane was built without the check for browsers. <a href=\"#yourself\">Check \
             it yourself</a>"
        });
    } else {
        html.raw("<div id=\"verdict\" class=\"verdict fails\" role=\"status\"><p><strong>Broken.</strong> The control plane itself finds that this record \
                  does not hold. Do not rely on it. <a href=\"#checks-title\">What is wrong</a>");
    }
    html.raw("</p></div>");
}

fn checked(html: &mut Html, shown: &Shown) {
    html.raw(
        "<section aria-labelledby=\"checks-title\"><h2 id=\"checks-title\">What was checked</h2><p id=\"checks-lead\" class=\"lead\">\
         Nothing was checked by this browser. The control plane that sent this page says that it came to the following; that is the word of \
         whoever operates it.</p><ol id=\"checks\" class=\"checks said\">",
    );
    html.finished(&shown.checks).raw("</ol>");
    html.raw(
        "<h3>What no check of the file can tell</h3><ul class=\"bullets\"><li>Whose key the control plane’s is. Compare it with the key that you were \
         given by another way than this link.</li><li>That people are who they sign as: the organisation’s identity provider vouches for \
         that.</li><li>What was done to the machine by other means than this record’s.</li></ul></section>",
    );
}

fn yourself(html: &mut Html, around: &Around) {
    html.raw("<section aria-labelledby=\"yourself\"><h2 id=\"yourself\">Check it without trusting us</h2>");
    html.raw("<p class=\"lead\">The page, the script that checks it and this text all come from one place. The file does not need any of them.</p><ol class=\"steps\"><li><a class=\"button\" href=\"");
    html.line(&around.pack_url)
        .raw("\" download>Download the evidence pack</a> <span class=\"id\">");
    html.line(&size(around.size_bytes))
        .raw(", SHA-256 <span class=\"digest\">")
        .line(&around.pack)
        .raw("</span></span></li>");
    html.raw(
        "<li>Open it as the ZIP archive that it is, and read README.txt: it says what each file is and how to check it with common \
         tools.</li><li>Let a program of your own choice do it. The format is public, and two independent verifiers are too: <code>caisey verify FILE</code>, \
         and a short Python script. Both work with the network unplugged.</li><li>Ask the organisation, by telephone or in person, for the key of its \
         control plane, and give it to the verifier: then the file’s own word for that key is no longer needed.</li></ol></section>",
    );
}

fn size(bytes: u64) -> String {
    match bytes {
        0..=1_048_575 => format!("{} KiB", bytes.div_ceil(1_024)),
        _ => format!("{}.{} MiB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

/// The question for a passphrase; `problem` says what became of the last answer.
pub fn passphrase(files: &Files, problem: Option<&str>) -> String {
    let mut html = Html::default();
    head(&mut html, "Shared record", files, false);
    html.raw("<header class=\"bar\"><p><b>Caisey</b> shared record</p></header><main class=\"note\"><h1>This record needs a passphrase</h1>");
    html.raw("<p>Whoever gave you the link can tell you the passphrase, by another way than the link.</p>");
    html.raw("<form method=\"post\"><label for=\"passphrase\">Passphrase</label>");
    if let Some(problem) = problem {
        html.element("<p class=\"problem\" role=\"alert\" id=\"problem\">", problem, "</p>");
    }
    html.raw("<input id=\"passphrase\" name=\"passphrase\" type=\"password\" autocomplete=\"off\" required maxlength=\"200\"");
    html.raw(if problem.is_some() {
        " aria-describedby=\"problem\" aria-invalid=\"true\""
    } else {
        ""
    });
    html.raw("><button type=\"submit\">Open the record</button></form></main>");
    foot(&mut html);
    html.finish()
}

/// A page that says why there is nothing to read: what happened, what it means, what to do.
pub fn nothing(files: &Files, title: &str, sentences: &[&str]) -> String {
    let mut html = Html::default();
    head(&mut html, title, files, false);
    html.raw("<header class=\"bar\"><p><b>Caisey</b> shared record</p></header><main class=\"note\">");
    html.element("<h1>", title, "</h1>");
    for sentence in sentences {
        html.element("<p>", sentence, "</p>");
    }
    html.raw("</main>");
    foot(&mut html);
    html.finish()
}

fn head(html: &mut Html, title: &str, files: &Files, script: bool) {
    html.raw(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex, nofollow, noarchive\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta name=\"color-scheme\" content=\"light dark\">",
    );
    html.element("<title>", title, "</title>");
    html.raw("<style>").raw(CSS).raw("</style>");
    if let (true, Some(source)) = (script, &files.script) {
        html.element("<script type=\"module\" src=\"", source, "\"></script>");
    }
    html.raw("</head><body>");
}

fn foot(html: &mut Html) {
    html.raw("<footer><p>This page is not listed anywhere, sets no cookie and fetches nothing from elsewhere.</p></footer></body></html>");
}
