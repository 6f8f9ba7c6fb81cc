import { expect, type Page, test } from '@playwright/test';
import { accessible, open } from './pages';

async function policies(page: Page, query = ''): Promise<void> {
  await open(page, query);
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('Control+7');
  await expect(page.getByRole('heading', { name: 'Policies', level: 1 })).toBeVisible();
}

const inList = (page: Page, name: RegExp) => page.getByRole('region', { name: 'Policies' }).getByRole('button', { name });
const compare = (page: Page) => page.getByRole('button', { name: 'See what would change' }).click();

/** A new policy of one rule that asks two contacts for what changes or deletes. */
async function careful(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'New policy' }).click();
  await page.getByRole('button', { name: /Two people for what deletes/ }).click();
  await page.getByPlaceholder('such as: servers').fill('Careful changes');
  await page.getByRole('button', { name: 'Change something' }).click();
}

async function byHand(page: Page, text: string): Promise<void> {
  await page.getByRole('button', { name: 'Text', exact: true }).click();
  await page.getByRole('textbox', { name: 'The policy’s text' }).fill(text);
}

test('what decides is listed by what it covers, with who published it and all that there was', async ({ page }) => {
  await policies(page);
  await inList(page, /^servers/).click();
  const pane = page.getByRole('region', { name: 'servers', exact: true });
  await expect(pane).toContainText('Version 2, published by John Doe');
  await expect(pane).toContainText('2 contacts of the client have to say yes on their console with the number within an hour');
  await pane.locator('summary').first().click();
  await expect(pane.getByRole('region', { name: 'Text of version 2' })).toContainText('@hours("Mon Tue Wed Thu Fri 08:00-18:00 UTC+01:00")');
  await pane.locator('summary').nth(1).click();
  await expect(pane).toContainText('Agreed to and signed by Meridian Freight');
  await inList(page, /^holidays/).click();
  await expect(page.getByText('out of force').first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Write it anew' })).toBeVisible();
});

test('what contacts allowed beforehand stands beside it, as what it is', async ({ page }) => {
  await policies(page);
  await inList(page, /^after-hours-incident-response/).click();
  const pane = page.getByRole('region', { name: 'after-hours-incident-response' });
  await expect(pane).toContainText('Maria Okafor of Meridian Freight signed it with their own key');
  await expect(pane).toContainText('Mon to Fri from 18:00 to 06:00, UTC+1');
  await expect(pane).toContainText(/\d+ days left/);
  await expect(pane.getByRole('button')).toHaveCount(0);
  await inList(page, /^till-rollout/).click();
  await expect(page.getByRole('region', { name: 'till-rollout' })).toContainText(/ended 3 days ago/);
});

test('a rule is filled in, its text follows, what it would have changed is seen, and it is published', async ({ page }) => {
  await policies(page);
  await careful(page);
  const text = page.getByRole('region', { name: 'The same as text' });
  await expect(text).toContainText('@count("2")');
  await expect(text).toContainText('action in [Action::"changing", Action::"destructive"]');
  await page.getByText('Forbidden', { exact: true }).click();
  await expect(text).toContainText('forbid (principal');
  await expect(text).not.toContainText('@count');
  await page.getByText('Somebody is asked', { exact: true }).click();
  await page.getByRole('spinbutton', { name: 'How many have to say yes' }).fill('2');
  await page.keyboard.press('Tab');
  await page.getByRole('combobox', { name: 'Clients' }).selectOption('Meridian Freight');
  await expect(page.getByRole('article', { name: /^Rule 1/ })).toContainText('at Meridian Freight, 2 contacts of the client have to say yes');
  await compare(page);
  await expect(page.getByText(/actions? of \d+ would have come to something else/)).toBeVisible();
  const row = page.getByRole('button', { name: /netsh advfirewall firewall set rule/ });
  await expect(row).toContainText('SRV-FILES-01');
  await expect(row).toContainText('default v1');
  await row.click();
  await expect(page.getByRole('feed').getByRole('article').first()).toBeVisible();
  await page.keyboard.press('Alt+ArrowLeft');
  await expect(page.getByRole('heading', { name: /careful-changes/ })).toBeVisible();
  await page.getByRole('button', { name: 'Publish…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Publish version 1 of careful-changes?' });
  await expect(dialog).toContainText('From then on it decides over every action on all endpoints of the organisation');
  await expect(dialog).toContainText('New: When anybody changes something');
  await dialog.getByRole('button', { name: 'Publish version 1' }).click();
  await expect(page.getByText('Version 1 of careful-changes is in force')).toBeVisible();
  await expect(page.getByRole('region', { name: 'careful-changes', exact: true })).toContainText('published by John Doe');
});

test('what is wrong stands at its rule, and nothing goes on before it is right', async ({ page }) => {
  await policies(page);
  await careful(page);
  const rule = page.getByRole('article', { name: /^Rule 1/ });
  await rule.getByRole('textbox', { name: 'Name' }).fill('');
  await expect(rule.getByRole('alert')).toHaveText('Give the rule a name of 1 to 100 characters.');
  await expect(page.getByRole('button', { name: 'See what would change' })).toHaveAttribute('aria-disabled', 'true');
  await rule.getByRole('textbox', { name: 'Name' }).fill('Better');
  await rule.getByRole('combobox', { name: 'When' }).selectOption('In these hours');
  for (const day of ['Mon', 'Tue', 'Wed', 'Thu', 'Fri']) await rule.getByRole('button', { name: day, exact: true }).click();
  await expect(rule.getByRole('alert')).toContainText('choose at least one day');
  await rule.getByRole('button', { name: 'Sat', exact: true }).click();
  await expect(rule.getByRole('alert')).toHaveCount(0);
  await rule.getByRole('button', { name: 'Copy this rule' }).click();
  await expect(page.getByRole('article', { name: 'Rule 2: Better (copy)' })).toBeVisible();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await expect(page.getByRole('article')).toHaveCount(1);
});

test('a text with a mistake says where, and one that no form shows says why', async ({ page }) => {
  await policies(page);
  await careful(page);
  await byHand(page, 'permit (principal, action, resource);\npermit (principal, action resource);\n');
  await expect(page.getByRole('alert')).toContainText('Line 2, character 20');
  await expect(page.getByRole('button', { name: 'See what would change' })).toHaveAttribute('title', /cannot be read/);
  await rewrite(page, '@label("No PowerShell")\nforbid (principal, action, resource)\nwhen { context.interpreter == "powershell" };\n');
  await expect(page.getByText('No form shows this policy.')).toBeVisible();
  await expect(page.getByText(/Line 1, “No PowerShell”: It looks at the interpreter/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Form', exact: true })).toHaveAttribute('aria-disabled', 'true');
  await page.getByRole('button', { name: 'Form', exact: true }).click({ force: true });
  await expect(page.getByRole('textbox', { name: 'The policy’s text' })).toHaveValue(/No PowerShell/);
});

async function rewrite(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'The policy’s text' }).fill(text);
}

test('a form never takes remarks from a text without being asked to', async ({ page }) => {
  await policies(page);
  await careful(page);
  await page.getByRole('button', { name: 'Text', exact: true }).click();
  const text = page.getByRole('textbox', { name: 'The policy’s text' });
  await expect(text).toHaveValue(/@count/);
  const written = await text.inputValue();
  await text.fill(`// agreed on the telephone\n${written}`);
  await expect(page.getByText('remarks and layout would be lost')).toBeVisible();
  await page.getByRole('button', { name: 'Form', exact: true }).click({ force: true });
  await expect(text).toHaveValue(/agreed on the telephone/);
  await page.getByRole('button', { name: 'Take the form' }).click();
  await expect(page.getByRole('article', { name: /^Rule 1/ })).toBeVisible();
  await expect(page.getByRole('region', { name: 'The same as text' })).not.toContainText('agreed');
});

test('a policy is taken out of force after a look at what that changes', async ({ page }) => {
  await policies(page);
  await inList(page, /^agents/).click();
  await page.getByRole('button', { name: 'Take out of force' }).click();
  await expect(page.getByText(/Nothing would have come to anything else/)).toBeVisible();
  await page.getByRole('button', { name: 'Publish…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Take agents out of force?' });
  await expect(dialog).toContainText('No longer: When an agent that works for anybody');
  await dialog.getByRole('button', { name: 'Take out of force' }).click();
  await expect(page.getByText('agents is out of force')).toBeVisible();
});

test('somebody who was faster is not overwritten, and the control plane’s doubts come back to the rules', async ({ page }) => {
  await policies(page, '?raced');
  await careful(page);
  await compare(page);
  await page.getByRole('button', { name: 'Publish…' }).click();
  await page.getByRole('button', { name: 'Publish version 1' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('Somebody published in between');
  await page.getByRole('button', { name: 'Follow theirs' }).click();
  await expect(page.getByRole('heading', { name: 'careful-changes version 2' })).toBeVisible();
  await compare(page);
  await page.getByRole('button', { name: 'Publish…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Publish version 2 of careful-changes?' });
  await expect(dialog).toContainText('No longer: When anybody only looks, it runs without asking.');
  await dialog.getByRole('button', { name: 'Publish version 2' }).click();
  await expect(page.getByText('Version 2 of careful-changes is in force')).toBeVisible();
  await policies(page, '?misplaced');
  await careful(page);
  await compare(page);
  await expect(page.getByRole('alert')).toContainText('a client or an endpoint that does not exist');
  await expect(page.getByRole('article', { name: /^Rule 1/ })).toBeVisible();
});

test('a long comparison shows how far it is and can be stopped', async ({ page }) => {
  await policies(page, '?slowrun');
  await careful(page);
  await compare(page);
  await expect(page.getByRole('progressbar')).toBeVisible();
  await expect(page.getByText(/Deciding 1,200 recorded actions again/)).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('article', { name: /^Rule 1/ })).toBeVisible();
});

test('offline everything can be read, nothing changed, and both are said', async ({ page }) => {
  await policies(page, '?offline');
  await expect(page.getByText(/As heard on .* Nothing can be published/)).toBeVisible();
  await inList(page, /^servers/).click();
  await expect(page.getByText('Version 2, published by')).toBeVisible();
  const change = page.getByRole('button', { name: 'Change', exact: true });
  await expect(change).toHaveAttribute('aria-disabled', 'true');
  await expect(change).toHaveAttribute('title', /Offline: nothing can be sent/);
  await expect(page.getByRole('button', { name: 'New policy' })).toHaveAttribute('aria-disabled', 'true');
});

test('who does not administer reads all of it and is told so', async ({ page }) => {
  await policies(page, '?role=technician');
  await inList(page, /^payroll/).click();
  await expect(page.getByText('it is forbidden.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Change', exact: true })).toHaveAttribute('title', /Your role \(technician\) does not change the organisation/);
});

test('what policies know of a machine is said where the machine is', async ({ page }) => {
  await open(page);
  await page.getByRole('option', { name: /SRV-FILES-01/ }).click();
  await expect(page.getByText('class server, nobody sits at it, not sensitive')).toBeVisible();
  await page.getByRole('button', { name: 'change', exact: true }).click();
  await page.getByRole('textbox', { name: /^Class/ }).fill('File Servers');
  await page.getByRole('checkbox', { name: /must not get out/ }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('small letters, digits and hyphens');
  await page.getByRole('textbox', { name: /^Class/ }).fill('file-server');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('class file-server, nobody sits at it, sensitive')).toBeVisible();
});

test('a small window and long names hide nothing that is needed', async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 600 });
  const wider = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await policies(page);
  await inList(page, /^northgate-distribution/).click();
  await expect(page.getByText(/third warehouse/).first()).toBeVisible();
  expect(await wider()).toBe(0);
  await expect(page.getByRole('button', { name: 'Change', exact: true })).toBeInViewport({ ratio: 1 });
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await expect(page.getByRole('textbox', { name: 'Name' })).toBeVisible();
  expect(await wider()).toBe(0);
  await expect(page.getByRole('button', { name: 'See what would change' })).toBeInViewport({ ratio: 1 });
  await expect(page.getByRole('region', { name: 'The same as text' })).toBeInViewport();
  await compare(page);
  await expect(page.getByText(/would have/).first()).toBeVisible();
  expect(await wider()).toBe(0);
});

