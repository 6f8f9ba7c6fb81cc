/**
 * The script of the page of a shared record: fetches the very file that the page was made from, has it checked in a worker, compares what the
 * page shows with what the file says, and says what came of it. The page is complete without it (crates/share, docs/formats/share.md).
 */
import type { Answer, Question, Said } from './check';

const main = document.getElementById('main');
const record = document.getElementById('record');
const verdict = document.getElementById('verdict');
const checks = document.getElementById('checks');
const lead = document.getElementById('checks-lead');

/** How long good news stay in view wherever somebody reads, in milliseconds. Bad ones stay. */
const NEWS_MS = 6_000;

type Mood = 'checking' | 'holds' | 'fails' | 'open';

if (main && record && verdict && checks && lead) {
  // At once: what an extension or a translator does to the page later was not sent with it. As a text, because a second tree of ten
  // thousand entries would take a phone's memory and hold it up.
  const sent = record.innerHTML;
  void check(main.dataset, sent).catch((error: unknown) => {
    say('open', 'Not verified by this browser.', [`The check could not run here: ${error instanceof Error ? error.message : String(error)}`, checkYourself()]);
  });
}

/** Replaces the verdict. Texts are texts: none of them is read as markup. */
function say(mood: Mood, title: string, words: (string | Node)[], ...below: Node[]): void {
  if (!verdict) return;
  const strong = document.createElement('strong');
  strong.textContent = title;
  verdict.className = `verdict ${mood}`;
  verdict.replaceChildren(paragraph([strong, ...words]), ...below);
}

function paragraph(words: (string | Node)[]): HTMLParagraphElement {
  const line = document.createElement('p');
  for (const word of words) line.append(' ', word);
  return line;
}

/** Says what is being done; what it gives back moves the bar. The words beside the bar change too often to be read aloud; the bar itself can be asked. */
function under(way: string): (done: number, all: number, words: string) => void {
  const [bar, count] = [document.createElement('progress'), document.createElement('span')];
  bar.setAttribute('aria-label', way);
  count.className = 'count';
  count.setAttribute('aria-hidden', 'true');
  say('checking', 'Checking in this browser…', [`${way}. You can read on meanwhile.`], bar, count);
  return (done, all, words) => {
    [bar.max, bar.value] = [Math.max(1, all), done];
    count.textContent = words;
  };
}

function link(href: string, text: string): HTMLAnchorElement {
  const anchor = document.createElement('a');
  anchor.href = href;
  anchor.textContent = text;
  return anchor;
}

const checkYourself = (): Node => link('#yourself', 'Check it yourself');

