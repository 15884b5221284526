import { setContacts } from '../../objects/certificate-contacts.ts';
import type { OperationCard } from '../operation.ts';
import { contactsBody, contactsOf } from './contacts-body.ts';

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
