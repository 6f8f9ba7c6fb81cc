/** Clients and installer tokens of the in-memory host, with the refusals that a control plane gives. */
import type { ClientRow } from '../../generated/ClientRow';
import type { InstallerRow } from '../../generated/InstallerRow';
import type { InstallerSecretView } from '../../generated/InstallerSecretView';
import type { NewInstaller } from '../../generated/NewInstaller';
import { Failure } from '../host';

const DAY = 86_400_000;

export class Office {
  readonly clients: ClientRow[];
  readonly installers: InstallerRow[] = [];
  #made = 0;

  constructor(names: [string, string][], now: number, empty: boolean) {
    this.clients = [...new Map(names)].map(([client, name]) => ({ client, name }));
    const first = this.clients[0];
    if (empty || !first) return;
    const other = this.clients[1] ?? first;
    const token = (label: string, client: string, more: Partial<InstallerRow>): InstallerRow => ({ installer: `ins_${label}`, client, label, expires_at_ms: now + 6.2 * DAY, max_uses: 40, uses: 12, revoked: false, last_used_at_ms: now - 3 * 3_600_000, ...more });
    this.installers.push(
      token('Tills in the Leeds store', first.client, {}),
      token('Replacement file servers, second rack, with a label that somebody made far too long to fit on any line of any window', other.client, { max_uses: 2, uses: 0, last_used_at_ms: null }),
      token('Front desk', first.client, { max_uses: 1, uses: 1, last_used_at_ms: now - 40 * DAY }),
      token('Rollout 2025', other.client, { expires_at_ms: now - DAY, max_uses: 500, uses: 381, last_used_at_ms: now - 90 * DAY }),
      token('Sent to the wrong address', other.client, { revoked: true, uses: 0, last_used_at_ms: null }),
    );
  }

  name(client: string | null, name: string): string {
    if (client === null) {
      const made = `cli_new${++this.#made}`;
      this.clients.push({ client: made, name });
      this.#sort();
      return made;
    }
    const known = this.clients.find((one) => one.client === client);
    if (!known) throw refused('not_found', 'There is no such client.');
    known.name = name;
    this.#sort();
    return client;
  }

  create(wanted: NewInstaller): InstallerSecretView {
    const installer = `ins_new${++this.#made}`;
    this.installers.unshift({ installer, client: wanted.client, label: wanted.label, expires_at_ms: Date.now() + (wanted.valid_for_ms ?? DAY), max_uses: wanted.max_uses ?? 1, uses: 0, revoked: false, last_used_at_ms: null });
    return this.#secret(installer);
  }

  rotate(installer: string): InstallerSecretView {
    this.#known(installer);
    return this.#secret(installer);
  }

  revoke(installer: string): void {
    this.#known(installer).revoked = true;
  }

  #known(installer: string): InstallerRow {
    const row = this.installers.find((one) => one.installer === installer);
    if (!row) throw refused('not_found', 'There is no such installer token.');
    return row;
  }

  #secret(installer: string): InstallerSecretView {
    const token = `org_h3kq0f1t5w8y2m7c.${installer}.${'9f2c71d04be8a6'.repeat(3)}${++this.#made}`;
    const control = 'https://console.northstar-it.example';
    return { installer, token, unix_command: `sudo CAISEY_TOKEN=${token} caisey-runtime enrol --control '${control}' && sudo caisey-runtime service install`, windows_command: `$env:CAISEY_TOKEN='${token}'; caisey-runtime.exe enrol --control '${control}'; if ($?) { caisey-runtime.exe service install }` };
  }

  #sort(): void {
    this.clients.sort((a, b) => a.name.localeCompare(b.name));
  }
}

function refused(code: string, message: string): Failure {
  return new Failure({ code, message, retry_after_ms: null });
}
