//! What was removed, by class, and how well the rules that removed it did on this very record.

use crate::markup::Html;
use caisey_transcript::release::Planted;
use caisey_transcript::verify::Record;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn print(html: &mut Html, record: &Record) {
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
    html.raw("</section>");
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
