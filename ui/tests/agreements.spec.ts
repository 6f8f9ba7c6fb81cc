import { expect, type Page, test } from '@playwright/test';
import { accessible, open } from './pages';

const picture = async (page: Page, name: string): Promise<void> => {
  const folder = process.env['PICTURES'];
  if (folder) await page.screenshot({ path: `${folder}/${name.replaceAll(' ', '-')}.png` });
};

async function agreements(page: Page, query = ''): Promise<void> {
  await open(page, `?role=contact${query}`);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('button', { name: /^Policies/ }).click();
  await expect(page.getByRole('heading', { name: 'Policies', level: 1 })).toBeVisible();
}

const inList = (page: Page, name: RegExp) => page.getByRole('region', { name: 'Policies' }).getByRole('button', { name });
const pane = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

test('a contact sees what applies to their client, what needs their agreement, and nothing to write', async ({ page }) => {
  await agreements(page);
  const rail = page.getByRole('navigation', { name: 'Main' });
  await expect(rail.getByLabel('4 to agree to')).toBeVisible();
  const list = page.getByRole('region', { name: 'Policies' });
  await expect(list.getByRole('list', { name: 'Needs your agreement' }).getByRole('listitem')).toHaveCount(4);
  await expect(list.getByRole('list', { name: 'Agreed' }).getByRole('listitem')).toHaveCount(1);
  await expect(list).toContainText('Changed since version 1');
  // What covers other clients is none of theirs.
  await expect(list).not.toContainText('payroll');
  await expect(list).not.toContainText('northgate');
  await expect(page.getByRole('button', { name: /^(New policy|Change|Take out of force)$/ })).toHaveCount(0);
  await page.keyboard.press('Control+5');
  await page.keyboard.press('Control+7');
  await expect(page.getByRole('heading', { name: 'Policies', level: 1 })).toBeVisible();
});

test('what changed since the version that was agreed to is shown as a difference, in words and as text', async ({ page }) => {
  await agreements(page);
  await inList(page, /^servers/).click();
  const servers = pane(page, 'servers');
  await expect(servers).toContainText('Version 2, published by John Doe');
  await expect(servers).toContainText('You agreed to version 1 on');
  await expect(servers.getByRole('heading', { name: 'What changed since version 1' })).toBeVisible();
  await expect(servers).toContainText('New: When a technician changes something');
  await expect(servers).not.toContainText('No longer:');
  await servers.getByText('The texts, line by line').click();
  const texts = servers.getByRole('group', { name: 'Text of version 1 and of version 2' });
  await expect(texts).toContainText('New: @hours("Mon Tue Wed Thu Fri 08:00-18:00 UTC+01:00")');
  await servers.getByText('The exact text').click();
  await expect(servers.getByRole('region', { name: 'Text of version 2' })).toContainText('@count("2")');
  await expect(servers.getByRole('textbox', { name: 'SHA-256 of the text' })).toHaveValue(/^[0-9a-f]{60,64}$/);
  await expect(servers.getByRole('list').last()).toContainText('Tom Baker agreed to version 1');
  await expect(servers).toContainText('the key that signed it was taken out since');
  await picture(page, 'agreement-difference');
});

test('agreeing signs exactly that version, after saying what it means', async ({ page }) => {
  await agreements(page);
  await inList(page, /^servers/).click();
  await pane(page, 'servers').getByRole('button', { name: 'Agree…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Agree to version 2 of servers?' });
  await expect(dialog).toContainText('You sign, for Meridian Freight');
  await expect(dialog).toContainText('It lets nothing run by itself');
  await expect(dialog).toContainText('New: When a technician changes something');
  await picture(page, 'agreement-dialog');
  await dialog.getByRole('button', { name: 'Agree and sign' }).click();
  await expect(page.getByText('Version 2 of servers is agreed to')).toBeVisible();
  await expect(dialog).toHaveCount(0);
  // It stays before one's eyes although it has another place in the list now.
  await expect(pane(page, 'servers')).toContainText('You agreed to this version on');
  await expect(pane(page, 'servers').getByRole('button', { name: /Agree/ })).toHaveCount(0);
  await expect(page.getByRole('navigation', { name: 'Main' }).getByLabel('3 to agree to')).toBeVisible();
});

