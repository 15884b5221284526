import { deleteContacts } from '../../objects/certificate-contacts.ts';
import type { OperationCard } from '../operation.ts';
import { contactsBody } from './contacts-body.ts';

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
