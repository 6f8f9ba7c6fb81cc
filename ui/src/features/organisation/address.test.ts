import { describe, expect, it } from 'vitest';
import { cannotKeep } from './address';

const LISTED = [
  { member: 'mem-1', name: 'Zdenka', address: 'zdenka@client.example' },
  { member: 'mem-2', name: 'Milan', address: 'milan@client.example' },
];
const wanted = (address: string, more = {}) => ({ member: null, name: 'Ada', address, ...more });

describe('a contact for mail', () => {
  it('has one plain address', () => {
    for (const good of ['ada@client.example', ' ada.o+x@sub.client.example ', "o'neill@localhost"]) expect(cannotKeep(wanted(good), LISTED, null)).toBeNull();
    for (const bad of ['', 'ada', 'ada@', '@b', 'a@b@c', 'a b@c', 'a@b,c@d', '<a@b>', '"a"@b', 'a@[127.0.0.1]', '.a@b', 'a..b@c', 'ž@client.example', 'a@b.']) expect(cannotKeep(wanted(bad), LISTED, null), bad).not.toBeNull();
    expect(cannotKeep(wanted('ada@client.example', { name: ' ' }), LISTED, null)).toContain('name');
  });

  it('shares neither address nor person', () => {
    expect(cannotKeep(wanted('MILAN@client.example'), LISTED, null)).toContain('Milan has this address');
    expect(cannotKeep(wanted('milan@client.example'), LISTED, 'milan@client.example')).toBeNull();
    expect(cannotKeep(wanted('ada@client.example', { member: 'mem-1' }), LISTED, null)).toContain('Zdenka is listed already');
    expect(cannotKeep(wanted('z@client.example', { member: 'mem-1' }), LISTED, 'zdenka@client.example')).toBeNull();
  });
});
