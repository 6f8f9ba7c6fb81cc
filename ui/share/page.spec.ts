/** The page of a shared record as its readers meet it: in a real browser, on a real control plane, honest and tampered with. */
import { readFileSync } from 'node:fs';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { accessible } from '../tests/pages';
import { serialised } from './serialised';

interface Shares {
  can_check: boolean;
  active: string;
  unreviewed: string;
  refreshed: string;
  revoked: string;
  expired: string;
  long: string;
  long_commands: number;
  locked: string;
  passphrase: string;
  private: string[];
}

const shares = JSON.parse(readFileSync(process.env['SHARES'] ?? '', 'utf8')) as Shares;
const shots = process.env['SHARE_SHOTS'];

const verdict = (page: Page) => page.locator('#verdict');

/** Opens a link; whatever the page throws, logs as an error or fetches from elsewhere fails the test. */
async function open(page: Page, url: string): Promise<void> {
  page.on('pageerror', (error) => {
    throw error;
  });
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('status of 4')) throw new Error(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) throw new Error(`fetched from elsewhere: ${request.url()}`);
  });
  await page.goto(url);
}

/** Axe is a script from elsewhere, which the page's policy refuses; so it looks at a page of its own without the policy. */
async function accessibleAt(browser: Browser, url: string): Promise<void> {
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await page.goto(url);
  await accessible(page);
  await context.close();
}

async function shoot(page: Page, name: string): Promise<void> {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
}

async function checked(page: Page): Promise<void> {
  if (shares.can_check) await expect(verdict(page)).toContainText('Verified by this browser.');
  else await expect(verdict(page)).toContainText('built without the check');
}

test('the browser checks the file and says what holds and what is not shown', async ({ page, context }) => {
  await open(page, shares.active);
  await checked(page);
  if (shares.can_check) {
    await expect(page.locator('#checks > .holds > .name')).toContainText(['Every byte of the file', 'Release', 'Checkpoint signature', 'Every entry', 'Authorised', 'Attestation', 'What was removed', 'Answers']);
    await expect(page.locator('#checks > .open > .name')).toContainText(['Cosignatures', 'Time-stamps']);
    await expect(page.locator('#checks > .fails')).toHaveCount(0);
    await expect(page.locator('#checks-lead')).toContainText('came from the same place as the page');
  }
  expect(await context.cookies()).toEqual([]);
  const text = await page.content();
  for (const word of shares.private) expect(text).not.toContain(word);
  await shoot(page, 'desktop');
});

test('it fits a phone, in the dark too', async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme: 'dark', bypassCSP: true });
  const page = await context.newPage();
  await page.goto(shares.active);
  await checked(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await accessible(page);
  await shoot(page, 'phone-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await accessible(page);
  await shoot(page, 'phone');
});

test('without a script it is complete and says that nothing was verified', async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(shares.active);
  await expect(verdict(page)).toContainText('Not verified by this browser.');
  await expect(page.locator('#checks-lead')).toContainText('Nothing was checked by this browser.');
  await expect(page.locator('.entry').first()).toBeVisible();
  await shoot(page, 'no-script');
});

test('a changed file is shown as broken', async ({ page }) => {
  test.skip(!shares.can_check, 'built without the check');
  await page.route('**/pack?*', async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    const at = Math.floor(body.length / 3);
    body.writeUInt8(body.readUInt8(at) ^ 1, at);
    await route.fulfill({ response, body });
  });
  await page.goto(shares.active);
  await expect(verdict(page)).toContainText('Broken.');
  await expect(verdict(page)).toContainText('does not hold: Every byte of the file');
  await expect(page.locator('#checks > .fails')).not.toHaveCount(0);
  await shoot(page, 'broken-file');
});

