/** Whether an installer token still works, and until when, in words. */
import { duration } from '../../app/time';
import type { InstallerRow } from '../../generated/InstallerRow';

export interface Standing {
  kind: 'good' | 'over';
  words: string;
}

export function standing(row: InstallerRow, now: number): Standing {
  if (row.revoked) return { kind: 'over', words: 'revoked' };
  if (now >= row.expires_at_ms) return { kind: 'over', words: 'expired' };
  if (row.uses >= row.max_uses) return { kind: 'over', words: 'used up' };
  return { kind: 'good', words: `${duration(row.expires_at_ms - now)} left` };
}
