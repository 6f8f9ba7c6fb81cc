import { describe, expect, it } from 'vitest';
import { changed, emptyRule, scopeKey, scopeOf, thenOf } from './form';

describe('drafts of policies', () => {
  it('turns a scope into a field and back', () => {
    for (const scope of [{ scope: 'organisation' }, { scope: 'client', client: 'cli_1' }, { scope: 'endpoint_class', class: 'server' }, { scope: 'endpoint', endpoint: 'ep_1' }] as const) {
      expect(scopeOf(scopeKey(scope))).toEqual(scope);
    }
  });

  it('keeps what was filled in when asking stays asking, and nothing of it otherwise', () => {
    const ask = { then: 'ask', approver: 'member', needed: 3, assurance: 'number', minutes: 5 } as const;
    expect(thenOf('ask', ask)).toEqual(ask);
    expect(thenOf('forbid', ask)).toEqual({ then: 'forbid' });
    expect(thenOf('ask', { then: 'allow' })).toMatchObject({ needed: 1, approver: 'contact' });
  });

  it('counts a sentence as often as it occurs', () => {
    expect(changed(['a', 'b', 'b'], ['b', 'c'])).toEqual({ added: ['c'], removed: ['a', 'b'] });
    expect(emptyRule('x').label).toBe('x');
  });
});
