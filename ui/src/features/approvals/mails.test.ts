import { describe, expect, it } from 'vitest';
import type { MailRow } from '../../generated/MailRow';
import { mailSays } from './mails';

const MAIL: MailRow = { name: 'Zdenka', address: 'zdenka@client.example', state: 'waiting', attempts: 0, at_ms: 100_000, detail: '' };

describe('a mail in words', () => {
  it('is about to be sent, on its way, and taken', () => {
    expect(mailSays(MAIL, 100_100).tone).toBe('quiet');
    expect(mailSays({ ...MAIL, state: 'sending', attempts: 1 }, 101_000).text).toBe('On its way to the mail server.');
    const sent = mailSays({ ...MAIL, state: 'accepted', attempts: 1 }, 130_000);
    expect([sent.label, sent.tone]).toEqual(['Sent', 'ok']);
    expect(sent.text).toContain('30 s ago');
    // A control plane whose clock is ahead of this one.
    expect(mailSays({ ...MAIL, state: 'accepted' }, 90_000).text).toContain('just now');
  });

  it('says at once that a mail server is silent', () => {
    const slow = mailSays({ ...MAIL, state: 'sending', attempts: 1 }, 112_400);
    expect(slow.tone).toBe('warn');
    expect(slow.text).toContain('has not answered for 12 s');
  });

  it('says why it failed and what to do', () => {
    const deferred = mailSays({ ...MAIL, attempts: 3, detail: 'The mail server put it off (451 greylisted).' }, 100_000);
    expect(deferred).toEqual({ tone: 'warn', label: 'Not sent yet', text: 'The mail server put it off (451 greylisted). Tried 3 times; Remind tries at once.' });
    const refused = mailSays({ ...MAIL, state: 'refused', attempts: 1, detail: 'The mail server refused it for good (550 no such mailbox). Check the address, or call the contact.' }, 100_000);
    expect([refused.tone, refused.label]).toEqual(['danger', 'Not sent']);
    expect(refused.text).toContain('call the contact');
  });
});