test('a version that was published meanwhile is not agreed to unseen', async ({ page }) => {
  await agreements(page, '&agree=raced');
  await inList(page, /^servers/).click();
  await page.getByRole('button', { name: 'Agree…' }).click();
  await page.getByRole('button', { name: 'Agree and sign' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('Version 3 of servers was published after you opened version 2. Nothing was signed.');
  await expect(page.getByRole('button', { name: 'Agree and sign' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Look at what changed' }).click();
  const servers = pane(page, 'servers');
  await expect(servers).toContainText('Version 3, published by Priya Raman');
  await expect(servers).toContainText('No longer: When anybody deletes');
  await expect(servers.getByRole('button', { name: 'Agree…' })).toBeVisible();
});

test('what is written by hand is its text, and what the text would hide is marked', async ({ page }) => {
  await agreements(page);
  await inList(page, /^shells/).click();
  await expect(pane(page, 'shells')).toContainText('Written by hand');
  await expect(pane(page, 'shells').getByRole('region', { name: 'Text of version 1' })).toContainText('context.interpreter == "powershell"');
  await page.goto('/?role=contact&agree=hidden');
  await page.getByRole('button', { name: /^Policies/ }).click();
  await inList(page, /^shells/).click();
  await expect(pane(page, 'shells')).toContainText('characters that would not be seen');
  await expect(pane(page, 'shells').getByText('RLO')).toBeVisible();
});

test('nothing is agreed to that cannot be relied on, by a console that does not speak, or offline', async ({ page }) => {
  const refused = async (query: string, policy: RegExp, why: RegExp) => {
    await agreements(page, query);
    await inList(page, policy).click();
    const button = page.getByRole('button', { name: /^Agree/ });
    await expect(button).toHaveAttribute('aria-disabled', 'true');
    await expect(button).toHaveAttribute('title', why);
    await button.click({ force: true });
    await expect(page.getByRole('dialog')).toHaveCount(0);
  };
  await refused('&chain=broken', /^default/, /another list of who speaks/);
  await refused('&unintroduced', /^default/, /Ask a contact whose console does to introduce it/);
  await refused('&offline', /^default/, /Offline: nothing can be sent/);
  await expect(page.getByText(/As heard on .* Nothing can be signed/)).toBeVisible();
  await agreements(page, '&agree=replaced');
  await inList(page, /^agents/).click();
  await expect(pane(page, 'agents').getByRole('alert')).toContainText('is not the one that was agreed to as version 1');
  await expect(page.getByRole('region', { name: 'Policies' }).getByRole('list', { name: 'Not to be relied on' })).toContainText('agents');
});

test('the organisation sees who agreed to what, who did not, and who cannot', async ({ page }) => {
  await open(page);
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('Control+7');
  await inList(page, /^servers/).click();
  await expect(pane(page, 'servers')).toContainText('agreed to version 1 only');
  await expect(pane(page, 'servers')).toContainText('Maria Okafor signed version 1 on');
  await inList(page, /^agents/).click();
  await expect(pane(page, 'agents')).toContainText('agreed to version 1');
  await expect(pane(page, 'agents')).toContainText('Nobody has signed any version.');
  await inList(page, /^shells/).click();
  await expect(pane(page, 'shells')).toContainText('it names other clients');
  await accessible(page);
  await picture(page, 'agreements-of-clients');
});

test('policies that cannot be had say so', async ({ page }) => {
  await open(page, '?role=contact&refused');
  await page.getByRole('button', { name: /^Policies/ }).click();
  await expect(page.getByText(/could not read its policies/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
});

test('in a small window, with long names, the answer stays in reach', async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 600 });
  await agreements(page);
  for (const name of [/^servers/, /^meridian-freight-container/, /^shells/, /^default/]) {
    await inList(page, name).click();
    await expect(page.getByRole('button', { name: 'Agree…' })).toBeInViewport({ ratio: 1 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
    await picture(page, `small-agreement-${name.source.slice(1)}`);
  }
  await page.getByRole('button', { name: 'Agree…' }).click();
  await expect(page.getByRole('button', { name: 'Agree and sign' })).toBeInViewport({ ratio: 1 });
});

const STATES: Record<string, { query?: string; sees: RegExp; then?: (page: Page) => Promise<void> }> = {
  'a change': { sees: /What changed since version 1/, then: (page) => inList(page, /^servers/).click() },
  'a policy by hand': { sees: /Written by hand/, then: (page) => inList(page, /^shells/).click() },
  'hidden characters': { query: '&agree=hidden', sees: /characters that would not be seen/, then: (page) => inList(page, /^shells/).click() },
  'an agreement': { sees: /You agreed to this version/, then: (page) => inList(page, /^agents/).click() },
  'a policy out of force': { sees: /there is nothing to agree to/, then: (page) => inList(page, /^holidays/).click() },
  'a replaced text': { query: '&agree=replaced', sees: /Versions are never changed/, then: (page) => inList(page, /^agents/).click() },
  'nobody agreed': { query: '&agree=none', sees: /Nobody of Meridian Freight has agreed/ },
  'no voice': { query: '&unintroduced', sees: /cannot agree for it/ },
  'offline agreements': { query: '&offline', sees: /Nothing can be signed/ },
  'the last word': {
    sees: /You sign, for Meridian Freight/,
    then: async (page) => {
      await inList(page, /^servers/).click();
      await page.getByRole('button', { name: 'Agree…' }).click();
    },
  },
};

for (const scheme of ['light', 'dark'] as const) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme });
    for (const [name, state] of Object.entries(STATES)) {
      test(`${name} has no serious finding`, async ({ page }) => {
        await agreements(page, state.query);
        await state.then?.(page);
        await expect(page.getByText(state.sees).first()).toBeVisible();
        await accessible(page);
        await picture(page, `${scheme}-${name}`);
      });
    }
  });
}
