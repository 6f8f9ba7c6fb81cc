//! The sRGB colour profile that says what the document's colours are (ICC.1:2004-10, IEC 61966-2-1), made here from the published
//! numbers, so that it is ours to give away.

/// The profile's bytes: a display profile of three primaries and one curve.
pub(crate) fn srgb() -> Vec<u8> {
    // Primaries and white as the profile connection space has them: adapted to D50 by Bradford's method.
    let tags: [(&[u8; 4], Vec<u8>); 10] = [
        (b"desc", words("sRGB IEC61966-2.1")),
        (b"cprt", words("No copyright, use freely")),
        (b"wtpt", xyz([0.9642, 1.0, 0.8249])),
        (b"chad", adaptation()),
        (b"rXYZ", xyz([0.436_07, 0.222_49, 0.013_92])),
        (b"gXYZ", xyz([0.385_15, 0.716_87, 0.097_08])),
        (b"bXYZ", xyz([0.143_07, 0.060_61, 0.714_10])),
        (b"rTRC", curve()),
        (b"gTRC", curve()),
        (b"bTRC", curve()),
    ];
    let head = 128 + 4 + tags.len() * 12;
    let mut table = number(tags.len());
    let mut data = Vec::new();
    for (name, content) in &tags {
        table.extend_from_slice(*name);
        table.extend(number(head + data.len()));
        table.extend(number(content.len()));
        data.extend_from_slice(content);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut out = number(head + data.len());
    out.extend([0; 4]);
    out.extend([4, 0x20, 0, 0]);
    out.extend(b"mntrRGB XYZ ");
    // 1 January 2026, so that the same program makes the same bytes.
    for value in [2026_u16, 1, 1, 0, 0, 0] {
        out.extend(value.to_be_bytes());
    }
    out.extend(b"acsp");
    // No platform, flags, maker, model, attributes; perceptual intent; D50; no creator, no digest.
    out.resize(68, 0);
    for value in [0.9642, 1.0, 0.8249] {
        out.extend(fixed(value));
    }
    out.resize(128, 0);
    out.extend(table);
    out.extend(data);
    out
}

fn number(value: usize) -> Vec<u8> {
    u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes().to_vec()
}

/// s15Fixed16Number
fn fixed(value: f64) -> [u8; 4] {
    // All values here lie between -1 and 3.
    #[allow(clippy::cast_possible_truncation)]
    let value = (value * 65_536.0).round() as i32;
    value.to_be_bytes()
}

fn of_kind(kind: &[u8; 4]) -> Vec<u8> {
    let mut out = kind.to_vec();
    out.extend([0; 4]);
    out
}

fn xyz(values: [f64; 3]) -> Vec<u8> {
    let mut out = of_kind(b"XYZ ");
    out.extend(values.into_iter().flat_map(fixed));
    out
}

fn adaptation() -> Vec<u8> {
    let rows = [
        1.047_88, 0.022_92, -0.050_22, 0.029_59, 0.990_48, -0.017_07, -0.009_25, 0.015_08, 0.751_68,
    ];
    let mut out = of_kind(b"sf32");
    out.extend(rows.into_iter().flat_map(fixed));
    out
}

fn curve() -> Vec<u8> {
    let mut out = of_kind(b"para");
    out.extend([0, 3, 0, 0]);
    let parameters = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.040_45];
    out.extend(parameters.into_iter().flat_map(fixed));
    out
}

fn words(text: &str) -> Vec<u8> {
    let mut out = of_kind(b"mluc");
    let letters: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for part in [1, 12] {
        out.extend(number(part));
    }
    out.extend(b"enUS");
    out.extend(number(letters.len()));
    out.extend(number(28));
    out.extend(letters);
    out
}
