import { deleteContacts, getContacts, setContacts } from '../../objects/certificates/contacts.ts';
import type { Contact } from '../../objects/certificates/contacts.ts';
import { accept, breached, wrong } from '../../shape/fault.ts';
import { always, array, object, optional, partial, refine, string } from '../../shape/shape.ts';
import { readAs } from '../body.ts';
import { answer, orRefuse } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';

/** GET /certificates/contacts */
export const getCertificateContacts: OperationCard = {
  name: 'CertificateContactsGet',
  permission: 'certificates/managecontacts',
  method: 'GET',
  path: '/certificates/contacts',
  *run(call) {
    const { value: contacts } = orRefuse(yield* getContacts(call.vault));
    return answer(200, contactsBody(call, contacts));
  },
};

/** PUT /certificates/contacts: replaces the vault's contacts. */
export const setCertificateContacts: OperationCard = {
  name: 'CertificateContactsSet',
  permission: 'certificates/managecontacts',
  method: 'PUT',
  path: '/certificates/contacts',
  *run(call) {
    const { contacts: sent } = readAs(sentContacts, call.body);
    const { value: contacts, change } = orRefuse(yield* setContacts(call.vault, sent));
    return answer(200, contactsBody(call, contacts), change);
  },
};

/** DELETE /certificates/contacts: answers with the contacts that it deleted. */
export const deleteCertificateContacts: OperationCard = {
  name: 'CertificateContactsDelete',
  permission: 'certificates/managecontacts',
  method: 'DELETE',
  path: '/certificates/contacts',
  *run(call) {
    const { value: contacts, change } = orRefuse(yield* deleteContacts(call.vault));
    return answer(200, contactsBody(call, contacts), change);
  },
};

const contactsMax = 100;

/** Contacts */
function contactsBody(call: Call, contacts: readonly Contact[]) {
  return { id: `${call.origin}/certificates/contacts`, contacts };
}

/** An e-mail address: a user and a domain. */
const email = refine(
  (value: unknown) => string(value ?? ''),
  (address) =>
    /^[^\s@]{1,128}@[^\s@]{1,255}$/.test(address)
      ? accept(address)
      : breached(address, `contacts[].email is '${address.slice(0, 64)}', which is not an e-mail address.`),
);

const contact = object({ email: always(email), ...partial({ name: string, phone: string }) });

/** Contacts as a client sends them. Each must have an address. */
const sentContacts = object({
  id: optional(string),
  contacts: always((value: unknown) =>
    Array.isArray(value) && value.length > 0 && value.length <= contactsMax
      ? array(contact)(value)
      : wrong(value, `an array of 1 to ${contactsMax} contacts; to have none, delete them`),
  ),
});
