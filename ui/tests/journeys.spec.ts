import { expect, type Page, test } from '@playwright/test';
import { open } from './pages';

const feed = (page: Page) => page.getByRole('feed', { name: 'Timeline' });

test('from the first start to a recorded command, with the keyboard alone', async ({ page }) => {
  await open(page, '?start=choose&empty');
  await expect(page.getByRole('button', { name: /Start on this computer/ })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: /Start on this computer/ })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Enrolling this computer')).toBeVisible();
  const here = page.getByRole('option', { name: /atlas-workstation/ });
  await expect(here).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByText('Sendable.')).toBeVisible();
  await here.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Purpose of the session' })).toBeFocused();
  await page.keyboard.type('Look around');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: /Command for/ })).toBeFocused();
  await page.keyboard.type('uname -a');
  await page.keyboard.press('Enter');
  await expect(feed(page).getByText('Linux atlas-workstation 6.1.0')).toBeVisible();
  await expect(feed(page).getByText('Exit code 0')).toBeVisible();
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('textbox', { name: /Command for/ })).toHaveValue('uname -a');
});

test('a running command shows its time, streams, and can be cancelled', async ({ page }) => {
  await open(page, '?open=ses-live');
  const line = page.getByRole('textbox', { name: /Command for/ });
  await line.fill('ping 10.20.4.1');
  await line.press('Enter');
  await expect(feed(page).getByText(/running \d/)).toBeVisible();
  await expect(feed(page).getByText(/icmp_seq=2/)).toBeVisible();
  await page.keyboard.press('Control+.');
  await expect(feed(page).getByText('Cancelled', { exact: true })).toBeVisible();
  await expect(feed(page).getByText('Cancellation requested')).toBeVisible();
});

test('several lines, chat and notes', async ({ page }) => {
  await open(page, '?open=ses-live');
  const line = page.getByRole('textbox', { name: /Command for/ });
  await line.fill('echo one');
  await line.press('Shift+Enter');
  await page.keyboard.type('echo two');
  await expect(line).toHaveValue('echo one\necho two');
  await line.press('Enter');
  await expect(line).toHaveValue('');
  await page.keyboard.press('Alt+c');
  await page.keyboard.type('Is anybody on site?');
  await page.keyboard.press('Enter');
  await expect(feed(page).getByText('Is anybody on site?')).toBeVisible();
  await page.keyboard.press('Alt+c');
  await page.keyboard.type('Nobody on site.');
  await page.keyboard.press('Enter');
  await expect(feed(page).getByText('noted')).not.toHaveCount(0);
});

test('what was typed and not sent is still there after going away', async ({ page }) => {
  await open(page, '?open=ses-live');
  await page.getByRole('textbox', { name: /Command for/ }).fill('half a comm');
  await page.waitForTimeout(500);
  await page.keyboard.press('Control+2');
  await page.getByRole('button', { name: /Check this computer/ }).first().click();
  await expect(page.getByRole('textbox', { name: /Command for/ })).toHaveValue('half a comm');
});

test('a long output costs a screenful, follows its end, and stays put when one reads', async ({ page }) => {
  await open(page, '?open=ses-live');
  const line = page.getByRole('textbox', { name: /Command for/ });
  await line.fill('seq 60000');
  await line.press('Enter');
  await expect(feed(page).getByText('Exit code 0').last()).toBeInViewport({ timeout: 15_000 });
  await expect(feed(page).getByText('60000', { exact: false }).last()).toBeInViewport();
  expect(await feed(page).getByRole('article').count()).toBeLessThan(80);
  await feed(page).evaluate((list) => list.scrollTo({ top: list.scrollHeight / 2 }));
  await page.waitForTimeout(200);
  const before = await feed(page).evaluate((list) => list.scrollTop);
  await line.fill('uname -a');
  await line.press('Enter');
  await page.waitForTimeout(600);
  expect(Math.abs((await feed(page).evaluate((list) => list.scrollTop)) - before)).toBeLessThan(200);
  await page.getByRole('button', { name: 'To the end' }).click();
  await expect(feed(page).getByText('Exit code 0').last()).toBeInViewport();
});

test('nothing recorded is interpreted', async ({ page }) => {
  await open(page, '?open=ses-hostile');
  await expect(feed(page).getByText('ESC[2J')).toBeVisible();
  await expect(feed(page).getByText('RLO', { exact: true })).toBeVisible();
  const raw = await feed(page).evaluate((list) => /[\u001b\u202e\u0000\u0007]/.test(list.textContent ?? ''));
  expect(raw).toBe(false);
});

test('search finds as one types, marks the words, says what was searched, and opens the entry', async ({ page }) => {
  await open(page);
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('/');
  const field = page.getByRole('combobox', { name: /Search commands/ });
  await expect(field).toBeFocused();
  await page.keyboard.type('svchost|lsass');
  const hit = page.getByRole('listbox', { name: /Hits/ }).getByRole('option').first();
  await expect(hit.locator('mark').first()).toHaveText('svchost|lsass');
  await expect(page.getByText(/Searched \d+ entries, all readable/)).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'ENDPOINT-RETAIL-07' })).toBeVisible();
  await expect(feed(page).locator('.found')).toBeInViewport();
  await page.keyboard.press('Alt+ArrowLeft');
  await expect(page.getByRole('combobox', { name: /Search commands/ })).toHaveValue('svchost|lsass');
});

test('nothing found says what was looked at', async ({ page }) => {
  await open(page);
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: /Search commands/ })).toBeFocused();
  await page.keyboard.type('C:\\Payroll');
  await expect(page.getByText('“C:\\Payroll” does not occur')).toBeVisible();
  await expect(page.getByText(/Searched \d+ entries, all readable\. Every text/)).toBeVisible();
});

