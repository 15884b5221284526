import { certificateObjectOperations } from './certificates/certificate.ts';
import { deleteCertificateContacts, getCertificateContacts, setCertificateContacts } from './certificates/contacts.ts';
import { createCertificate, importCertificate, mergeCertificate } from './certificates/create.ts';
import {
  deleteCertificateIssuer,
  getCertificateIssuer,
  getCertificateIssuers,
  setCertificateIssuer,
  updateCertificateIssuer,
} from './certificates/issuers.ts';
import {
  deleteCertificateOperation,
  getCertificateOperation,
  updateCertificateOperation,
} from './certificates/pending.ts';
import { createKey, importKey } from './keys/create.ts';
import { cryptoOperations } from './keys/crypto.ts';
import { keyObjectOperations } from './keys/key.ts';
import { getRandomBytes } from './keys/random-bytes.ts';
import { getKeyRotationPolicy, rotateKey, updateKeyRotationPolicy } from './keys/rotation.ts';
import type { Permission } from '../types/operation.ts';
import type { OperationCard } from './operation.ts';
import { secretOperations } from './secrets.ts';

/** Every operation of the data plane. */
export const operations: readonly OperationCard[] = [
  ...secretOperations,
  createKey,
  importKey,
  ...keyObjectOperations,
  ...cryptoOperations,
  getRandomBytes,
  rotateKey,
  getKeyRotationPolicy,
  updateKeyRotationPolicy,
  createCertificate,
  importCertificate,
  mergeCertificate,
  ...certificateObjectOperations,
  getCertificateOperation,
  updateCertificateOperation,
  deleteCertificateOperation,
  getCertificateContacts,
  setCertificateContacts,
  deleteCertificateContacts,
  getCertificateIssuers,
  getCertificateIssuer,
  setCertificateIssuer,
  updateCertificateIssuer,
  deleteCertificateIssuer,
];

/** The permission of each operation, by its name in the audit log. */
export const permissionsOfOperations: ReadonlyMap<string, Permission> = new Map(
  operations.map(({ name, permission }) => [name, permission]),
);
