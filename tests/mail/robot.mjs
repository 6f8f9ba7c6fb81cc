// Whatever opens mail before its reader does: a real browser that runs scripts, follows links and submits every form of a page in every way,
// with plausible values. Each line on standard input is {"link": URL, "rounds": N, "seed": S}; each on standard output counts what it did.
import { createInterface } from 'node:readline';
import { browser, say } from './browser.mjs';

const chromium = await browser();
const context = await chromium.newContext();
const page = await context.newPage();

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

async function round(link, draw, counts) {
  await page.goto(link);
  counts.opened += 1;
  const forms = await page.locator('form').count();
  for (let form = 0; form < forms; form += 1) {
    const buttons = await page.locator('form').nth(form).locator('button, input[type=submit]').count();
    // Every button, and once without any; half of the time past the browser's own checks, as programs do.
    for (let button = 0; button <= buttons; button += 1) {
      await page.goto(link);
      if ((await page.locator('form').count()) <= form) return;
      const fields = await page.locator('form').nth(form).locator('input, textarea').all();
      const values = [];
      for (const field of fields) values.push([await field.getAttribute('name'), value(await field.getAttribute('name'), draw)]);
      const unchecked = draw() < 0.7;
      const before = page.url();
      const moved = page.waitForNavigation({ timeout: unchecked ? 10_000 : 400 }).catch(() => null);
      await page.evaluate(
        ([form, button, values, unchecked]) => {
          const element = document.forms[form];
          element.noValidate = unchecked;
          for (const [name, value] of values) element.elements[name].value = value;
          const submits = element.querySelectorAll('button, input[type=submit]');
          element.requestSubmit(submits[button] ?? null);
        },
        [form, button, values, unchecked],
      );
      if (await moved) counts.submitted += 1;
      if (page.url() !== before) counts.moved += 1;
    }
  }
  counts.links += await page.locator('a[href]').count();
}

for await (const line of createInterface({ input: process.stdin })) {
  const { link, rounds, seed } = JSON.parse(line);
  const draw = random(seed);
  const counts = { rounds: 0, opened: 0, submitted: 0, moved: 0, links: 0 };
  for (let at = 0; at < rounds; at += 1) {
    await round(link, draw, counts);
    counts.rounds += 1;
  }
  say(counts);
}
await chromium.close();
