import { expect, type Page, test } from '@playwright/test';
import { accessible, open } from './pages';
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
  expect(command).toMatch(/^sudo CAISEY_TOKEN=\S+ caisey-runtime enrol --control 'https:\S+' && sudo caisey-runtime service install$/);
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

/** From the client's line to its list. */
async function toMail(page: Page, query = ''): Promise<void> {
  await open(page, query);
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('Control+4');
  await page.getByRole('button', { name: 'Who of Meridian Freight gets mail' }).click();
  await expect(page.getByRole('combobox', { name: 'Client' }).locator('option:checked')).toHaveText('Meridian Freight');
}

test('somebody is listed for mail, changed, and taken off again', async ({ page }) => {
  await toMail(page);
  await expect(page.getByText('Mail goes out through smtp.northstar-it.example')).toBeVisible();
  await page.getByRole('button', { name: 'New contact' }).click();
  const dialog = page.getByRole('dialog');
  const add = dialog.getByRole('button', { name: 'Add' });
  await dialog.getByLabel('Name').fill('Milan Horák');
  await dialog.getByLabel('E-mail address').fill('milan@meridian, zdenka@meridian-freight.example');
  await expect(dialog).toContainText('This is not one plain e-mail address');
  await expect(add).toHaveAttribute('aria-disabled', 'true');
  await dialog.getByLabel('E-mail address').fill('Zdenka@Meridian-Freight.example');
  await expect(dialog).toContainText('Zdenka Nováková has this address already');
  await dialog.getByLabel('E-mail address').fill('milan@refused.example');
  await add.click();
  await expect(dialog.getByRole('alert')).toContainText('must be a plain e-mail address');
  await dialog.getByLabel('E-mail address').fill('milan@meridian-freight.example');
  await add.click();
  const list = page.getByRole('list', { name: 'Contacts who get mail' });
  await expect(list.getByRole('listitem').filter({ hasText: 'Milan Horák' })).toContainText('milan@meridian-freight.example');
  // The same person as the one with a console.
  await page.getByRole('button', { name: 'Change Milan Horák' }).click();
  await dialog.getByLabel('The same person as').selectOption('Ada Osei (ada-notebook)');
  await dialog.getByRole('button', { name: 'Keep' }).click();
  await expect(list.getByRole('listitem').filter({ hasText: 'Milan Horák' })).toContainText('also on ada-notebook');
  await page.getByRole('button', { name: 'Remove Milan Horák' }).click();
  await expect(dialog).toContainText('Links that they were sent before work');
  await dialog.getByRole('button', { name: 'Take them off' }).click();
  await expect(list).not.toContainText('Milan Horák');
});

test('a control plane without a mail server says so, and where that is set', async ({ page }) => {
  await toMail(page, '?mailserver=none');
  await expect(page.getByText('This control plane has no mail server')).toContainText('--mail-config');
});

test('who does not administer sees the list and changes nothing', async ({ page }) => {
  await toMail(page, '?role=technician');
  await expect(page.getByRole('list', { name: 'Contacts who get mail' })).toContainText('Zdenka Nováková');
  await expect(page.getByRole('button', { name: 'New contact' })).toHaveAttribute('aria-disabled', 'true');
  await expect(page.getByRole('button', { name: 'Change Zdenka Nováková' })).toHaveAttribute('title', /Ask an owner or administrator/);
});

for (const scheme of ['light', 'dark'] as const) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme });
    const states: Record<string, { query: string; sees: RegExp; then?: (page: Page) => Promise<void> }> = {
      'mail contacts': { query: '', sees: /Zdenka Nováková/ },
      'no mail contacts, no mail server': { query: '?nomail&mailserver=none', sees: /is asked by e-mail/ },
      'mail whose links lead nowhere': { query: '?mailserver=here', sees: /nobody can answer/ },
      'a new mail contact': { query: '', sees: /Links in these mails are theirs alone/, then: (page) => page.getByRole('button', { name: 'New contact' }).click() },
    };
    for (const [name, state] of Object.entries(states)) {
      test(`${name} has no serious finding`, async ({ page }) => {
        await toMail(page, state.query);
        await state.then?.(page);
        await expect(page.getByText(state.sees).first()).toBeVisible();
        await accessible(page);
        const folder = process.env['PICTURES'];
        if (folder) await page.screenshot({ path: `${folder}/${scheme}-${name.replaceAll(' ', '-')}.png` });
      });
    }
  });
}

test('the list fits into a small window', async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 600 });
  await toMail(page, '?mailserver=here');
  await expect(page.getByRole('button', { name: 'Remove Zdenka Nováková' })).toBeInViewport({ ratio: 1 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
  const folder = process.env['PICTURES'];
  if (folder) await page.screenshot({ path: `${folder}/small-mail-contacts.png` });
});
