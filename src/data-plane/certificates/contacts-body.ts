import type { Contact } from '../../objects/certificate-contacts.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { readMembers } from '../members.ts';
import type { Call } from '../operation.ts';

const contactsMax = 100;

/** Contacts */
export function contactsBody(call: Call, contacts: readonly Contact[]) {
  return { id: `${call.origin}/certificates/contacts`, contacts };
}

/** The contacts of a request; each has an address. */
export function contactsOf(body: unknown): Outcome<readonly Contact[]> {
  const members = readMembers(body, '', { id: 'text', contacts: 'anything' });
  if (!members.ok) return members;
  const { contacts } = members.value;
  if (!Array.isArray(contacts) || contacts.length === 0 || contacts.length > contactsMax) {
    return bad(`contacts must be an array of 1 to ${contactsMax} contacts; to have none, delete them.`);
  }
  const value: Contact[] = [];
  for (const item of contacts) {
    const contact = readMembers(item, 'contacts[].', { email: 'text', name: 'text', phone: 'text' });
    if (!contact.ok) return contact;
    const { email } = contact.value;
    if (email === undefined || !/^[^\s@]{1,128}@[^\s@]{1,255}$/.test(email)) {
      return bad(`contacts[].email is '${(email ?? '').slice(0, 64)}', which is no e-mail address.`);
    }
    value.push({ ...contact.value, email });
  }
  return { ok: true, value };
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
