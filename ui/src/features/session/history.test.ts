import { expect, it } from 'vitest';
import { History } from './history';

it('walks to older and newer commands and back to what was typed', () => {
  const history = new History(['c', 'b', 'a']);
  expect([history.older(''), history.older('c'), history.older('b'), history.older('a')]).toEqual(['c', 'b', 'a', null]);
  expect([history.newer(), history.newer(), history.newer(), history.newer()]).toEqual(['b', 'c', '', null]);
});

it('walks only through commands that begin with what was typed', () => {
  const history = new History(['git push', 'ls', 'git pull', 'df']);
  expect(history.older('git')).toBe('git push');
  expect(history.older('git push')).toBe('git pull');
  expect(history.older('git pull')).toBeNull();
  expect(history.newer()).toBe('git push');
  expect(history.newer()).toBe('git');
});

it('puts a repeated command first, once', () => {
  const history = new History(['b', 'a']);
  history.remember('a');
  expect([history.older(''), history.older('a'), history.older('b')]).toEqual(['a', 'b', null]);
});

it('starts a new walk after typing', () => {
  const history = new History(['b', 'a']);
  history.older('');
  history.leave();
  expect(history.newer()).toBeNull();
  expect(history.older('a')).toBeNull();
});
