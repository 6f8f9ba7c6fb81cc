import { expect, type Page, test } from '@playwright/test';
import { accessible, open } from './pages';

const entries = (page: Page) => page.getByRole('feed', { name: 'Entries of the record' });

/** From a session to its review. */
async function toReview(page: Page, session: string, query = ''): Promise<void> {
  await open(page, `?open=${session}${query}`);
  await page.getByRole('button', { name: 'Hand over' }).click();
  await expect(entries(page).getByRole('article').first()).toBeVisible({ timeout: 15_000 });
}

async function toEvidence(page: Page, tab: string, query = ''): Promise<void> {
  await open(page, query);
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('Control+6');
  await page.getByRole('tab', { name: tab }).click();
}

const toStep = (page: Page, step: string) => page.getByRole('tab', { name: step }).click();

test('a record is read with the keyboard, what was on the screen is counted, and it is attested', async ({ page }) => {
  await toReview(page, 'ses-breach');
  const panel = page.getByRole('complementary', { name: 'Review' });
  await expect(page.getByText('Draft', { exact: true })).toBeVisible();
  await expect(panel.getByText(/^[1-9]\d* of 25 entries$/)).toBeVisible();
  for (let step = 0; step < 24; step += 1) {
    await page.keyboard.press('j');
    await page.waitForTimeout(60);
  }
  await expect(entries(page).locator('[data-row="24"]')).toBeFocused();
  await page.waitForTimeout(1300);
  // What was passed too quickly is not counted: N goes to it.
  for (let round = 0; round < 25 && !(await panel.getByText('25 of 25 entries').isVisible()); round += 1) {
    await page.keyboard.press('n');
    await page.waitForTimeout(1300);
  }
  await expect(panel.getByText('25 of 25 entries')).toBeVisible();
  await panel.getByRole('button', { name: 'Attest…' }).click();
  await expect(page.getByRole('dialog')).toContainText('All 25 entries were on your screen');
  await page.getByRole('button', { name: 'Attest in my name' }).click();
  await expect(page.getByText('Reviewed', { exact: true })).toBeVisible();
  await expect(panel).toContainText('You reviewed this snapshot');
  await expect(panel.getByRole('button', { name: 'Attest…' })).toHaveAttribute('aria-disabled', 'true');
});

test('an attestation says what was not read, and a refusal needs a reason', async ({ page }) => {
  await toReview(page, 'ses-breach');
  await page.getByRole('button', { name: 'Attest…' }).click();
  await expect(page.getByRole('dialog')).toContainText(/entries were not on your screen/);
  await page.getByRole('button', { name: 'Read on' }).click();
  await page.getByRole('button', { name: 'Refuse…' }).click();
  const refuse = page.getByRole('button', { name: 'Refuse in my name' });
  await expect(refuse).toHaveAttribute('aria-disabled', 'true');
  await page.getByLabel('Why it should not be relied on').fill('The second output is cut off.');
  await refuse.click();
  await expect(page.getByText('Refused', { exact: true }).first()).toBeVisible();
  await expect(page.getByRole('complementary', { name: 'Review' })).toContainText('“The second output is cut off.”');
});

test('who took part is told at once, and why', async ({ page }) => {
  await toReview(page, 'ses-firewall');
  await expect(page.getByRole('note')).toContainText(/You took part in this work \(entry \d+: Session opened\)/);
  await expect(page.getByRole('button', { name: 'Attest…' })).toHaveAttribute('title', /You took part/);
});

test('offline a record can be read, and attesting says why it waits', async ({ page }) => {
  await toReview(page, 'ses-breach', '&offline');
  await expect(page.getByRole('button', { name: 'Attest…' })).toHaveAttribute('title', /Offline/);
});

test('what leaves stands beside what was recorded; a removal is shown again with a reason', async ({ page }) => {
  await toReview(page, 'ses-breach');
  await toStep(page, 'What leaves');
  const feed = page.getByRole('feed', { name: 'As recorded, and what leaves' });
  await expect(feed.getByText('user 1').first()).toBeVisible();
  const panel = page.getByRole('complementary', { name: 'Removals by class' });
  await expect(panel.getByRole('row', { name: /user 6/ })).toBeVisible();
  await expect(panel).toContainText('400 made-up identifiers');
  await feed.getByRole('button', { name: /^administrator: does not leave, user by account-name/ }).first().press('Enter');
  const show = page.getByRole('button', { name: 'Show again' });
  await expect(show).toHaveAttribute('aria-disabled', 'true');
  await page.getByLabel('Why it may be shown').fill('A built-in account');
  await show.click();
  await expect(panel.getByRole('row', { name: /user 5/ })).toBeVisible();
  await expect(panel).toContainText('A built-in account');
});

