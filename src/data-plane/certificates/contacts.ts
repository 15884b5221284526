import { deleteContacts, getContacts, setContacts } from '../../objects/certificates/contacts.ts';
import type { Contact } from '../../objects/certificates/contacts.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { readMembers } from '../body.ts';
import type { Call, OperationCard } from '../operation.ts';

/** GET /certificates/contacts */
export const getCertificateContacts: OperationCard = {
  name: 'CertificateContactsGet',
  permission: 'certificates/managecontacts',
  method: 'GET',
  path: '/certificates/contacts',
  *run(call) {
    const contacts = yield* getContacts(call.vault);
    return contacts.ok ? { ok: true, value: { status: 200, body: contactsBody(call, contacts.value) } } : contacts;
  },
};

/** PUT /certificates/contacts: in place of those that the vault had. */
export const setCertificateContacts: OperationCard = {
  name: 'CertificateContactsSet',
  permission: 'certificates/managecontacts',
  method: 'PUT',
  path: '/certificates/contacts',
  *run(call) {
    const contacts = contactsOf(call.body);
    if (!contacts.ok) return contacts;
    const set = yield* setContacts(call.vault, contacts.value);
    if (!set.ok) return set;
    return { ...set, value: { status: 200, body: contactsBody(call, set.value) } };
  },
};

/** DELETE /certificates/contacts: answers those that there were. */
export const deleteCertificateContacts: OperationCard = {
  name: 'CertificateContactsDelete',
  permission: 'certificates/managecontacts',
  method: 'DELETE',
  path: '/certificates/contacts',
  *run(call) {
    const deleted = yield* deleteContacts(call.vault);
    if (!deleted.ok) return deleted;
    return { ...deleted, value: { status: 200, body: contactsBody(call, deleted.value) } };
  },
};

const contactsMax = 100;

/** Contacts */
function contactsBody(call: Call, contacts: readonly Contact[]) {
  return { id: `${call.origin}/certificates/contacts`, contacts };
}

/** The contacts of a request; each has an address. */
function contactsOf(body: unknown): Outcome<readonly Contact[]> {
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
