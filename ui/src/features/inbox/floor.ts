/** Floors, the least that answers have to be, in words. Pure. */
import type { FloorRow } from '../../generated/FloorRow';

/** What a floor for this class, and every worse one, is about. */
export const FLOOR_CLASSES: readonly (readonly [string, string])[] = [
  ['changing', 'Everything that changes something'],
  ['destructive', 'What deletes or overwrites, and what cannot be bounded'],
  ['opaque', 'What cannot be bounded from its text'],
];

export function about(row: Pick<FloorRow, 'class'>): string {
  return FLOOR_CLASSES.find(([name]) => name === row.class)?.[1] ?? row.class;
}

/** "at least 2 people’s signed yes, each with the number typed" */
export function least(row: Pick<FloorRow, 'needed' | 'number'>): string {
  const one = row.needed === 1;
  return `at least ${one ? 'one person’s signed yes' : `${row.needed} people’s signed yes`}${row.number ? `, ${one ? '' : 'each '}with the number typed` : ''}`;
}

/** What becomes of what was allowed beforehand. */
export function excepted(row: Pick<FloorRow, 'except'>): string {
  const emergencies = row.except.includes('break_glass');
  const unasked = row.except.includes('policy');
  if (emergencies && unasked) return 'Emergencies, and what may run without asking, run all the same where they were allowed beforehand.';
  if (emergencies) return 'Emergencies run all the same where they were allowed beforehand.';
  if (unasked) return 'What was allowed beforehand without asking runs all the same.';
  return 'What was allowed beforehand does not count here.';
}