async function select(page: Page, words: string): Promise<void> {
  await page.evaluate((wanted) => {
    const walker = document.createTreeWalker(document.querySelector('[role=feed]') ?? document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.textContent?.indexOf(wanted) ?? -1;
      if (at < 0) continue;
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(range);
      node.parentElement?.dispatchEvent(new MouseEvent('mouseup', { bubbles: true }));
      return;
    }
    throw new Error(`${wanted} is not on the page`);
  }, words);
}

test('selected words are hidden under a class; what always stays says so', async ({ page }) => {
  await toReview(page, 'ses-breach');
  await toStep(page, 'What leaves');
  await page.getByLabel('only entries with removals').uncheck();
  const feed = page.getByRole('feed', { name: 'As recorded, and what leaves' });
  await expect(feed.getByText('Get-WinEvent').first()).toBeVisible();
  await select(page, 'Format-Table TimeCreated');
  await page.getByLabel('Hide it as').selectOption('document');
  await page.getByRole('button', { name: 'Hide', exact: true }).click();
  await expect(feed.getByText('document 1')).toBeVisible();
  await select(page, 'Get-WinEvent');
  await page.getByRole('button', { name: 'Hide', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('“Get-WinEvent” stays');
  await page.keyboard.press('Escape');
  await select(page, 'command output');
  await expect(page.getByRole('dialog', { name: 'The selection' })).toContainText('This stays. Times, kinds, decisions');
});

test('below the threshold nothing leaves scrubbed, and it says what to do', async ({ page }) => {
  await toReview(page, 'ses-breach', '&blocked');
  await toStep(page, 'What leaves');
  await expect(page.getByRole('alert')).toContainText('31 of 40 of class host');
  await toStep(page, 'Hand over');
  const go = page.getByRole('button', { name: 'Sign and save…' });
  await expect(go).toHaveAttribute('aria-disabled', 'true');
  await page.getByLabel('Complete').check();
  await expect(go).toHaveAttribute('aria-disabled', 'false');
});

test('a signed document leaves with answers in it, tells how far it is, and can be stopped', async ({ page }) => {
  await toReview(page, 'ses-breach', '&reviewed');
  await toStep(page, 'Hand over');
  await expect(page.getByText(/Nobody has attested/)).toHaveCount(0);
  await page.getByLabel(/Did anyone access \(/).fill('*payroll*');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Did anyone access *payroll*?')).toBeVisible();
  await page.getByRole('button', { name: 'Sign and save…' }).click();
  await expect(page.getByText(/Printing, \d+ of 25 entries/)).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText(/^Saved:/)).toHaveCount(0);
  await page.getByRole('button', { name: 'Sign and save…' }).click();
  await expect(page.getByText(/^Saved: .*\.pdf$/)).toBeVisible();
  await page.getByRole('radio', { name: /^Evidence pack/ }).check();
  await page.getByRole('button', { name: 'Save the pack…' }).click();
  await expect(page.getByText(/^Saved: .*\.zip$/)).toBeVisible();
});

test('a certificate of one’s own and a time stamp are asked for what they need', async ({ page }) => {
  await toReview(page, 'ses-breach');
  await toStep(page, 'Hand over');
  await page.getByLabel('A certificate of yours').check();
  const go = page.getByRole('button', { name: 'Sign and save…' });
  await expect(go).toHaveAttribute('title', /Choose the PKCS#12 file/);
  await page.getByRole('button', { name: 'Choose the file…' }).click();
  await expect(page.getByText('northstar-signing.p12')).toBeVisible();
  await page.getByLabel('Its password').fill('wrong');
  await page.getByLabel('Time stamp by a third party').check();
  await expect(go).toHaveAttribute('title', /address of the time-stamp authority/);
  await page.getByLabel('Address of the authority').fill('http://timestamp.example.com');
  await go.click();
  await expect(page.getByRole('alert')).toContainText('does not open with this password');
  // The message is beside the button, not on it.
  await page.getByLabel('Its password').fill('geheim');
  await go.click();
  await expect(page.getByText(/^Saved: .*\.pdf$/)).toBeVisible();
});

test('a question is answered in three parts, never by a bare no, and goes into a hand-over', async ({ page }) => {
  await toEvidence(page, 'Did anyone…?');
  await page.getByLabel('Did anyone access').fill('*payroll*');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: '1. The record has no gaps' })).toBeVisible();
  await expect(page.getByRole('heading', { name: '2. Entries that name it: none' })).toBeVisible();
  await expect(page.getByRole('heading', { name: /3\. Entries whose effects cannot be told: \d/ })).toBeVisible();
  await page.getByRole('button', { name: 'Sign and save' }).click();
  await expect(page.getByText(/payroll.*certificate\.json/)).toBeVisible();
  await page.getByRole('button', { name: 'Put into a hand-over' }).click();
  await expect(page.getByText('Did anyone access *payroll*?')).toBeVisible();
  await page.keyboard.press('Alt+ArrowLeft');
});