for (const [what, change] of Object.entries({
  'a changed command': (html: string) => html.replaceAll('ps aux', 'ps -ef'),
  'a missing entry': (html: string) => html.replace(/<li class="entry plain".*?<\/li>/s, ''),
  'another reviewer': (html: string) => html.replaceAll('Olga Owner (owner), who took no part', 'Otto Owner (owner), who took no part'),
  'a hidden word made up': (html: string) => html.replace(/<span class="hid">‹[^<]*›<\/span>/, 'nobody'),
})) {
  test(`a page with ${what} is shown as broken, and what the file says takes its place`, async ({ page }) => {
    test.skip(!shares.can_check, 'built without the check');
    await page.route(shares.active, async (route) => {
      const response = await route.fetch();
      const before = await response.text();
      const body = change(before);
      expect(body).not.toEqual(before);
      await route.fulfill({ response, body });
    });
    await page.goto(shares.active);
    await expect(verdict(page)).toContainText('Broken.');
    await expect(verdict(page)).toContainText('This page was changed');
    await expect(page.locator('#record')).toContainText('ps aux');
    await expect(page.locator('#record')).not.toContainText('Otto Owner');
    await shoot(page, `changed-page-${what.replaceAll(' ', '-')}`);
  });
}

test('only what was changed is marked, and no text that begins with a line feed', async ({ page }) => {
  test.skip(!shares.can_check, 'built without the check');
  await page.route(shares.long, async (route) => {
    const response = await route.fetch();
    const before = await response.text();
    const body = before.replace(/the end of part 3\b/, 'the end of part three');
    expect(body).not.toEqual(before);
    await route.fulfill({ response, body });
  });
  await page.goto(shares.long);
  await expect(verdict(page)).toContainText('than the file says in 1 place, marked below');
});

test('a record that nobody reviewed says so before anything else', async ({ page, browser }) => {
  await open(page, shares.unreviewed);
  await checked(page);
  await expect(page.locator('.warning')).toContainText('Not reviewed.');
  await accessibleAt(browser, shares.unreviewed);
});

test('a refreshed link says that it showed another version', async ({ page }) => {
  await open(page, shares.refreshed);
  await checked(page);
  await expect(page.locator('.replaced')).toContainText('It was replaced on');
});

for (const [state, title] of [['revoked', 'This link was revoked'], ['expired', 'This link has expired']] as const) {
  test(`a link that has ${state} shows nothing of the record`, async ({ page, browser }) => {
    await open(page, shares[state]);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
    await expect(page.locator('body')).not.toContainText('ransomware');
    await accessibleAt(browser, shares[state]);
    await shoot(page, state);
  });
}

for (const script of [true, false]) {
  test(`a passphrase opens the record ${script ? 'with' : 'without'} a script`, async ({ browser }) => {
    const context = await browser.newContext({ javaScriptEnabled: script });
    const page = await context.newPage();
    await page.goto(shares.locked);
    if (script) {
      await context.newPage().then((other) => other.close());
      await shoot(page, 'passphrase');
    }
    await page.getByLabel('Passphrase').fill('not the right words');
    await page.getByRole('button', { name: 'Open the record' }).click();
    await expect(page.locator('.problem')).toHaveText(/This is not the passphrase/);
    await page.getByLabel('Passphrase').fill(shares.passphrase);
    await page.getByRole('button', { name: 'Open the record' }).click();
    await expect(page.locator('.entry').first()).toBeVisible();
    if (script) await checked(page);
    else await expect(verdict(page)).toContainText('Not verified by this browser.');
    expect(await context.cookies()).toEqual([]);
  });
}

test('on paper everything is there', async ({ page }) => {
  await open(page, shares.active);
  await checked(page);
  await page.emulateMedia({ media: 'print' });
  await expect(page.locator('.entry').last()).toBeVisible();
  if (shots) await page.pdf({ path: `${shots}/print.pdf`, format: 'A4' });
});

