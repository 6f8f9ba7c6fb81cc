//! What the file says about itself: the information dictionary and the same in XMP (ISO 16684-1), which also claims PDF/A-3a and
//! PDF/UA-1. Validators compare the two letter by letter.

use crate::file::text_string;
use crate::moment;

/// The file's own words. All safe to draw; none trusted to be free of markup.
pub(crate) struct Particulars {
    /// Title.
    pub(crate) title: String,
    /// Who answers for it.
    pub(crate) author: String,
    /// What it is about.
    pub(crate) subject: String,
    /// Program and version.
    pub(crate) program: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub(crate) made_at_ms: u64,
    /// What tells it from all others.
    pub(crate) identity: [u8; 16],
}

impl Particulars {
    /// The information dictionary.
    pub(crate) fn information(&self) -> String {
        let date = digits(self.made_at_ms);
        format!(
            "<</Title{}/Author{}/Subject{}/Creator{}/Producer{}/CreationDate({date})/ModDate({date})>>",
            text_string(&self.title),
            text_string(&self.author),
            text_string(&self.subject),
            text_string(&self.program),
            text_string(&self.program),
        )
    }

    /// The XMP packet.
    pub(crate) fn packet(&self) -> String {
        let [title, author, subject, program] =
            [&self.title, &self.author, &self.subject, &self.program].map(|text| escaped(text));
        let clock = moment::clock(self.made_at_ms).replace(" UTC", "Z");
        let date = format!("{}T{clock}", moment::date(self.made_at_ms));
        let identity = uuid(&self.identity);
        format!(
            r#"<?xpacket begin="{mark}" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>en-GB</rdf:li></rdf:Bag></dc:language>
<xmp:CreatorTool>{program}</xmp:CreatorTool>
<xmp:CreateDate>{date}</xmp:CreateDate>
<xmp:ModifyDate>{date}</xmp:ModifyDate>
<xmp:MetadataDate>{date}</xmp:MetadataDate>
<pdf:Producer>{program}</pdf:Producer>
<xmpMM:DocumentID>uuid:{identity}</xmpMM:DocumentID>
<xmpMM:InstanceID>uuid:{identity}</xmpMM:InstanceID>
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>A</pdfaid:conformance>
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"#,
            mark = '\u{feff}',
        )
    }
}

/// `D:20260527221403Z`
pub(crate) fn digits(time_ms: u64) -> String {
    let numbers = |text: String| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    format!("D:{}{}Z", numbers(moment::date(time_ms)), numbers(moment::clock(time_ms)))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Not allowed in XML at all; texts that are safe to draw have none.
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('?'),
            _ => out.push(letter),
        }
    }
    out
}

fn uuid(bytes: &[u8; 16]) -> String {
    let mut out = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        out.push_str(&format!("{byte:02x}"));
    }
    out
}