test('from a session a key leads to its hand-over', async ({ page }) => {
  await open(page, '?open=ses-breach');
  await expect(page.getByRole('feed', { name: 'Timeline' })).toBeVisible();
  await page.keyboard.press('h');
  await expect(entries(page)).toBeVisible();
});

test('what names it is listed and opens the session at that entry', async ({ page }) => {
  await toEvidence(page, 'Did anyone…?');
  await page.getByLabel('Did anyone access').fill('svchost');
  await page.keyboard.press('Enter');
  const list = page.getByRole('list', { name: 'Entries that name it' });
  await list.getByRole('button').first().click();
  await expect(page.getByRole('feed', { name: 'Timeline' })).toBeVisible();
});

test('every action with who allowed it, exceptions first; narrowed by verdict; saved as files', async ({ page }) => {
  await toEvidence(page, 'Audit');
  const feed = page.getByRole('feed', { name: 'Actions, exceptions first' });
  await expect(feed.getByRole('article').first()).toContainText('the endpoint vanished while it ran');
  await page.getByLabel('Framework').selectOption('sox');
  await expect(page.getByText(/2 controls that this table speaks to/)).toBeVisible();
  await page.getByRole('button', { name: /1 Approved before it ran/ }).click();
  await expect(feed.getByRole('article')).toHaveCount(1);
  await expect(feed).toContainText('Maria Okafor');
  await page.getByRole('button', { name: 'CSV' }).click();
  await expect(page.getByText(/audit.*\.csv/)).toBeVisible();
});

test('a table of any length is there to its last line, whatever verdict is chosen', async ({ page }) => {
  await toEvidence(page, 'Audit', '?long');
  const feed = page.getByRole('feed', { name: 'Actions, exceptions first' });
  await expect(feed.getByRole('article').first()).toContainText('the endpoint vanished while it ran');
  const all = Number(await feed.getByRole('article').first().getAttribute('aria-setsize'));
  expect(all).toBeGreaterThan(2_000);
  await expect(page.getByText(`All ${all.toLocaleString('en')} actions`)).toBeVisible();
  await feed.evaluate((node) => node.scrollTo(0, node.scrollHeight));
  const last = feed.locator(`[aria-posinset="${all}"]`);
  await expect(last).toContainText(/entry \d/);
  await page.getByRole('button', { name: /400 Approved before it ran/ }).click();
  await expect(feed.getByRole('article').first()).toHaveAttribute('aria-setsize', '400');
  await expect(feed.getByRole('article').first()).toContainText('Maria Okafor');
  await expect(page.getByText(/^400 of .* files have all of them/)).toBeVisible();
});

