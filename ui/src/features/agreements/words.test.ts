import { describe, expect, it } from 'vitest';
import type { AgreementRow } from '../../generated/AgreementRow';
import type { ClientPolicy } from '../../generated/ClientPolicy';
import { grouped, needsAgreement, signer, stands } from './words';

const signed = (version: number): AgreementRow => ({ version, by: 'Maria Okafor', mine: false, at_ms: 0, key_counts: true });
const policy = (state: string, agreements: AgreementRow[], fault: string | null = null): ClientPolicy => ({
  row: { name: state, scope: { scope: 'organisation' }, covers: '', version: 3, in_force: state !== 'over', published_at_ms: 1, published_by: '', sentences: [], by_hand: false },
  newest: { version: 3, published_at_ms: 1, published_by: '', text: '', digest: '', form: null, exact: false, sentences: [], agreed_by: [] },
  segments: null,
  state,
  agreements,
  change: null,
  fault,
});

describe('a contact’s policies', () => {
  it('say where they stand, and what cannot be relied on is never called agreed', () => {
    expect(stands(policy('agreed', [signed(3)])).words).toBe('Agreed to version 3');
    expect(stands(policy('older', [signed(2)]))).toEqual({ words: 'Changed since version 2', tone: 'warn' });
    expect(stands(policy('agreed', [signed(3)], 'false')).tone).toBe('danger');
    expect(needsAgreement(policy('none', [], 'false'))).toBe(false);
  });
  it('begin with what there is to do', () => {
    const rows = [policy('over', [signed(1)]), policy('agreed', [signed(3)]), policy('none', []), policy('older', [signed(1)])];
    expect(grouped(rows).map(([title, of]) => [title, of.length])).toEqual([
      ['Needs your agreement', 2],
      ['Agreed', 1],
      ['Out of force', 1],
    ]);
  });
  it('call the reader you', () => {
    expect([signer('Maria', true), signer('Tom', false), signer('', false)]).toEqual(['You', 'Tom', 'Another contact']);
  });
});
