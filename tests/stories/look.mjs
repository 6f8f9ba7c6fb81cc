// A reader with a link: opens it in a real browser, waits until the page has checked itself, takes pictures, and prints what it met as one JSON
// object. `node look.mjs LINK PICTURE PHONE_PICTURE`.
import { browser, say } from '../mail/browser.mjs';

const [link, picture, phonePicture] = process.argv.slice(2);
const PATIENCE_MS = 60_000;
const chromium = await browser();

/** Opens the link as this kind of reader does, and waits for the verdict of the check; null when the page has none. */
async function open(options) {
  const context = await chromium.newContext(options);
  const page = await context.newPage();
  const [elsewhere, problems] = [[], []];
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(link).origin) elsewhere.push(request.url());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  const answer = await page.goto(link);
  const source = await answer.text();
  const canCheck = (await page.locator('#main[data-check]').count()) === 1;
  if (canCheck) await page.waitForSelector('#verdict.holds, #verdict.fails', { timeout: PATIENCE_MS });
  return { context, page, elsewhere, problems, source, status: answer.status(), canCheck };
}

const desk = await open({ viewport: { width: 1280, height: 1500 } });
await desk.page.screenshot({ path: picture });
const names = (state) => desk.page.locator(`#checks > .${state} > .name`).evaluateAll((all) => all.map((one) => one.lastChild.textContent.trim()));
const seen = {
  status: desk.status,
  can_check: desk.canCheck,
  verdict: await desk.page.locator('#verdict').innerText(),
  verified: (await desk.page.locator('#verdict.holds').count()) === 1,
  in_view: await desk.page.locator('#verdict').evaluate((one) => one.getBoundingClientRect().bottom <= window.innerHeight),
  holds: await names('holds'),
  open: await names('open'),
  fails: await names('fails'),
  text: await desk.page.locator('body').innerText(),
  source: desk.source,
  dom: await desk.page.content(),
  cookies: (await desk.context.cookies()).length,
};
const phone = await open({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true });
await phone.page.screenshot({ path: phonePicture });
seen.phone_verified = (await phone.page.locator('#verdict.holds').count()) === 1;
seen.phone_width = await phone.page.evaluate(() => document.documentElement.scrollWidth);
seen.elsewhere = [...desk.elsewhere, ...phone.elsewhere];
seen.problems = [...desk.problems, ...phone.problems];
await chromium.close();
say(seen);
