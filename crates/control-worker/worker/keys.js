// The issuers' published keys, fetched and kept, and the arithmetic of signatures (WebCrypto). What fits what is decided before.

const FRESH_MS = 60 * 60 * 1000;
/** Documents that an unreachable issuer had yesterday are still believed for a day. */
const BELIEVED_MS = 24 * 60 * 60 * 1000;
/** For keys not seen before an issuer is asked again at most this often. */
const BETWEEN_MS = 10_000;
const MAX_DOCUMENT_BYTES = 256 * 1024;

const documents = new Map();
const keys = new Map();

/** The document at an address that the front has found trustworthy. */
export async function published(url, fresh) {
  const known = documents.get(url) ?? { tried: 0, at: 0, text: undefined };
  documents.set(url, known);
  const now = Date.now();
  const enough = known.text !== undefined && now - known.at < (fresh ? BETWEEN_MS : FRESH_MS);
  if (!enough && (known.text === undefined || now - known.tried >= BETWEEN_MS)) {
    known.tried = now;
    const text = await fetched(url);
    if (text !== undefined) Object.assign(known, { at: now, text });
  }
  return now - known.at < BELIEVED_MS ? known.text : undefined;
}

async function fetched(url) {
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(10_000) });
    const text = answer.ok ? await answer.text() : undefined;
    if (text !== undefined && text.length <= MAX_DOCUMENT_BYTES) return text;
    console.warn(`an issuer's keys could not be fetched: ${url} answered ${answer.status}`);
  } catch (error) {
    console.warn(`an issuer's keys could not be fetched: ${url}: ${error}`);
  }
  return undefined;
}

const ALGORITHMS = {
  RS256: [{ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, { name: "RSASSA-PKCS1-v1_5" }],
  ES256: [{ name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-256" }],
  EdDSA: [{ name: "Ed25519" }, { name: "Ed25519" }],
};

/** Whether the key made the signature. */
export async function verified({ algorithm, key }, signed, signature) {
  const [how, verify] = ALGORITHMS[algorithm];
  try {
    if (keys.size > 256) keys.clear();
    if (!keys.has(key)) keys.set(key, crypto.subtle.importKey("jwk", JSON.parse(key), how, false, ["verify"]));
    return await crypto.subtle.verify(verify, await keys.get(key), signature, signed);
  } catch {
    keys.delete(key);
    return false;
  }
}
