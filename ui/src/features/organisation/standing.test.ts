import { expect, it } from 'vitest';
import type { InstallerRow } from '../../generated/InstallerRow';
import { standing } from './standing';

const row = (more: Partial<InstallerRow>): InstallerRow => ({ installer: 'ins', client: 'cli', label: 'Tills', expires_at_ms: 86_400_000, max_uses: 2, uses: 0, revoked: false, last_used_at_ms: null, ...more });

it('says what ended a token first, and otherwise how long it lasts', () => {
  expect(standing(row({}), 0)).toEqual({ kind: 'good', words: '24 h left' });
  expect(standing(row({ uses: 2 }), 0).words).toBe('used up');
  expect(standing(row({ uses: 2 }), 86_400_000).words).toBe('expired');
  expect(standing(row({ uses: 2, revoked: true }), 86_400_000).words).toBe('revoked');
});
