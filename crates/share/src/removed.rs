//! What was removed, by class, how well the rules that removed it did on this very record, and where a person overruled them.

use crate::facts::anchor_of;
use crate::markup::Html;
use caisey_transcript::release::Planted;
use caisey_transcript::restored::Restored;
use caisey_transcript::rows::Transcript;
use caisey_transcript::verify::Record;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn print(html: &mut Html, record: &Record, transcript: &Transcript) {
    html.raw("<section aria-labelledby=\"removed\"><h2 id=\"removed\">What was removed</h2>");
    html.raw(
        "<p class=\"lead\">Personal data and secrets were removed before this record was handed out. Each removal stands in its place as \
         <span class=\"hid\">‹class number›</span>; the same name stands for the same content. The signed entries still prove the rest, and a \
         removal can be opened later to whoever is entitled, against the same signatures.</p>",
    );
    let classes = record.redactions.counts();
    let scrub = record.release.as_ref().and_then(|release| release.scrub.as_ref());
    let empty = BTreeMap::new();
    let measured = scrub.map_or(&empty, |scrub| &scrub.classes);
    let names: BTreeSet<&String> = classes.keys().chain(measured.keys()).collect();
    if names.is_empty() {
        html.raw("<p>Nothing was removed.</p>");
    } else {
        html.raw(
            "<table class=\"removed\"><thead><tr><th scope=\"col\">Class</th><th scope=\"col\" class=\"number\">Removed</th>\
             <th scope=\"col\" class=\"number\">Planted for measuring</th><th scope=\"col\" class=\"number\">Found of them</th></tr></thead><tbody>",
        );
        for name in names {
            html.element(
                "<tr><th scope=\"row\">",
                &name.replace('-', " "),
                "</th><td class=\"number\">",
            );
            html.number(classes.get(name).copied().unwrap_or_default());
            planted(html, measured.get(name));
        }
        html.raw("</tbody></table>");
    }
    match scrub {
        Some(scrub) => {
            let total = scrub.total();
            html.raw("<p><strong>Recall ")
                .line(&percent(total))
                .raw(".</strong> In a copy of this record, ");
            html.number(total.planted)
                .raw(" made-up identifiers were planted; the same rules (version ")
                .line(&scrub.rules);
            html.raw(") found ")
                .number(total.found)
                .raw(" of them. Below ")
                .number(scrub.least_per_mille);
            html.raw(
                " in 1000 of any class, nothing is handed out. This is the maker’s own measurement, under their signature.</p>",
            );
        }
        None => {
            html.raw("<p>How well the removal worked was not measured.</p>");
        }
    }
    let restored = record.release.as_ref().map_or(&[][..], |release| release.restored.as_slice());
    shown_again(html, record, transcript, restored);
    html.raw("</section>");
}

fn shown_again(html: &mut Html, record: &Record, transcript: &Transcript, restored: &[Restored]) {
    if restored.is_empty() {
        return;
    }
    html.raw(
        "<h3>Shown again by a person</h3><p>The rules would have hidden the following. Somebody looked, and shows it all the same; why is their \
         word, under their name.</p><ul class=\"bullets\">",
    );
    for one in restored {
        let row = transcript
            .rows
            .iter()
            .any(|row| row.log == one.log && row.seq == one.seq.get());
        html.raw("<li>");
        if row {
            html.raw("<a href=\"#")
                .line(&anchor_of(record, &one.log, one.seq.get()))
                .raw("\">");
        }
        html.raw("Entry ").number(one.seq.get());
        html.raw(if row { "</a>" } else { "" })
            .raw(", ")
            .line(&one.text.replace('_', " "));
        html.raw(": taken for <b>")
            .line(&one.class.replace('-', " "))
            .raw("</b> by ")
            .line(&one.by);
        html.raw(". ")
            .line(&one.restored_by)
            .raw(": <q>")
            .line(&one.reason)
            .raw("</q></li>");
    }
    html.raw("</ul>");
}

fn planted(html: &mut Html, measured: Option<&Planted>) {
    html.raw("</td><td class=\"number\">");
    match measured {
        Some(one) => {
            html.number(one.planted).raw("</td><td class=\"number\">").number(one.found);
        }
        None => {
            html.raw("–</td><td class=\"number\">–");
        }
    }
    html.raw("</td></tr>");
}

/// Rounded down, so that one miss is never called a hundred.
fn percent(total: Planted) -> String {
    if total.planted == 0 {
        return "not measured".to_owned();
    }
    let per_mille = total.found.saturating_mul(1_000) / total.planted;
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}
