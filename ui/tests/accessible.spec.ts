import { expect, type Page, test } from '@playwright/test';
import { accessible, open } from './pages';
import { toInstallers, toWays } from './steps';

const STATES: Record<string, { query: string; keys?: string[]; type?: string; sees: RegExp; then?: (page: Page) => Promise<void> }> = {
  'first start': { query: '?start=choose', sees: /Start on this computer/ },
  'missing key store': { query: '?start=keystore', sees: /No key store/ },
  'failed start': { query: '?start=failed', sees: /Not recorded/ },
  endpoints: { query: '', sees: /ENDPOINT-RETAIL-07/ },
  'offline with notices': { query: '?offline&notice=fork,cache', sees: /Two different histories/ },
  'live session': { query: '?open=ses-live', sees: /uname -a/ },
  'past session with proof': { query: '?open=ses-breach', keys: ['v'], sees: /This record holds/ },
  'broken session': { query: '?open=ses-vanished', keys: ['v'], sees: /This record does not hold/ },
  'hostile output': { query: '?open=ses-hostile', sees: /ESC\[2J/ },
  sessions: { query: '', keys: ['Control+2'], sees: /Suspected ransomware/ },
  search: { query: '', keys: ['Control+k'], type: 'firewall', sees: /Searched \d+ entries/ },
  'search without hits': { query: '', keys: ['Control+k'], type: 'payroll.xlsx', sees: /does not occur/ },
  settings: { query: '', keys: ['Control+,'], sees: /Data folder/ },
  shortcuts: { query: '', keys: ['?'], sees: /Earlier commands/ },
  'ways to sign in': { query: '?start=choose', sees: /This program never sees your password/, then: (page) => toWays(page, 'https://console.example.com') },
  'waiting for the browser': {
    query: '?start=choose',
    sees: /belongs to another sign-in/,
    then: async (page) => {
      await toWays(page, 'https://stray.example.com');
      await page.getByRole('button', { name: /Sign in with/ }).click();
      await page.getByRole('button', { name: 'No window?' }).click();
    },
  },
  'a refused sign-in': {
    query: '?start=choose',
    sees: /this computer’s is 3 hours ahead/,
    then: async (page) => {
      await toWays(page, 'https://clock.sso.example.com');
      await page.getByRole('button', { name: /Sign in with/ }).click();
    },
  },
  'an ended sign-in': { query: '?remote&offline&notice=signin&open=ses-live', sees: /Your sign-in has ended/ },
  clients: { query: '', keys: ['Control+4'], sees: /Lakeside Dental Group/ },
  'clients that cannot be had': { query: '?refused', keys: ['Control+4'], sees: /could not read its directory/ },
  'no clients': { query: '?empty', keys: ['Control+4'], sees: /No clients yet/ },
  'installer tokens': { query: '', keys: ['Control+4'], sees: /used up/, then: toInstallers },
  'installer tokens offline': { query: '?offline', keys: ['Control+4'], sees: /never cached here/, then: toInstallers },
  'a new installer token': {
    query: '',
    keys: ['Control+4'],
    sees: /This will not be shown again/,
    then: async (page) => {
      await toInstallers(page);
      await page.getByRole('button', { name: 'New installer token' }).click();
      await page.getByLabel('What it is for').fill('Tills');
      await page.getByRole('button', { name: 'Create' }).click();
    },
  },
  'removal of an endpoint': { query: '', sees: /can never connect again/, then: (page) => page.getByRole('button', { name: /Remove this endpoint/ }).click() },
  'erasure of texts': {
    query: '?open=ses-breach',
    sees: /Nobody can bring it back/,
    then: async (page) => {
      await page.getByRole('feed').focus();
      await expect(async () => {
        await page.keyboard.press('n');
        await expect(page.getByRole('feed').locator('article:focus, [role=article]:focus')).toBeVisible({ timeout: 500 });
      }).toPass();
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: /Erase texts/ }).click();
    },
  },
  export: { query: '?open=ses-breach', keys: ['e'], sees: /Transcript, PDF/ },
};

for (const scheme of ['light', 'dark'] as const) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme });
    for (const [name, state] of Object.entries(STATES)) {
      test(`${name} has no serious finding`, async ({ page }) => {
        await open(page, state.query);
        if (state.keys) await expect(page.getByRole('contentinfo')).toBeVisible();
        if (state.query.includes('open=')) await expect(page.getByRole('feed').getByRole('article').first()).toBeVisible();
        for (const key of state.keys ?? []) await page.keyboard.press(key);
        if (state.type) await page.getByRole('combobox', { name: /Search commands/ }).fill(state.type);
        await state.then?.(page);
        await expect(page.getByText(state.sees).first()).toBeVisible();
        await accessible(page);
      });
    }
  });
}

test('the toggle overrides the system’s choice and survives a reload', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole('button', { name: 'Dark' }).click();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Dark' })).toHaveAttribute('aria-pressed', 'true');
  expect(await ground()).toBe(dark);
});

test('a small window hides nothing that is needed and never scrolls sideways', async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 600 });
  for (const query of ['', '?open=ses-live', '?open=ses-breach', '?offline&notice=fork', '?start=choose', '?start=keystore', '?remote&notice=signin&offline']) {
    await page.goto(`/${query}`);
    await page.waitForTimeout(300);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wider, query).toBe(0);
  }
  await page.goto('/');
  await toInstallers(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
  await expect(page.getByRole('button', { name: /^Revoke/ }).first()).toBeInViewport({ ratio: 1 });
  await page.getByRole('button', { name: 'New installer token' }).click();
  await page.getByLabel('What it is for').fill('Tills');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('button', { name: 'I have it' })).toBeInViewport({ ratio: 1 });
  await page.goto('/?open=ses-live');
  await expect(page.getByRole('textbox', { name: /Command for/ })).toBeInViewport();
  await expect(page.getByRole('button', { name: 'Run' })).toBeInViewport();
  await expect(page.getByRole('button', { name: 'Close session' })).toBeInViewport();
});

test('with reduced motion nothing keeps moving', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page, '?start=opening');
  await page.waitForTimeout(200);
  const moving = await page.evaluate(() => document.getAnimations().filter((one) => one.playState === 'running').length);
  expect(moving).toBe(0);
});
