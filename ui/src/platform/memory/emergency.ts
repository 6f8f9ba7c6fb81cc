/** Something that ran under break-glass on edge-proxy-2, written into its book: by a colleague (`?emergency`), to be reviewed. */
import type { Book } from './book';

export const EMERGENCY = { action: 'ses-emergency-a1', session: 'ses-emergency', command: 'systemctl restart nginx', reason: 'The proxy answers nothing since the certificate was renewed' };
const WHO = { id: 'mem-4', name: 'Ana Ruiz' };

export function emergency(book: Book, now: number): void {
  const state = (active: string): string => `ActiveState=${active}\nSubState=${active === 'active' ? 'running' : 'dead'}\n`;
  const probe = 'systemctl show nginx -p ActiveState -p SubState';
  book.now = now - 5_400_000;
  const visit = book.open(EMERGENCY.session, WHO, 'Web shop unreachable, alert 90311');
  const action = visit.wait(20).propose(EMERGENCY.command, 'bash', EMERGENCY.reason, { probe });
  visit
    .wait(0.1)
    .say('approval.requested', { action, facts: { digest: '88c1…', needed: 1 }, texts: { object: 'service “nginx”', current_state: state('failed'), proposed_action: 'This command changes something.' }, actor: { kind: 'control', name: 'Control plane' } })
    .wait(240)
    .say('action.break_glass', { action, texts: { why: 'The shop is down on the busiest evening of the year and nobody of the client answers the telephone.' } })
    .say('approval.decided', { action, facts: { decision: 'withdrawn', channel: 'break_glass' }, actor: { kind: 'control', name: 'Control plane' } })
    .authorise(action, 'pre-authorisation/emergencies', 'break_glass')
    .endpoint('state.captured', action, { phase: 'before', exit_code: 0, complete: true }, { probe, state: state('failed') })
    .endpoint('command.started', action, { pid: 22_104, interpreter: 'bash', elevated: true }, { cwd: '/root', user: 'root' })
    .wait(0.8)
    .endpoint('command.output', action, { stream: 'stderr', chunk: 0 }, { output: 'Warning: The unit file of nginx.service changed on disk. Run \'systemctl daemon-reload\' to reload units.\n' })
    .wait(0.1)
    .endpoint('command.finished', action, { outcome: 'exited', exit_code: 0, duration_ms: 911, stdout_bytes: 0, stderr_bytes: 106 })
    .endpoint('state.captured', action, { phase: 'after', exit_code: 0, complete: true }, { probe, state: state('active') })
    .wait(60)
    .close();
}
