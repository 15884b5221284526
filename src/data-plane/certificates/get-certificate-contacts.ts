import { getContacts } from '../../objects/certificate-contacts.ts';
import type { OperationCard } from '../operation.ts';
import { contactsBody } from './contacts-body.ts';

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
