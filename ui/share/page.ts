/**
 * The script of the page of a shared record: fetches the very file that the page was made from, has it checked in a worker, compares what the
 * page shows with what the file says, and says what came of it. The page is complete without it (crates/share, docs/formats/share.md).
 */
import type { Answer } from './check';

const main = document.getElementById('main');
const record = document.getElementById('record');
const verdict = document.getElementById('verdict');
const checks = document.getElementById('checks');
const lead = document.getElementById('checks-lead');

type Mood = 'checking' | 'holds' | 'fails' | 'open';

if (main && record && verdict && checks && lead) {
  // At once: what an extension or a translator does to the page later was not sent with it.
  const sent = record.cloneNode(true) as HTMLElement;
  void check(main.dataset, sent).catch((error: unknown) => {
    say('open', 'Not verified by this browser.', [`The check could not run here: ${error instanceof Error ? error.message : String(error)}`, checkYourself()]);
  });
}

/** Replaces the verdict. Texts are texts: none of them is read as markup. */
function say(mood: Mood, title: string, words: (string | Node)[]): void {
  if (!verdict) return;
  const line = document.createElement('p');
  const strong = document.createElement('strong');
  strong.textContent = title;
  line.append(strong);
  for (const word of words) line.append(' ', word);
  verdict.className = `verdict ${mood}`;
  verdict.replaceChildren(line);
}

function link(href: string, text: string): HTMLAnchorElement {
  const anchor = document.createElement('a');
  anchor.href = href;
  anchor.textContent = text;
  return anchor;
}

const checkYourself = (): Node => link('#yourself', 'Check it yourself');

async function check(data: DOMStringMap, sent: HTMLElement): Promise<void> {
  const { pack: packUrl, worker: workerUrl, check: checkUrl, sha256 } = data;
  if (!packUrl || !workerUrl || !checkUrl || !sha256) return;
  say('checking', 'Checking in this browser…', []);
  const response = await fetch(packUrl, { credentials: 'omit', cache: 'no-store' });
  if (response.status === 409) {
    say('open', 'Replaced.', ['This record was replaced by another version after you opened the page.', link('', 'Open it again')]);
    return;
  }
  if (!response.ok) throw new Error(`the file could not be fetched (HTTP ${response.status}).`);
  const pack = await response.arrayBuffer();
  const digest = await sha256Of(pack);
  const answer = await inWorker(workerUrl, checkUrl, pack);
  show(answer, sent, digest, sha256);
}

/** Lower-case hexadecimal; none where browsers offer no digests, as on plain HTTP. */
async function sha256Of(bytes: ArrayBuffer): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function inWorker(workerUrl: string, checkUrl: string, pack: ArrayBuffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerUrl, { type: 'module' });
    worker.onerror = (event) => reject(new Error(event.message || 'the worker did not start.'));
    worker.onmessage = (event: MessageEvent<Answer | { problem: string }>) => {
      worker.terminate();
      if ('problem' in event.data) reject(new Error(event.data.problem));
      else resolve(event.data);
    };
    worker.postMessage({ checkUrl, pack }, [pack]);
  });
}

function show(answer: Answer, sent: HTMLElement, digest: string | undefined, claimed: string): void {
  if (!record || !checks || !lead) return;
  checks.innerHTML = answer.checks;
  checks.classList.remove('said');
  const fresh = record.cloneNode(false) as HTMLElement;
  fresh.innerHTML = answer.record;
  const differing = sent.isEqualNode(fresh) ? 0 : mark(sent, fresh);
  const same = differing === 0 && (digest === undefined || digest === claimed);
  lead.textContent =
    `This browser checked the file that this page was made from${digest ? ` (SHA-256 ${digest})` : ''} and compared the page with it. ` +
    'The program that did it came from the same place as the page: whoever does not trust that place checks the file with a program of their own.';
  const names = Array.from(checks.querySelectorAll('.fails > .name'), (name) => name.lastChild?.textContent?.trim() ?? '');
  if (!answer.holds) {
    say('fails', 'Broken.', [`This browser checked the file, and it does not hold: ${names.join(', ')}. Do not rely on this record.`, link('#checks-title', 'What is wrong')]);
  } else if (!same) {
    // What is shown from here on is what the file says.
    if (differing > 0) record.replaceWith(fresh);
    const where = differing > 0 ? ` in ${differing} ${differing === 1 ? 'place' : 'places'}, marked below` : '';
    say('fails', 'Broken.', [
      `This page was changed: it showed something else than the file says${where}. The file itself holds, and below now stands what it says. Do not rely on anything else on this page.`,
      link('#checks-title', 'What was checked'),
    ]);
  } else {
    const open = Array.from(checks.querySelectorAll('.open > .name'), (name) => name.lastChild?.textContent?.trim() ?? '');
    const not = open.length > 0 ? ` Not shown by the file: ${open.join(', ').toLowerCase()}.` : '';
    say('holds', 'Verified by this browser.', [`Signatures, every entry and this page’s own words agree with the file.${not}`, link('#checks-title', 'What was checked')]);
  }
}

/** Marks what is not as it was sent: entries by their places, and everything else by its section. Answers with how many places there are. */
function mark(sent: HTMLElement, fresh: HTMLElement): number {
  let differing = 0;
  const before = new Map(Array.from(sent.querySelectorAll('li.entry, tbody tr, .facts > div, h1, .purpose'), (one, at) => [key(one, at), one]));
  const marked = Array.from(fresh.querySelectorAll('li.entry, tbody tr, .facts > div, h1, .purpose'));
  marked.forEach((one, at) => {
    if (!before.get(key(one, at))?.isEqualNode(one)) {
      one.classList.add('differs');
      differing += 1;
    }
  });
  const surplus = Array.from(sent.querySelectorAll('li.entry')).filter((one) => !fresh.querySelector(`#${CSS.escape(one.id)}`)).length;
  return Math.max(1, differing + surplus);
}

const key = (one: Element, at: number): string => one.id || `${one.tagName} ${at}`;
