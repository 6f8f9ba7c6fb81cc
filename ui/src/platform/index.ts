/** Picks the host when the page is built, so that the shipped page holds one host only. */
import type { Host } from './host';

export async function connectHost(): Promise<Host> {
  if (import.meta.env.VITE_HOST === 'memory') {
    const { MemoryHost } = await import('./memory/host');
    return new MemoryHost(new URLSearchParams(location.search));
  }
  const { TauriHost } = await import('./tauri');
  return new TauriHost();
}
