import { expect, test } from '@playwright/test';
import { accessible, open } from './pages';

const COMMAND = 'netsh advfirewall firewall set rule name="Block SMB Inbound" new enable=no';

test('a contact sees only what is asked of them, and approves exactly that', async ({ page }) => {
  await open(page, '?role=contact');
  await expect(page.getByRole('heading', { name: /requests permission to modify Windows Firewall rule/ })).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Main' })).not.toContainText('Endpoints');
  await expect(page.getByText(COMMAND)).toBeVisible();
  await expect(page.getByText('Current state')).toBeVisible();
  await page.keyboard.press('Control+1');
  await expect(page.getByText(COMMAND)).toBeVisible();
  await page.getByLabel(/^Reason/).fill('Go ahead');
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await expect(page.getByText('Maria Okafor approved exactly this.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Approve', exact: true })).toHaveCount(0);
});

test('what cannot be bounded needs the number, and a wrong one can be typed again', async ({ page }) => {
  await open(page, '?role=contact');
  await page.getByRole('button', { name: /edge-proxy-2/ }).click();
  await expect(page.getByText('cannot be bounded from its text: what it will do')).toBeVisible();
  // The bidirectional override is a label, not a direction.
  await expect(page.getByText('RLO')).toBeVisible();
  const approve = page.getByRole('button', { name: 'Approve', exact: true });
  await expect(approve).toHaveAttribute('aria-disabled', 'true');
  await page.getByLabel(/Number from/).fill('123 456');
  await page.keyboard.press('Enter');
  await expect(page.getByText('The number is not the one that the technician sees.')).toBeVisible();
  await page.getByLabel(/Number from/).fill('471 100');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Maria Okafor approved exactly this.')).toBeVisible();
});

test('a request that does not hold offers nothing to press', async ({ page }) => {
  await open(page, '?role=contact');
  await page.getByRole('button', { name: /LanmanServer/ }).click();
  await expect(page.getByRole('alert')).toContainText('does not hold');
  await expect(page.getByRole('button', { name: 'Approve', exact: true })).toHaveCount(0);
});

test('afterwards the contact sees what was done with the consent', async ({ page }) => {
  await open(page, '?role=contact');
  await page.getByRole('button', { name: /9 days ago/ }).click();
  await expect(page.getByText('What was done with it')).toBeVisible();
  await expect(page.getByRole('group', { name: 'Before and after' })).toContainText('Enabled:     No');
  await expect(page.getByText('Updated 1 rule(s).')).toBeVisible();
  await page.getByRole('button', { name: /The whole session/ }).click();
  await expect(page.getByRole('feed')).toBeVisible();
});

test('offline an answer is kept and said to be unsent', async ({ page }) => {
  await open(page, '?role=contact&offline');
  await page.getByRole('button', { name: 'Deny', exact: true }).click();
  await expect(page.getByText('Your answer is signed and stored on this computer.')).toBeVisible();
});

test('who asked sees the number, reminds once, and takes back', async ({ page }) => {
  await open(page, '?waiting&open=ses-live');
  const waiting = page.getByRole('region', { name: /Waiting for approval/ });
  await expect(waiting).toContainText('471 100');
  await expect(waiting).toContainText('Maria Okafor has it open.');
  await waiting.getByRole('button', { name: 'Remind' }).click();
  await expect(waiting).toContainText('They were reminded.');
  await waiting.getByRole('button', { name: 'Remind' }).click();
  await expect(waiting).toContainText('less than a minute ago');
  await waiting.getByRole('button', { name: 'Withdraw' }).click();
  await expect(waiting).toHaveCount(0);
});

test('who asked sees what became of every mail, and reads the number out', async ({ page }) => {
  await open(page, '?waiting&open=ses-live&mail=accepted,sending,refused');
  const waiting = page.getByRole('region', { name: /Waiting for approval/ });
  // The page behind a link asks for the number, whatever policy asks of consoles.
  await expect(waiting).toContainText('471 100');
  await expect(waiting).toContainText('Whoever answers by mail types this number.');
  const mails = waiting.getByRole('list', { name: 'Mail about this request' }).getByRole('listitem');
  await expect(mails.nth(0)).toContainText('Sent to Zdenka Nováková (zdenka@own.example). The mail server took it');
  await expect(mails.nth(1)).toContainText(/The mail server has not answered for \d+ s/);
  await expect(mails.nth(2)).toContainText('Not sent to Ada Osei');
  await expect(mails.nth(2)).toContainText('550 5.1.1 no such mailbox here');
  await expect(mails.nth(2)).toContainText('call the contact');
});

test('where nobody is listed for mail, that is said', async ({ page }) => {
  await open(page, '?waiting&open=ses-live&mail=none');
  await expect(page.getByRole('region', { name: /Waiting for approval/ })).toContainText('nobody of Own computers is listed for mail');
});

