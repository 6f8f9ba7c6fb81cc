import { expect, test } from '@playwright/test';
import { open } from './pages';
import { toInstallers } from './steps';

test('a client is made and renamed, and its endpoints follow', async ({ page }) => {
  await open(page);
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('Control+4');
  await page.getByRole('button', { name: 'New client' }).click();
  await expect(page.getByRole('button', { name: 'Create' })).toHaveAttribute('aria-disabled', 'true');
  await page.getByRole('textbox', { name: /^Name/ }).fill('Aldgate Pharmacy');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Aldgate Pharmacy')).toBeVisible();
  await page.getByRole('button', { name: 'Rename Northgate Retail' }).click();
  await page.getByRole('textbox', { name: /^Name/ }).fill('Meridian Freight');
  await expect(page.getByText('Another client is called like this already.')).toBeVisible();
  await page.getByRole('textbox', { name: /^Name/ }).fill('Northgate Stores');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Northgate Stores')).toBeVisible();
  await page.keyboard.press('Control+1');
  await expect(page.getByRole('group', { name: 'Northgate Stores' })).toBeVisible();
});

test('from a client to a command that enrols a machine; it is shown once', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('Control+4');
  await page.getByRole('button', { name: 'Add an endpoint to Harbor Finance' }).click();
  await expect(page.getByLabel('Client')).toHaveValue(/.+/);
  await expect(page.getByLabel('Client').locator('option:checked')).toHaveText('Harbor Finance');
  await page.getByLabel('What it is for').fill('New ledger server');
  await page.getByRole('spinbutton', { name: 'Machines' }).fill('3');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('This will not be shown again.');
  await dialog.getByRole('button', { name: 'Copy' }).first().click();
  await expect(dialog.getByRole('button', { name: 'Copied' })).toBeVisible();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  expect(command).toMatch(/^sudo CAISEY_TOKEN=\S+ caisey-runtime enrol --control 'https:\S+'$/);
  await page.keyboard.press('Escape');
  await expect(dialog).toContainText('It cannot be shown again');
  await dialog.getByRole('button', { name: 'Close it' }).click();
  const row = page.getByRole('row', { name: /New ledger server/ });
  await expect(row).toContainText('0 of 3');
  await expect(row).toContainText('never');
  expect(await page.content()).not.toContain('CAISEY_TOKEN');
});

test('a token is rotated, and revoked for good', async ({ page }) => {
  await open(page);
  await toInstallers(page);
  await page.getByRole('button', { name: 'Rotate Tills in the Leeds store' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
  await expect(page.getByRole('dialog')).toContainText('This will not be shown again.');
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.getByRole('button', { name: 'Revoke Tills in the Leeds store' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  const row = page.getByRole('row', { name: /Tills in the Leeds store/ });
  await expect(row).toContainText('revoked');
  await expect(row.getByRole('button')).toHaveCount(0);
});

test('who may not administer is told so before trying', async ({ page }) => {
  await open(page, '?role=auditor');
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('Control+4');
  const create = page.getByRole('button', { name: 'New client' });
  await expect(create).toHaveAttribute('aria-disabled', 'true');
  await expect(create).toHaveAttribute('title', /Your role \(auditor\) does not change the organisation/);
  await page.keyboard.press('Control+1');
  await expect(page.getByRole('button', { name: /Remove this endpoint/ })).toHaveCount(0);
});

test('an endpoint is removed only by its name, and its record stays', async ({ page }) => {
  await open(page);
  await page.getByRole('option', { name: /ENDPOINT-RETAIL-07/ }).click();
  await page.getByRole('button', { name: /Remove this endpoint/ }).click();
  const remove = page.getByRole('button', { name: 'Remove', exact: true });
  await page.getByLabel(/to confirm/).fill('endpoint-retail-07');
  await expect(remove).toHaveAttribute('aria-disabled', 'true');
  await page.getByLabel(/to confirm/).fill('ENDPOINT-RETAIL-07');
  await remove.click();
  await expect(page.getByText('Being removed')).toBeVisible();
  await expect(page.getByText(/Taken out of service/)).toBeVisible();
  await page.getByRole('button', { name: /Suspected ransomware/ }).click();
  await expect(page.getByRole('feed').getByRole('article').first()).toBeVisible();
});

test('a text is erased with its basis, and a tombstone says so', async ({ page }) => {
  await open(page, '?open=ses-live');
  const feed = page.getByRole('feed', { name: 'Timeline' });
  await feed.getByText('Duplicate nginx stanza').click();
  await page.getByRole('textbox', { name: /Command for/ }).press('Escape');
  await feed.focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /Erase texts/ }).click();
  const erase = page.getByRole('button', { name: 'Erase for good' });
  await expect(erase).toHaveAttribute('title', /On what basis|Say on what basis/);
  await page.getByLabel('On what basis').selectOption('Secret printed by accident');
  await page.getByLabel('In your words').fill('ticket 88213');
  await expect(erase).toHaveAttribute('aria-disabled', 'true');
  await page.getByRole('checkbox', { name: /Nobody can bring it back/ }).check();
  await erase.click();
  await expect(feed.getByText('Duplicate nginx stanza')).toHaveCount(0);
  await expect(feed.getByText(/erased/i).first()).toBeVisible();
});