const STATES: Record<string, { query?: string; sees: RegExp; then?: (page: Page) => Promise<void> }> = {
  'a policy': { sees: /2 contacts of the client/, then: (page) => inList(page, /^servers/).click() },
  'the built-in policy alone': { query: '?policies=empty', sees: /it is there before anybody publishes one/ },
  'a policy by hand': { sees: /Written by hand/, then: (page) => inList(page, /^shells/).click() },
  'a pre-authorisation': { sees: /signed it with their own key/, then: (page) => inList(page, /^after-hours/).click() },
  'a broken chain': { query: '?chain=broken', sees: /another list of who speaks/ },
  offline: { query: '?offline', sees: /As heard on/ },
  'ways to begin': { sees: /Agents only look/, then: (page) => page.getByRole('button', { name: 'New policy' }).click() },
  'the form': { sees: /The same as text/, then: careful },
  'a mistake in a rule': {
    sees: /Give the rule a name/,
    then: async (page) => {
      await careful(page);
      await page.getByRole('article').getByRole('textbox', { name: 'Name' }).fill('');
    },
  },
  'a mistake in a text': {
    sees: /cannot be read/,
    then: async (page) => {
      await careful(page);
      await byHand(page, 'permitt (principal, action, resource);\n');
    },
  },
  'a comparison': {
    sees: /would have come to something else/,
    then: async (page) => {
      await careful(page);
      await compare(page);
    },
  },
  'a publication': {
    sees: /Versions are never changed or removed/,
    then: async (page) => {
      await careful(page);
      await compare(page);
      await page.getByRole('button', { name: 'Publish…' }).click();
    },
  },
};

for (const scheme of ['light', 'dark'] as const) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme });
    for (const [name, state] of Object.entries(STATES)) {
      test(`${name} has no serious finding`, async ({ page }) => {
        await policies(page, state.query);
        await state.then?.(page);
        await expect(page.getByText(state.sees).first()).toBeVisible();
        await accessible(page);
      });
    }
  });
}

test('policies that cannot be had say so', async ({ page }) => {
  await open(page, '?refused');
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('Control+7');
  await expect(page.getByText(/could not read its policies/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
});
