/** What the in-memory host's machines print. */
export interface Script {
  lines: { after_ms: number; stream: 'stdout' | 'stderr'; text: string }[];
  tail_ms: number;
  exit: number;
}

export function scriptFor(command: string, hostname: string): Script {
  const words = command.trim().split(/\s+/);
  switch (words[0]) {
    case 'uname':
      return once(`Linux ${hostname} 6.1.0-28-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 x86_64 GNU/Linux\n`);
    case 'hostname':
      return once(`${hostname}\n`);
    case 'ping':
      return {
        lines: Array.from({ length: 40 }, (_, at) => ({ after_ms: 250, stream: 'stdout' as const, text: `64 bytes from 10.20.4.1: icmp_seq=${at + 1} ttl=64 time=0.${40 + ((at * 7) % 30)} ms\n` })),
        tail_ms: 100,
        exit: 0,
      };
    case 'seq': {
      const last = Math.min(Number(words[1] ?? 10), 200_000);
      const text = Array.from({ length: last }, (_, at) => `${at + 1}\n`);
      const lines = [];
      for (let at = 0; at < text.length; at += 5000) lines.push({ after_ms: 15, stream: 'stdout' as const, text: text.slice(at, at + 5000).join('') });
      return { lines, tail_ms: 20, exit: 0 };
    }
    case 'sleep':
      return { lines: [], tail_ms: Math.min(Number(words[1] ?? 1), 60) * 1000, exit: 0 };
    case 'echo':
      return once(`${words.slice(1).join(' ').replaceAll(/^["']|["']$/g, '')}\n`);
    case 'df':
      return once('Filesystem      Size  Used Avail Use% Mounted on\n/dev/nvme0n1p2  468G  212G  233G  48% /\ntmpfs            16G  2.1M   16G   1% /run\n');
    default:
      return { lines: [{ after_ms: 60, stream: 'stderr', text: `bash: line 1: ${words[0]}: command not found\n` }], tail_ms: 30, exit: 127 };
  }
}

function once(text: string): Script {
  return { lines: [{ after_ms: 60, stream: 'stdout', text }], tail_ms: 40, exit: 0 };
}
