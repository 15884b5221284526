import { certificateProperties } from '../../objects/certificate.ts';
import { importCertificate as take } from '../../objects/certificate-import.ts';
import { refused } from '../../objects/object.ts';
import { readMembers } from '../members.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { certificateBundle } from './bundle.ts';
import { certificateParameters } from './parameters.ts';
import { policyParameters } from './policy-parameters.ts';

const shape = {
  value: 'text',
  pwd: 'text',
  policy: 'anything',
  attributes: 'anything',
  tags: 'anything',
  preserveCertOrder: 'flag',
} as const;

/** POST /certificates/{name}/import: takes a certificate with its private key, as PKCS #12 or PEM. */
export const importCertificate: OperationCard = {
  name: 'CertificateImport',
  permission: 'certificates/import',
  method: 'POST',
  path: '/certificates/:name/import',
  counts: 'setOrImport',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const members = readMembers(call.body, '', shape);
    if (!members.ok) return members;
    const { value, pwd = '' } = members.value;
    if (value === undefined) return refused({ kind: 'badParameter', message: 'The member value is missing.' });
    const parameters = certificateParameters(members.value);
    if (!parameters.ok) return parameters;
    const policy = policyParameters(members.value.policy ?? {}, 'policy.');
    if (!policy.ok) return policy;
    const asked = {
      name: name.value,
      value,
      password: pwd,
      policy: policy.value,
      parameters: parameters.value,
      version: call.newVersion(),
      engine: call.engine,
      files: call.certificateFiles,
      whileConnected: call.whileConnected,
    };
    const imported = yield* take(call.vault, asked);
    if (!imported.ok) return imported;
    const audit = { certificateProperties: certificateProperties(imported.value.current) };
    return { ...imported, value: { status: 200, body: certificateBundle(call, imported.value) }, audit };
  },
};
