/** How a command stands, in a word or two. */
import { duration } from '../../app/time';
import type { Run } from './rows';

export function statusWords(run: Run, now: number): string {
  switch (run.status) {
    case 'proposed':
      return 'recorded, not started';
    case 'waiting':
      return `waiting for approval, ${duration(Math.max(0, now - run.proposedAt))}`;
    case 'running':
      return `${run.cancelRequested ? 'stopping' : 'running'} ${duration(Math.max(0, now - (run.startedAt ?? run.proposedAt)))}`;
    case 'ok':
      return run.durationMs === null ? 'ok' : `ok in ${duration(run.durationMs)}`;
    case 'failed':
      return run.exitCode === null ? 'failed' : `exit ${run.exitCode}`;
    case 'refused':
      return 'refused';
    case 'cancelled':
      return 'cancelled';
    case 'timed_out':
      return 'timed out';
    case 'unknown':
      return 'outcome unknown';
  }
}
