import { expect, test } from '@playwright/test';
import { open } from './pages';
import { toWays } from './steps';

test('through the browser and in, with the keyboard alone', async ({ page }) => {
  await open(page, '?start=choose');
  await toWays(page, 'https://console.example.com/');
  await expect(page.getByText('https://console.example.com', { exact: true })).toBeVisible();
  const door = page.getByRole('button', { name: 'Sign in with Northstar single sign-on' });
  await door.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Waiting for your browser…')).toBeVisible();
  await expect(page.getByRole('contentinfo')).toContainText('Online');
});

test('a sign-in can be stopped and begun again; the address is kept', async ({ page }) => {
  await open(page, '?start=choose');
  await toWays(page, 'https://slow.example.com');
  for (let round = 0; round < 2; round += 1) {
    await page.getByRole('button', { name: /Sign in with/ }).click();
    await expect(page.getByText('Waiting for your browser…')).toBeVisible();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(page.getByRole('alert')).toHaveCount(0);
    await expect(page.getByText('https://slow.example.com')).toBeVisible();
  }
});

test('who has no window gets the address, to copy', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, '?start=choose');
  await toWays(page, 'https://slow.example.com');
  await page.getByRole('button', { name: /Sign in with/ }).click();
  await page.getByRole('button', { name: 'No window?' }).click();
  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('https://id.northstar-it.example/authorize?');
});

const FAILURES: [string, string, RegExp][] = [
  ['https://denied.sso.example.com', 'Not signed in', /did not sign you in: access_denied/],
  ['https://clock.sso.example.com', 'This computer’s clock is wrong', /3 hours ahead.*Set this computer’s clock/],
  ['https://gone.sso.example.com', 'The sign-in service cannot be reached', /Check the network/],
  ['https://other.sso.example.com', 'Your role does not allow this', /your organisation does not use this control plane/],
];
for (const [address, title, text] of FAILURES) {
  test(`it says what failed: ${title}`, async ({ page }) => {
    await open(page, '?start=choose');
    await toWays(page, address);
    await page.getByRole('button', { name: /Sign in with/ }).click();
    await expect(page.getByRole('alert')).toContainText(title);
    await expect(page.getByRole('alert')).toContainText(text);
    await expect(page.getByRole('button', { name: /Sign in with/ })).toBeVisible();
  });
}

test('an address that is none, and one where something else answers, are told apart', async ({ page }) => {
  await open(page, '?start=choose');
  await page.getByRole('button', { name: /Sign in to a control plane/ }).click();
  for (const [address, words] of [
    ['https://nowhere.example.com', 'nothing answers at'],
    ['https://website.example.com', 'not a Caisey control plane'],
  ] as const) {
    await page.getByLabel(/Address/).fill(address);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toContainText(words);
    await expect(page.getByLabel(/Address/)).toHaveValue(address);
  }
});

test('an answer of another sign-in is told while the right one is waited for', async ({ page }) => {
  await open(page, '?start=choose');
  await toWays(page, 'https://stray.example.com');
  await page.getByRole('button', { name: /Sign in with/ }).click();
  await expect(page.getByRole('alert')).toContainText('belongs to another sign-in');
  await expect(page.getByText('Waiting for your browser…')).toBeVisible();
});

test('a start that failed is tried again', async ({ page }) => {
  await open(page, '?start=failed');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('status').getByText('Opening the encrypted cache')).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
});

test('a sign-in that ended while working is renewed without leaving the session', async ({ page }) => {
  await open(page, '?remote&offline&notice=signin&open=ses-live');
  await expect(page.getByText('Your sign-in has ended', { exact: true })).toBeVisible();
  await expect(page.getByText(/Offline for/)).toHaveCount(0);
  await expect(page.getByRole('feed').getByText('uname -a')).toBeVisible();
  await page.getByRole('textbox', { name: /Command for/ }).fill('hostname');
  await expect(page.getByRole('button', { name: 'Run' })).toHaveAttribute('title', /sign in again to go on/);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: /Sign in with/ }).click();
  await expect(page.getByText('Your sign-in has ended', { exact: true })).toHaveCount(0);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.getByRole('feed').getByText('uname -a')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Run' })).toHaveAttribute('aria-disabled', 'false');
});
