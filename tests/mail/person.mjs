// A contact with a browser. Each line on standard input is a step, each line on standard output what they see then:
// {"open": URL} · {"number": "123456", "reason": "…", "press": "Approve this command" | "Deny"} · {"look": true} · {"picture": FILE, "width": 390, "dark": true}
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { browser, say } from './browser.mjs';

const chromium = await browser();
// No scripts: the page has to work without.
const context = await chromium.newContext({ javaScriptEnabled: false, viewport: { width: 1000, height: 900 } });
const page = await context.newPage();
const axe = readFileSync(createRequire(new URL('../../ui/package.json', import.meta.url)).resolve('axe-core/axe.min.js'), 'utf8');
let status = 0;
let headers = {};
page.on('response', (response) => {
  if (response.request().isNavigationRequest()) {
    status = response.status();
    headers = response.headers();
  }
});

// axe-core needs timers, which a page without scripts has not: it looks at the same document in a page of its own.
async function findings(step) {
  const look = await chromium.newPage({ viewport: { width: step.width ?? 1000, height: 900 }, colorScheme: step.dark ? 'dark' : 'light' });
  await look.setContent(await page.content());
  await look.evaluate(axe);
  const { violations, passes } = await look.evaluate(() => window.axe.run());
  await look.close();
  return { rules: passes.length, findings: violations.map((one) => `${one.impact} ${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const step = JSON.parse(line);
  if (step.open) await page.goto(step.open);
  if (step.press) {
    await page.getByLabel('Six-digit number').fill(step.number);
    if (step.reason) await page.getByLabel('Reason, if you deny').fill(step.reason);
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: step.press }).click()]);
  }
  const found = step.axe ? await findings(step) : {};
  if (step.picture) {
    await page.emulateMedia({ colorScheme: step.dark ? 'dark' : 'light' });
    await page.setViewportSize({ width: step.width ?? 1000, height: 900 });
    await page.screenshot({ path: step.picture, fullPage: true });
  }
  const sideways = await page.locator('html').boundingBox();
  say({
    status,
    headers,
    title: await page.title(),
    heading: await page.locator('h1').innerText(),
    text: await page.locator('body').innerText(),
    forms: await page.locator('form').count(),
    cookies: (await context.cookies()).length,
    width: sideways?.width ?? 0,
    ...found,
  });
}
await chromium.close();