async function check(data: DOMStringMap, sent: string): Promise<void> {
  const { pack: packUrl, size, worker: workerUrl, check: checkUrl, sha256 } = data;
  if (!packUrl || !workerUrl || !checkUrl || !sha256) return;
  const worker = new Worker(workerUrl, { type: 'module' });
  const answered = answerOf(worker);
  try {
    ask(worker, { checkUrl });
    const fetching = under('Fetching the file');
    const response = await fetch(packUrl, { credentials: 'omit', cache: 'no-store' });
    if (response.status === 409) {
      say('open', 'Replaced.', ['This record was replaced by another version after you opened the page.', link('', 'Open it again')]);
      return;
    }
    if (!response.ok) throw new Error(`the file could not be fetched (HTTP ${response.status}).`);
    const pack = await whole(response, (done) => fetching(done, Number(size), `${megabytes(done)} of ${megabytes(Number(size))} MB`));
    const digest = await sha256Of(pack);
    under('Reading the file');
    ask(worker, { pack, sent }, [pack]);
    show(await answered, sent, digest, sha256);
  } finally {
    worker.terminate();
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}

/** The body, with a word about every piece that came. */
async function whole(response: Response, came: (bytes: number) => void): Promise<ArrayBuffer> {
  if (!response.body) return response.arrayBuffer();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const reader = response.body.getReader();
  let bytes = 0;
  for (let next = await reader.read(); next.value; next = await reader.read()) {
    pieces.push(next.value);
    bytes += next.value.length;
    came(bytes);
  }
  return new Blob(pieces).arrayBuffer();
}

/** Lower-case hexadecimal; none where browsers offer no digests, as on plain HTTP. */
async function sha256Of(bytes: ArrayBuffer): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function ask(worker: Worker, question: Question, give: Transferable[] = []): void {
  worker.postMessage(question, give);
}

/** What the worker comes to; on the way there it says how far it is. */
function answerOf(worker: Worker): Promise<Answer> {
  const answered = new Promise<Answer>((resolve, reject) => {
    let checking: ReturnType<typeof under> | undefined;
    worker.onerror = (event) => reject(new Error(event.message || 'the worker did not start.'));
    worker.onmessage = (event: MessageEvent<Said>) => {
      const said = event.data;
      if ('problem' in said) reject(new Error(said.problem));
      else if ('answer' in said) resolve(said.answer);
      else {
        checking ??= under('Signatures and texts of all entries');
        checking(said.entry, said.entries, `${said.entry} of ${said.entries} entries`);
      }
    };
  });
  // Said where it is waited for, which is later than it may happen.
  answered.catch(() => undefined);
  return answered;
}

function show(answer: Answer, sent: string, digest: string | undefined, claimed: string): void {
  if (!record || !checks || !lead) return;
  checks.innerHTML = answer.checks;
  checks.classList.remove('said');
  const fresh = answer.record === undefined ? record : tree(record, answer.record);
  const differing = answer.record === undefined ? 0 : mark(tree(record, reparsable(sent)), fresh);
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
    const agree = 'Signatures, every entry and this page’s own words agree with the file.';
    const more = link('#checks-title', 'What was checked');
    // Two short paragraphs: one long one would be the largest thing that a phone paints, and would be painted last.
    if (open.length === 0) say('holds', 'Verified by this browser.', [agree, more]);
    else say('holds', 'Verified by this browser.', [agree], paragraph([`Not shown by the file: ${open.join(', ').toLowerCase()}.`, more]));
    // Whoever reads far below saw the bar there, and should see what came of it.
    verdict?.classList.add('news');
    setTimeout(() => verdict?.classList.remove('news'), NEWS_MS);
  }
}

function tree(like: HTMLElement, html: string): HTMLElement {
  const element = like.cloneNode(false) as HTMLElement;
  element.innerHTML = html;
  return element;
}

/**
 * What a browser wrote down, so that it comes out the same when it is parsed again: parsers drop a line feed right after the tag, and browsers
 * do not write a second one there, so that a text which begins with one would lose it and seem changed.
 */
function reparsable(html: string): string {
  return html.replace(/(<pre[^>]*>)\n/g, '$1\n\n');
}

/** Marks what is not as it was sent: entries by their places, and everything else by its section. Answers with how many places there are. */
function mark(sent: HTMLElement, fresh: HTMLElement): number {
  if (sent.isEqualNode(fresh)) return 0;
  let differing = 0;
  const before = new Map(Array.from(sent.querySelectorAll('li.entry, tbody tr, .facts > div, h1, .purpose'), (one, at) => [key(one, at), one]));
  const marked = Array.from(fresh.querySelectorAll('li.entry, tbody tr, .facts > div, h1, .purpose'));
  marked.forEach((one, at) => {
    if (!before.get(key(one, at))?.isEqualNode(one)) {
      one.classList.add('differs');
      differing += 1;
    }
  });
  const known = new Set(marked.map((one) => one.id));
  const surplus = Array.from(sent.querySelectorAll('li.entry')).filter((one) => !known.has(one.id)).length;
  return Math.max(1, differing + surplus);
}

const key = (one: Element, at: number): string => one.id || `${one.tagName} ${at}`;
