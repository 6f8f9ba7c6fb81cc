//! Lines: JSON arrays without space, the first member says what it is. They are RFC 8785 (JCS) as they stand: no floating point, members of
//! objects in order.

use super::{Fault, Part, damaged};
use crate::store::{StoreError, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_ledger::id::{MAX_SAFE_INTEGER, OrganisationId, TimeMs};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// Version of the format.
const VERSION: u64 = 1;

/// What a file is of. Its line begins every object's digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// What goes before the first slash of every log's origin.
    pub authority: String,
    /// Public half of the key that signs checkpoints, standard base64. The other half is in no file.
    pub checkpoint_key: String,
    /// When it left.
    pub exported_at_ms: TimeMs,
    /// Whose it is.
    pub organisation: OrganisationId,
}

impl Header {
    /// The file's first line.
    pub fn line(&self) -> String {
        json!(["caisey-move", VERSION, self]).to_string()
    }

    /// Reads it.
    ///
    /// # Errors
    /// When it is not one of this version.
    pub fn read(line: &str) -> Result<Self, Fault> {
        let (name, version, header): (String, u64, Json) =
            serde_json::from_str(line).map_err(|_| damaged("it does not begin as a moved organisation"))?;
        if name != "caisey-move" {
            return Err(damaged("it does not begin as a moved organisation"));
        }
        if version != VERSION {
            return Err(Fault::Other(format!(
                "the file has version {version} of its format, and this program reads version {VERSION}. Update the older side first, then \
                 move again"
            )));
        }
        let header: Self = serde_json::from_value(header).map_err(|error| damaged(error.to_string()))?;
        if header.line() != line {
            return Err(damaged("its first line is not in canonical form"));
        }
        Ok(header)
    }
}

/// What stands in a line after the header.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    /// An object begins: its name, its schema.
    Object(Part, u64),
    /// A table begins: its name and columns.
    Table(String, Vec<String>),
    Row(Vec<Value>),
    /// It ends: how many rows, its digest.
    End(u64, String),
}

impl Line {
    pub(super) fn write(&self) -> Result<String, StoreError> {
        Ok(match self {
            Self::Object(part, schema) => json!(["object", part, schema]).to_string(),
            Self::Table(name, columns) => json!(["table", name, columns]).to_string(),
            Self::Row(values) => {
                let mut line = vec![json!("row")];
                for value in values {
                    line.push(cell(value)?);
                }
                Json::Array(line).to_string()
            }
            Self::End(rows, digest) => json!(["end", rows, digest]).to_string(),
        })
    }

    pub(super) fn read(line: &str) -> Result<Self, Fault> {
        let unknown = || damaged("a line cannot be read");
        let Json::Array(members) = serde_json::from_str(line).map_err(|_| unknown())? else {
            return Err(unknown());
        };
        let mut members = members.into_iter();
        let kind = members.next();
        let read = match (kind.as_ref().and_then(Json::as_str), members.as_slice()) {
            (Some("object"), [Json::String(part), schema]) => {
                Self::Object(part.parse().map_err(|_| unknown())?, schema.as_u64().ok_or_else(unknown)?)
            }
            (Some("table"), [Json::String(name), Json::Array(columns)]) => {
                let columns: Option<_> = columns.iter().map(|name| name.as_str().map(str::to_owned)).collect();
                Self::Table(name.clone(), columns.ok_or_else(unknown)?)
            }
            (Some("row"), _) => Self::Row(members.map(value).collect::<Option<_>>().ok_or_else(unknown)?),
            (Some("end"), [rows, Json::String(digest)]) => Self::End(rows.as_u64().ok_or_else(unknown)?, digest.clone()),
            _ => return Err(unknown()),
        };
        Ok(read)
    }
}

/// A blob is an object, which no other value is.
pub(super) fn cell(value: &Value) -> Result<Json, StoreError> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Int(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Blob(bytes) => json!({ "b": STANDARD.encode(bytes) }),
        Value::Real(_) => return Err(StoreError::Refused("no table of ours holds floating point".into())),
    })
}

pub(super) fn value(cell: Json) -> Option<Value> {
    Some(match cell {
        Json::Null => Value::Null,
        Json::Number(number) => Value::Int(number.as_i64().filter(|number| number.unsigned_abs() <= MAX_SAFE_INTEGER)?),
        Json::String(text) => Value::Text(text),
        Json::Object(members) => match (members.len(), members.get("b")) {
            (1, Some(Json::String(bytes))) => Value::Blob(STANDARD.decode(bytes).ok()?),
            _ => return None,
        },
        Json::Bool(_) | Json::Array(_) => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn move_format_unchanged() {
        let header = Header {
            authority: "logs.example".into(),
            checkpoint_key: STANDARD.encode([7; 32]),
            exported_at_ms: TimeMs::new(1_780_000_000_000).unwrap(),
            organisation: OrganisationId::from_bits([1; 16]),
        };
        let line = header.line();
        assert_eq!(
            line,
            format!(
                r#"["caisey-move",1,{{"authority":"logs.example","checkpoint_key":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=","exported_at_ms":1780000000000,"organisation":"{}"}}]"#,
                header.organisation
            )
        );
        assert_eq!(Header::read(&line).unwrap(), header);
        for (line, wanted) in [
            (Line::Object(Part::Organisation, 6), r#"["object","organisation",6]"#),
            (
                Line::Table("texts".into(), vec!["seq".into(), "name".into()]),
                r#"["table","texts",["seq","name"]]"#,
            ),
            (
                Line::Row(vec![
                    Value::Int(-7),
                    Value::Null,
                    Value::Text("a \"b\"\n\u{1}é".into()),
                    Value::Blob(vec![0, 255]),
                ]),
                "[\"row\",-7,null,\"a \\\"b\\\"\\n\\u0001é\",{\"b\":\"AP8=\"}]",
            ),
            (Line::End(3, "ab".into()), r#"["end",3,"ab"]"#),
        ] {
            assert_eq!(line.write().unwrap(), wanted);
            assert_eq!(Line::read(wanted).unwrap(), line);
        }
    }

    #[test]
    fn what_is_no_line_is_damage() {
        for line in [
            "",
            "{}",
            "[]",
            "[1]",
            r#"["row",1.5]"#,
            r#"["row",true]"#,
            r#"["row",9007199254740992]"#,
            r#"["row",{"b":"*"}]"#,
            r#"["row",{"b":"AA==","c":1}]"#,
            r#"["object","somebody",1]"#,
            r#"["table","x",[1]]"#,
            r#"["end",-1,"x"]"#,
            r#"["end",1]"#,
        ] {
            assert!(Line::read(line).is_err(), "{line}");
        }
        assert!(Header::read(r#"["caisey-move",2,{}]"#).is_err_and(|fault| matches!(fault, Fault::Other(_))));
    }
}
