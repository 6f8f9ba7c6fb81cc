/** How loud a verdict is. */
export type Tone = 'good' | 'bad' | 'open' | 'plain';

export function toneOf(verdict: string): Tone {
  switch (verdict) {
    case 'exception':
      return 'bad';
    case 'break_glass_unreviewed':
      return 'open';
    case 'did_not_run':
      return 'plain';
    default:
      return 'good';
  }
}