test('while it checks it says how far it is, can be read, and does not jump', async ({ page }) => {
  test.skip(!shares.can_check, 'built without the check');
  let fetched = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    fetched = resolve;
  });
  await page.route('**/pack?*', async (route) => {
    await held;
    await route.continue();
  });
  await open(page, shares.long);
  await expect(verdict(page)).toContainText('Fetching the file. You can read on meanwhile.');
  await expect(verdict(page).getByRole('progressbar', { name: 'Fetching the file' })).toBeVisible();
  await page.locator('li.entry').nth(100).scrollIntoViewIfNeeded();
  await expect(verdict(page)).toBeInViewport();
  await page.evaluate(() => scrollTo(0, 0));
  // How high the record is, is a guess where it was not in sight yet.
  const place = async () => {
    const box = await page.locator('#record').boundingBox();
    return box && { x: box.x, y: box.y, width: box.width };
  };
  const before = await place();
  await shoot(page, 'checking');
  fetched();
  await checked(page);
  await expect(page.getByRole('progressbar')).toHaveCount(0);
  expect(before).not.toBeNull();
  expect(await place()).toEqual(before);
});

test('the check says entry by entry how far it is', async ({ page }) => {
  test.skip(!shares.can_check, 'built without the check');
  await page.goto(shares.long);
  const told = await page.evaluate(async () => {
    const { pack, check } = (document.getElementById('main') as HTMLElement).dataset;
    const bytes = async (url: string): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await (await fetch(url)).arrayBuffer());
    const [file, code] = [await bytes(pack ?? ''), await bytes(check ?? '')];
    const { instance, module } = await WebAssembly.instantiate(code, {});
    const { memory, take, begin, step } = instance.exports as unknown as { memory: WebAssembly.Memory; take(length: number): number; begin(place: number, length: number): number; step(): number };
    const place = take(file.length);
    new Uint8Array(memory.buffer).set(file, place);
    const entries = begin(place, file.length);
    const steps = [step()];
    while ((steps.at(-1) ?? 0) < entries && steps.length < 100) steps.push(step());
    return { entries, steps, imports: WebAssembly.Module.imports(module).length };
  });
  expect(told.imports).toBe(0);
  expect(told.entries).toBeGreaterThan(5 * shares.long_commands);
  expect(told.steps.length).toBeGreaterThan(1);
  expect(told.steps.at(-1)).toBe(told.entries);
});

test('browsers write the record down as it was written, so that it is compared as one text', async ({ page }) => {
  for (const url of [shares.active, shares.long]) {
    const response = await page.goto(url);
    const html = (await response?.text()) ?? '';
    const sent = html.slice(html.indexOf('<div id="record">') + '<div id="record">'.length, html.indexOf('</div><section aria-labelledby="checks-title">'));
    expect(await page.locator('#record').innerHTML()).toBe(serialised(sent));
  }
});

test('a long record is found in, reached by links and printed to its last entry', async ({ page, browser }) => {
  await open(page, shares.long);
  await checked(page);
  const last = `the end of part ${shares.long_commands - 1}`;
  expect(await page.evaluate((words) => (window as unknown as { find(words: string): boolean }).find(words), last)).toBe(true);
  await expect(page.locator('li.entry', { hasText: last })).toBeInViewport();
  const links = page.locator('.links a');
  for (const target of await links.evaluateAll((all) => all.map((one) => one.getAttribute('href') ?? ''))) await expect(page.locator(target)).toHaveCount(1);
  await page.getByRole('navigation', { name: 'Times in the transcript' }).getByRole('link').last().click();
  await expect(page.locator('li.entry:target')).toBeInViewport();
  const portions = page.locator('ol.entries, .run tbody');
  expect(Math.max(...(await portions.evaluateAll((all) => all.map((one) => one.children.length))))).toBeLessThanOrEqual(40);
  await page.emulateMedia({ media: 'print' });
  expect(new Set(await portions.evaluateAll((all) => all.map((one) => getComputedStyle(one).contentVisibility)))).toEqual(new Set(['visible']));
  await accessibleAt(browser, shares.long);
});