test('offline everything can be read and nothing can be sent, and it says why', async ({ page }) => {
  await open(page, '?offline&open=ses-live');
  await expect(page.getByText(/Offline for 12 min/)).toBeVisible();
  await expect(page.getByText(/next try in/)).toBeVisible();
  await expect(feed(page).getByText('uname -a')).toBeVisible();
  await page.getByRole('textbox', { name: /Command for/ }).fill('uname');
  const run = page.getByRole('button', { name: 'Run' });
  await expect(run).toHaveAttribute('aria-disabled', 'true');
  await expect(run).toHaveAttribute('title', /Offline/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: /Command for/ })).toHaveValue('uname');
  await expect(page.getByRole('button', { name: 'Close session' })).toHaveAttribute('aria-disabled', 'true');
  await page.getByRole('button', { name: 'Try now' }).click();
  await expect(page.getByText(/Offline for/)).toHaveCount(0);
  await expect(run).toHaveAttribute('aria-disabled', 'false');
});

test('the timeline is walked with the keyboard, each entry shown in full', async ({ page }) => {
  await open(page, '?open=ses-firewall');
  // Not the placeholder that stands there until the session's entries have come.
  await expect(feed(page).getByText('Session opened')).toBeVisible();
  await page.keyboard.press('n');
  await page.keyboard.press('n');
  await expect(feed(page).locator(':focus')).toContainText('set rule name="Block SMB Inbound"');
  await page.keyboard.press('Enter');
  const panel = page.getByRole('complementary');
  await expect(panel).toContainText('action.proposed');
  await expect(panel).toContainText('timeout ms');
  await page.keyboard.press('v');
  await expect(page.getByRole('complementary', { name: 'Verification' })).toContainText('Nothing is missing');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('complementary')).toHaveCount(0);
});

test('a bar of the strip leads to its command', async ({ page }) => {
  await open(page, '?open=ses-breach');
  await page.getByRole('button', { name: /Get-MpThreatDetection.*exit 1/ }).click();
  await expect(feed(page).locator(':focus')).toContainText('Get-MpThreatDetection');
});

test('export says where it went, and can be stopped', async ({ page }) => {
  await open(page, '?open=ses-breach');
  await expect(feed(page).getByRole('article').first()).toBeVisible();
  await page.keyboard.press('e');
  await page.getByRole('button', { name: /Transcript, PDF/ }).click();
  await expect(page.getByText('/home/john/Documents/ses-breach.pdf')).toBeVisible();
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page.getByRole('button', { name: /Record, JSON/ }).click();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText('ses-breach.json')).toHaveCount(0);
});

test('sessions are filtered by client, technician and time', async ({ page }) => {
  await open(page);
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('Control+2');
  const rows = page.getByRole('grid').getByRole('row');
  await page.getByRole('combobox', { name: 'Client' }).selectOption({ label: 'Northgate Retail' });
  await page.getByRole('combobox', { name: 'Technician' }).selectOption({ label: 'Ana Ruiz' });
  await page.getByRole('textbox', { name: /From day/ }).fill('2026-11-17');
  await page.getByRole('textbox', { name: /From day/ }).press('Tab');
  await expect(page.getByText('Suspected ransomware')).toBeVisible();
  for (const row of (await rows.allTextContents()).slice(1)) {
    expect(row).toContain('Northgate Retail');
    expect(row).toContain('Ana Ruiz');
  }
  await page.getByRole('textbox', { name: /From day/ }).fill('17/11');
  await page.getByRole('textbox', { name: /From day/ }).press('Tab');
  await expect(page.getByRole('textbox', { name: /From day/ })).toHaveAttribute('aria-invalid', 'true');
});

test('a fork stays in front with both checkpoints; a damaged cache can be dismissed', async ({ page }) => {
  await open(page, '?notice=fork,cache');
  const fork = page.getByRole('alert').filter({ hasText: 'Two different histories' });
  await fork.getByRole('button', { name: 'Show evidence' }).click();
  await expect(fork.getByText('Checkpoint 2')).toBeVisible();
  await expect(fork.getByRole('button', { name: 'Dismiss' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.getByText('was damaged and set aside')).toHaveCount(0);
  await expect(fork).toBeVisible();
});

test('a missing key store gives the choice and never goes on by itself', async ({ page }) => {
  await open(page, '?start=keystore');
  await page.getByRole('button', { name: 'Look again' }).click();
  await expect(page.getByRole('alert')).toContainText('still no secret service');
  await page.getByLabel('Passphrase').fill('too short');
  await expect(page.getByRole('button', { name: 'Use this passphrase' })).toHaveAttribute('aria-disabled', 'true');
  await page.getByLabel('Passphrase').fill('correct horse battery staple');
  await page.getByLabel('Once more').fill('correct horse battery staple');
  await page.getByRole('button', { name: 'Use this passphrase' }).click();
  await expect(page.getByText('Start on this computer')).toBeVisible();
});

test('a wrong password is said, and the form keeps what was typed', async ({ page }) => {
  await open(page, '?start=choose');
  await page.getByRole('button', { name: /Sign in to a control plane/ }).click();
  await page.getByLabel(/Address/).fill('https://password.example.com');
  await page.keyboard.press('Enter');
  await page.getByLabel('E-mail address').fill('ana@example.com');
  await page.getByLabel('Password').fill('wrong');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('do not go together');
  await expect(page.getByLabel('E-mail address')).toHaveValue('ana@example.com');
});

test('checking a log again tells what does not hold', async ({ page }) => {
  await open(page);
  await page.getByRole('option', { name: /HEALTHCARE-12/ }).click();
  await page.getByRole('button', { name: 'check again' }).click();
  await expect(page.getByText(/does not match the commitment/)).toBeVisible();
});
