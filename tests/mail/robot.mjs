// Whatever opens mail before its reader does: a real browser that runs scripts, follows links and submits every form of a page in every way,
// with plausible values. Each line on standard input is {"links": [URL…], "rounds": N, "seed": S}, for so many rounds with every link, several
// links at a time; each line on standard output counts what it did.
import { createInterface } from 'node:readline';
import { browser, say } from './browser.mjs';

/** Links that are tried at a time, each on a page of its own. */
const HANDS = 4;

function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

// What scanners, password managers and people's fingers put into a field for six digits.
const habits = ['123456', '000000', '111111', '654321', '112233', '121212', '999999', '012345', '123 456', '1234567890', '', 'test', 'yes', '١٢٣٤٥٦', '123456\' OR 1=1'];

function value(name, draw) {
  if (name === 'number') {
    return draw() < 0.5 ? habits[Math.floor(draw() * habits.length)] : String(Math.floor(draw() * 1e6)).padStart(6, '0');
  }
  return draw() < 0.5 ? 'test@example.com' : 'approve';
}

/** Fills and submits one form; says whether the browser sends it, or its own checks hold it back. */
function submit([form, button, values, unchecked]) {
  const element = document.forms[form];
  element.noValidate = unchecked;
  for (const [name, value] of values) element.elements[name].value = value;
  const sends = unchecked || element.checkValidity();
  element.requestSubmit(element.querySelectorAll('button, input[type=submit]')[button] ?? null);
  return sends;
}

/** Names of the fields and the number of buttons of every form, and the number of links. */
function look() {
  const forms = [...document.forms].map((form) => ({
    fields: [...form.querySelectorAll('input, textarea')].map((field) => field.name),
    buttons: form.querySelectorAll('button, input[type=submit]').length,
  }));
  return { forms, links: document.querySelectorAll('a[href]').length };
}

async function round(page, link, draw, counts) {
  await page.goto(link);
  counts.opened += 1;
  const { forms, links } = await page.evaluate(look);
  counts.links += links;
  for (let form = 0; form < forms.length; form += 1) {
    // Every button, and once without any; most of the time past the browser's own checks, as programs do.
    for (let button = 0; button <= forms[form].buttons; button += 1) {
      await page.goto(link);
      const { forms: now } = await page.evaluate(look);
      if (now.length <= form) return;
      const values = now[form].fields.map((name) => [name, value(name, draw)]);
      const before = page.url();
      const moved = page.waitForNavigation({ timeout: 10_000 }).catch(() => null);
      if (await page.evaluate(submit, [form, button, values, draw() < 0.7])) {
        if (await moved) counts.submitted += 1;
      }
      if (page.url() !== before) counts.moved += 1;
    }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { links, rounds, seed } = JSON.parse(line);
  const counts = { rounds: 0, opened: 0, submitted: 0, moved: 0, links: 0 };
  const waiting = [...links.entries()];
  // A browser of its own for every line: one that has loaded some thousands of pages refuses more for want of resources.
  const chromium = await browser();
  const context = await chromium.newContext();
  const pages = await Promise.all(Array.from({ length: HANDS }, () => context.newPage()));
  await Promise.all(pages.map(async (page) => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [at, link] = next;
      const draw = random(seed + at);
      for (let done = 0; done < rounds; done += 1) {
        await round(page, link, draw, counts);
        counts.rounds += 1;
      }
    }
  }));
  await chromium.close();
  say(counts);
}
