/** Picks the host when the page is built, so that the shipped page holds one host only. */
import type { Host } from './host';
import { MemoryHost } from './memory/host';
import { TauriHost } from './tauri';

export function connectHost(): Host {
  return import.meta.env.VITE_HOST === 'memory' ? new MemoryHost(new URLSearchParams(location.search)) : new TauriHost();
}
