/** Keyboard shortcuts, in one list that the sheet shows and the handler uses. */
import type { AppState } from './state.svelte';

export interface Shortcut {
  keys: string[];
  does: string;
  where: 'Everywhere' | 'Session' | 'Review' | 'Command line' | 'Lists';
}

export const SHORTCUTS: Shortcut[] = [
  { keys: ['Ctrl', '1'], does: 'Endpoints', where: 'Everywhere' },
  { keys: ['Ctrl', '2'], does: 'Sessions', where: 'Everywhere' },
  { keys: ['Ctrl', '3'], does: 'Search', where: 'Everywhere' },
  { keys: ['Ctrl', '4'], does: 'Organisation', where: 'Everywhere' },
  { keys: ['Ctrl', '5'], does: 'Approvals', where: 'Everywhere' },
  { keys: ['Ctrl', '6'], does: 'Evidence', where: 'Everywhere' },
  { keys: ['Ctrl', '7'], does: 'Policies', where: 'Everywhere' },
  { keys: ['Ctrl', 'K'], does: 'Search', where: 'Everywhere' },
  { keys: ['/'], does: 'Search, when not typing', where: 'Everywhere' },
  { keys: ['Ctrl', ','], does: 'Settings', where: 'Everywhere' },
  { keys: ['Alt', '←'], does: 'Back', where: 'Everywhere' },
  { keys: ['?'], does: 'This sheet', where: 'Everywhere' },
  { keys: ['↑', '↓'], does: 'Previous and next row', where: 'Lists' },
  { keys: ['Enter'], does: 'Open', where: 'Lists' },
  { keys: ['Home', 'End'], does: 'First and last row', where: 'Lists' },
  { keys: ['J', 'K'], does: 'Next and previous entry', where: 'Session' },
  { keys: ['N', 'P'], does: 'Next and previous command', where: 'Session' },
  { keys: ['Enter'], does: 'Entry in full', where: 'Session' },
  { keys: ['I'], does: 'To the command line', where: 'Session' },
  { keys: ['V'], does: 'Verification panel', where: 'Session' },
  { keys: ['E'], does: 'Export', where: 'Session' },
  { keys: ['H'], does: 'Hand over', where: 'Session' },
  { keys: ['J', 'K'], does: 'Next and previous entry', where: 'Review' },
  { keys: ['Space'], does: 'A screenful on', where: 'Review' },
  { keys: ['N'], does: 'Next entry that was not on the screen', where: 'Review' },
  { keys: ['Enter'], does: 'Run', where: 'Command line' },
  { keys: ['Shift', 'Enter'], does: 'New line', where: 'Command line' },
  { keys: ['↑', '↓'], does: 'Earlier commands that begin like this', where: 'Command line' },
  { keys: ['Ctrl', '.'], does: 'Cancel the running command', where: 'Command line' },
  { keys: ['Alt', 'C'], does: 'Command, chat or note', where: 'Command line' },
  { keys: ['Esc'], does: 'Leave the command line', where: 'Command line' },
];

/** Whether the key press goes into a field. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}

/** Does what the key means everywhere; returns whether it meant anything. */
export function globalShortcut(app: AppState, event: KeyboardEvent): boolean {
  if (event.defaultPrevented || document.querySelector('dialog[open]')) return false;
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.altKey) {
    switch (event.key) {
      case '1':
        return went(app.go({ page: 'endpoints', endpoint: null }));
      case '2':
        return went(app.go({ page: 'sessions' }));
      case '3':
      case 'k':
        return went(app.go({ page: 'search' }));
      case '4':
        return went(app.go({ page: 'organisation', tab: 'clients' }));
      case '5':
        return went(app.go({ page: 'inbox', action: null }));
      case '6':
        return went(app.go({ page: 'evidence', tab: 'records' }));
      case '7':
        return went(app.go({ page: 'policies', policy: null }));
      case ',':
        return went(app.go({ page: 'settings' }));
      default:
        return false;
    }
  }
  if (event.altKey && event.key === 'ArrowLeft') return went(app.back());
  if (isTyping(event) || event.altKey) return false;
  if (event.key === '?') return went((app.shortcuts = true));
  if (event.key === '/') return went(app.go({ page: 'search' }));
  return false;
}

function went(_: unknown): true {
  return true;
}