test('a link is made, copied, looked at, refreshed and ended', async ({ page }) => {
  await toReview(page, 'ses-breach');
  await toStep(page, 'Hand over');
  await page.getByRole('radio', { name: /^Share link/ }).check();
  const make = page.getByRole('button', { name: 'Make the link' });
  await expect(make).toHaveAttribute('title', /Nobody has attested this record/);
  await page.getByLabel('Hand it out unreviewed').check();
  await page.getByLabel('What you call it').fill('Harbor Mutual, claim 7');
  await page.getByLabel('Passphrase, if any').fill('short');
  await expect(make).toHaveAttribute('title', /at least 8 characters/);
  await page.getByLabel('Passphrase, if any').fill('a longer passphrase');
  await make.click();
  await expect(page.getByRole('textbox', { name: 'Share link' })).toHaveValue(/\/s\//);
  await page.keyboard.press('Control+6');
  await page.getByRole('tab', { name: 'Share links' }).click();
  const list = page.getByRole('list', { name: 'Share links, newest first' });
  await expect(list.getByText('Harbor Mutual, claim 7')).toBeVisible();
  await list.getByRole('button', { name: 'Opened 3 times' }).click();
  await expect(list.getByText('gave a wrong passphrase')).toBeVisible();
  await list.getByRole('button', { name: 'Revoke…' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(list.getByText('revoked', { exact: true })).toHaveCount(2);
  await list.getByRole('button', { name: 'Refresh…' }).click();
  await page.getByLabel('Hand it out unreviewed').check();
  await page.getByRole('button', { name: 'Refresh the link' }).click();
  await expect(page.getByText('The link shows this record now')).toBeVisible();
});

const STATES: Record<string, (page: Page) => Promise<void>> = {
  'the list of records': async (page) => {
    await toEvidence(page, 'Records');
    await expect(page.getByText('A period on endpoints')).toBeVisible();
  },
  'a record being read': (page) => toReview(page, 'ses-breach'),
  'a record by somebody who took part': (page) => toReview(page, 'ses-firewall'),
  'a hostile record': (page) => toReview(page, 'ses-hostile'),
  'a reviewed record': (page) => toReview(page, 'ses-breach', '&reviewed'),
  'attesting': async (page) => {
    await toReview(page, 'ses-breach');
    await page.getByRole('button', { name: 'Attest…' }).click();
  },
  'what leaves': async (page) => {
    await toReview(page, 'ses-breach');
    await toStep(page, 'What leaves');
    await expect(page.getByText('user 1').first()).toBeVisible();
  },
  'a removal': async (page) => {
    await STATES['what leaves']?.(page);
    await page.getByRole('button', { name: /does not leave/ }).first().click();
  },
  'a scrub that finds too little': async (page) => {
    await toReview(page, 'ses-breach', '&blocked');
    await toStep(page, 'What leaves');
    await expect(page.getByRole('alert')).toBeVisible();
  },
  'handing over': async (page) => {
    await toReview(page, 'ses-breach');
    await toStep(page, 'Hand over');
    await page.getByLabel('A certificate of yours').check();
    await page.getByLabel('Time stamp by a third party').check();
  },
  'an answer': async (page) => {
    await toEvidence(page, 'Did anyone…?');
    await page.getByLabel('Did anyone access').fill('svchost');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: /1\. The record/ })).toBeVisible();
  },
  'a link to be made': async (page) => {
    await toReview(page, 'ses-breach');
    await toStep(page, 'Hand over');
    await page.getByRole('radio', { name: /^Share link/ }).check();
    await expect(page.getByLabel('What you call it')).toBeVisible();
  },
  'links that were made': async (page) => {
    await toEvidence(page, 'Share links');
    await page.getByRole('button', { name: 'Opened 3 times' }).click();
    await expect(page.getByText('gave a wrong passphrase', { exact: true })).toBeVisible();
  },
  'a long audit': async (page) => {
    await toEvidence(page, 'Audit', '?long');
    await expect(page.getByRole('feed').getByRole('article').first()).toBeVisible();
  },
  'an audit': async (page) => {
    await toEvidence(page, 'Audit');
    await page.getByLabel('Framework').selectOption('hipaa');
    await expect(page.getByText(/controls that this table/)).toBeVisible();
  },
};

for (const scheme of ['light', 'dark'] as const) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme });
    for (const [name, go] of Object.entries(STATES)) {
      test(`${name} has no serious finding`, async ({ page }) => {
        await go(page);
        await accessible(page);
      });
    }
  });
}

test('in a small window nothing is cut off and nothing scrolls sideways', async ({ page }) => {
  test.slow();
  await page.setViewportSize({ width: 900, height: 600 });
  for (const go of Object.values(STATES)) {
    await go(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
  }
  await toReview(page, 'ses-breach');
  await expect(page.getByRole('button', { name: 'Attest…' })).toBeInViewport({ ratio: 1 });
  await toStep(page, 'Hand over');
  await expect(page.getByRole('button', { name: 'Sign and save…' })).toBeInViewport({ ratio: 1 });
});
