/**
 * Who of a client gets mail, in memory, with the refusals that a control plane gives. `?mailserver=none` sends none (as the embedded control plane
 * does), `?mailserver=here` has links that lead nowhere; nobody is listed with `?nomail`.
 */
import type { MailContactRow } from '../../generated/MailContactRow';
import type { MailContactsView } from '../../generated/MailContactsView';
import type { MailSendingView } from '../../generated/MailSendingView';
import { Failure } from '../host';

const MOST = 16;

export class MailList {
  readonly #lists = new Map<string, MailContactRow[]>();
  #made = 0;

  constructor(readonly query: URLSearchParams) {
    if (query.has('nomail')) return;
    this.#lists.set('meridian-freight', [
      { member: 'mem-x1', name: 'Zdenka Nováková', address: 'zdenka@meridian-freight.example' },
      { member: 'mem-tom', name: 'Tom Baker', address: 'tom.baker@meridian-freight.example' },
      { member: 'mem-x2', name: 'Night desk of the distribution centre in the harbour, whoever is on duty', address: 'the-night-desk-of-the-distribution-centre-in-the-harbour@logistics.meridian-freight.example' },
    ]);
  }

  of(client: string): MailContactsView {
    const contacts = [...(this.#lists.get(client) ?? [])].sort((a, b) => a.name.localeCompare(b.name));
    return { client, contacts, most: MOST, sending: this.query.get('role') === 'technician' ? null : this.#sending() };
  }

  keep(client: string, before: string | null, contact: MailContactRow): MailContactsView {
    const list = this.#lists.get(client) ?? [];
    if (contact.address.includes('refused')) throw new Failure({ code: 'bad_request', message: '`address` must be a plain e-mail address such as zdenka@example.com, and only one.', retry_after_ms: null });
    const kept = { ...contact, member: contact.member ?? `mem-new${++this.#made}` };
    this.#lists.set(client, before === null ? [...list, kept] : list.map((one) => (one.address === before ? kept : one)));
    return this.of(client);
  }

  remove(client: string, address: string): MailContactsView {
    this.#lists.set(client, (this.#lists.get(client) ?? []).filter((one) => one.address !== address));
    return this.of(client);
  }

  #sending(): MailSendingView {
    switch (this.query.get('mailserver')) {
      case 'none':
        return { works: false, server: null, from: null, links: 'http://127.0.0.1:41873/a/', sentence: 'This control plane has no mail server, so no mail is sent and whoever asks is told so with every request. Whoever runs the control plane names a mail server with --mail-config (docs/operations/mail.md). The list can be kept meanwhile.' };
      case 'here':
        return { works: false, server: 'smtp.northstar-it.example', from: 'Northstar IT <approvals@northstar-it.example>', links: 'http://127.0.0.1:41873/a/', sentence: 'Mail goes out through smtp.northstar-it.example, but its links lead to http://127.0.0.1:41873/a/, which is whatever computer they are opened on: nobody can answer. Whoever runs the control plane says with --public-url how it is reached from outside.' };
      default:
        return { works: true, server: 'smtp.northstar-it.example', from: 'Northstar IT <approvals@northstar-it.example>', links: 'https://console.northstar-it.example/a/', sentence: 'Mail goes out through smtp.northstar-it.example; its links lead to https://console.northstar-it.example/a/.' };
    }
  }
}