test('an emergency needs a reason, is declared in full view, and stays open until somebody else has reviewed it', async ({ page }) => {
  await open(page, '?waiting&open=ses-live');
  await page.getByRole('button', { name: 'Emergency…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('until somebody else has reviewed it');
  await expect(dialog.getByRole('button', { name: 'Declare an emergency' })).toHaveAttribute('aria-disabled', 'true');
  await dialog.getByLabel('What the emergency is').fill('The ward is without records.');
  await dialog.getByRole('button', { name: 'Declare an emergency' }).click();
  const open_ = page.getByRole('region', { name: /Not reviewed yet/ });
  await expect(open_).toContainText('you cannot do that yourself');
  await expect(page.getByRole('contentinfo')).toContainText('1 emergency not reviewed');
  await open_.getByRole('button', { name: 'Look at it' }).click();
  await expect(page.getByText('Nobody has reviewed it.')).toBeVisible();
  await expect(page.getByRole('form', { name: 'Review of the emergency' })).toHaveCount(0);
});

test('an emergency that the client did not allow is refused, and the request goes on waiting', async ({ page }) => {
  await open(page, '?waiting&open=ses-live&emergency=refused');
  await page.getByRole('button', { name: 'Emergency…' }).click();
  await page.getByLabel('What the emergency is').fill('Hurry');
  await page.getByRole('button', { name: 'Declare an emergency' }).click();
  await expect(page.getByRole('alert')).toContainText('the request stays open');
  await page.getByRole('button', { name: 'Go on waiting' }).click();
  await expect(page.getByRole('region', { name: /Waiting for approval/ })).toBeVisible();
});

test('whoever did not break the glass reads what was done and records what they find, once', async ({ page }) => {
  await open(page, '?emergency');
  await expect(page.getByRole('contentinfo')).toContainText('1 emergency not reviewed');
  await page.getByRole('button', { name: /^Approvals/ }).click();
  await expect(page.getByText('Emergencies to review')).toBeVisible();
  await expect(page.getByRole('heading', { name: /Ana Ruiz declared an emergency to modify service “nginx”/ })).toBeVisible();
  for (const read of ['nobody of the client answers the telephone', 'systemctl restart nginx', 'The proxy answers nothing since', 'The unit file of nginx.service changed', 'Command finished: exit code 0']) await expect(page.getByText(read).first()).toBeVisible();
  await expect(page.getByRole('group', { name: 'Before and after' })).toContainText('ActiveState=active');
  const form = page.getByRole('form', { name: 'Review of the emergency' });
  const sign = form.getByRole('button', { name: 'Sign and record' });
  await expect(sign).toHaveAttribute('aria-disabled', 'true');
  await form.getByRole('radio', { name: /^Not justified/ }).check();
  await expect(sign).toHaveAttribute('title', 'Say why, in your own words.');
  await form.getByLabel('Why, in your own words').fill('The shop was down, but the contact answers the telephone until nine.');
  await sign.click();
  await expect(page.getByText('The emergency was reviewed: not justified').first()).toBeVisible();
  await expect(form).toHaveCount(0);
  await expect(page.getByRole('contentinfo')).not.toContainText('not reviewed');
});

test('a console is introduced, and something allowed beforehand', async ({ page }) => {
  await open(page, '?role=contact');
  await page.getByRole('button', { name: 'Who speaks' }).click();
  await expect(page.getByText('Ada Osei’s console wants to speak for Meridian Freight')).toBeVisible();
  await page.getByRole('button', { name: 'Introduce' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Introduce' }).click();
  await expect(page.getByText('wants to speak')).toHaveCount(0);
  await page.getByRole('button', { name: 'Allow something' }).click();
  await page.getByLabel('Name').fill('Printer restarts');
  await page.getByRole('button', { name: 'Allow and sign' }).click();
  await expect(page.getByText('printer-restarts', { exact: true })).toBeVisible();
  await page.getByRole('listitem').filter({ hasText: 'printer-restarts' }).getByRole('button', { name: 'Take back' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click();
  await expect(page.getByText('printer-restarts', { exact: true })).toHaveCount(0);
});

test('the least that answers have to be is set, holds back what was allowed, and is taken away', async ({ page }) => {
  await open(page, '?role=contact');
  await page.getByRole('button', { name: 'Who speaks' }).click();
  await expect(page.getByText(/at least 2 people’s signed yes, each with the number typed/)).toBeVisible();
  await page.getByRole('button', { name: 'Set a floor' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Name').fill('Two for changes');
  await form.getByLabel('What it is about').selectOption('changing');
  await form.getByLabel('How many people').fill('3');
  await expect(form.getByRole('button', { name: 'Set and sign' })).toHaveAttribute('aria-disabled', 'true');
  await form.getByLabel('How many people').fill('2');
  await form.getByLabel('Emergencies that a technician declares').uncheck();
  await form.getByRole('button', { name: 'Set and sign' }).click();
  const row = page.getByRole('listitem').filter({ has: page.getByText('two-for-changes', { exact: true }) });
  await expect(row).toContainText('Everything that changes something, on every machine');
  await expect(page.getByText('Does not count where two-for-changes holds, below')).toBeVisible();
  await row.getByRole('button', { name: 'Take away' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take it away' }).click();
  await expect(row).toHaveCount(0);
  await expect(page.getByText('Does not count where')).toHaveCount(0);
});

test('the panel of an entry shows what the action changed', async ({ page }) => {
  await open(page, '?open=ses-firewall');
  await page.getByRole('checkbox', { name: /every entry/ }).check();
  const state = page.getByRole('article').filter({ hasText: 'State after' });
  await state.getByRole('button', { name: /in full/ }).click();
  await expect(page.getByRole('complementary').getByRole('group', { name: 'Before and after' })).toContainText('Enabled:     No');
});

const STATES: Record<string, { query: string; press?: RegExp | string; sees: RegExp }> = {
  inbox: { query: '?role=contact', sees: /Exact command/ },
  'a request with a number': { query: '?role=contact', press: /edge-proxy-2/, sees: /Number from/ },
  'a request that does not hold': { query: '?role=contact', press: /LanmanServer/, sees: /does not hold:/ },
  'a consent that was used': { query: '?role=contact', press: /9 days ago/, sees: /What was done with it/ },
  'an expired request': { query: '?role=contact', press: /Expired/, sees: /which is a no/ },
  'an empty inbox': { query: '?role=contact&inbox=empty', sees: /Nothing waits for you/ },
  'an empty inbox offline': { query: '?role=contact&inbox=empty&offline', sees: /Offline, and nothing is stored/ },
  'who speaks': { query: '?role=contact', press: 'Who speaks', sees: /Waiting to be introduced/ },
  'a broken chain': { query: '?role=contact&chain=broken', press: 'Who speaks', sees: /another list of who speaks/ },
  'nobody introduced this console': { query: '?role=contact&unintroduced', press: 'Who speaks', sees: /A known contact has to introduce it/ },
  'mail that went out, hangs and failed': { query: '?waiting&open=ses-live&mail=accepted,sending,refused', sees: /has not answered for/ },
  'mail to nobody': { query: '?waiting&open=ses-live&mail=none', sees: /is listed for mail/ },
  'an emergency to review': { query: '?emergency', press: /^Approvals/, sees: /What you find/ },
  'an own emergency': { query: '?emergency=mine&open=ses-live', sees: /you cannot do that yourself/ },
  'declaring an emergency': { query: '?waiting&open=ses-live', press: 'Emergency…', sees: /without the permission that policy asks for/ },
  'no emergencies and no requests': { query: '', press: /^Approvals/, sees: /No approval requests/ },
  'a waiting session': { query: '?waiting&open=ses-live', sees: /Number to read out/ },
};

for (const scheme of ['light', 'dark'] as const) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme });
    for (const [name, state] of Object.entries(STATES)) {
      test(`${name} has no serious finding`, async ({ page }) => {
        await open(page, state.query);
        await expect(page.getByRole('contentinfo')).toBeVisible();
        if (state.press) await page.getByRole('button', { name: state.press }).first().click();
        await expect(page.getByText(state.sees).first()).toBeVisible();
        await accessible(page);
        const folder = process.env['PICTURES'];
        if (folder) await page.screenshot({ path: `${folder}/${scheme}-${name.replaceAll(' ', '-')}.png` });
      });
    }
  });
}

test('in a small window the answer stays in reach', async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 600 });
  await open(page, '?role=contact');
  for (const name of [/SRV-FILES-01.*Waits for you/, /edge-proxy-2/]) {
    await page.getByRole('button', { name }).first().click();
    await expect(page.getByRole('button', { name: 'Deny', exact: true })).toBeInViewport({ ratio: 1 });
    await expect(page.getByRole('button', { name: 'Approve', exact: true })).toBeInViewport({ ratio: 1 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
  }
  const folder = process.env['PICTURES'];
  if (folder) await page.screenshot({ path: `${folder}/small-request.png` });
  await page.goto('/?waiting&open=ses-live');
  await expect(page.getByRole('button', { name: 'Withdraw' })).toBeInViewport({ ratio: 1 });
  await expect(page.getByRole('button', { name: 'Run' })).toBeInViewport();
  if (folder) await page.screenshot({ path: `${folder}/small-waiting.png` });
  await page.goto('/?waiting&open=ses-live&mail=accepted,sending,refused');
  await expect(page.getByRole('button', { name: 'Withdraw' })).toBeInViewport({ ratio: 1 });
  await expect(page.getByRole('button', { name: 'Run' })).toBeInViewport();
  if (folder) await page.screenshot({ path: `${folder}/small-mails.png` });
  await page.goto('/?emergency');
  await page.getByRole('button', { name: /^Approvals/ }).click();
  await expect(page.getByRole('button', { name: 'Sign and record' })).toBeInViewport({ ratio: 1 });
  await expect(page.getByText('Ana Ruiz declared an emergency.')).toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
  if (folder) await page.screenshot({ path: `${folder}/small-review.png` });
});
