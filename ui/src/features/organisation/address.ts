/** Whether something can be an e-mail address of a contact, in words. The control plane has the last word. Pure. */
import type { MailContactRow } from '../../generated/MailContactRow';

const PLAIN = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/;

/** Why these cannot be kept, or null. `before` is the address that is being changed. */
export function cannotKeep(wanted: MailContactRow, listed: MailContactRow[], before: string | null): string | null {
  const address = wanted.address.trim();
  const others = listed.filter((one) => one.address !== before);
  if (wanted.name.trim() === '') return 'Give their name, as it appears in records.';
  if (address === '') return 'Give their address.';
  if (!PLAIN.test(address) || address.length > 254) return 'This is not one plain e-mail address, such as zdenka@client.example.';
  const same = others.find((one) => one.address.toLowerCase() === address.toLowerCase());
  if (same) return `${same.name} has this address already. One person has one address, and nobody shares one.`;
  const person = wanted.member === null ? undefined : others.find((one) => one.member === wanted.member);
  if (person) return `${person.name} is listed already, as the person with that console.`;
  return null;
}
