import type { OperationCard } from '../operation.ts';
import { backupCertificate } from './backup-certificate.ts';
import { createCertificate } from './create-certificate.ts';
import { deleteCertificate } from './delete-certificate.ts';
import { deleteCertificateContacts } from './delete-certificate-contacts.ts';
import { deleteCertificateIssuer } from './delete-certificate-issuer.ts';
import { deleteCertificateOperation } from './delete-certificate-operation.ts';
import { getCertificate } from './get-certificate.ts';
import { getCertificateContacts } from './get-certificate-contacts.ts';
import { getCertificateIssuer } from './get-certificate-issuer.ts';
import { getCertificateIssuers } from './get-certificate-issuers.ts';
import { getCertificateOperation } from './get-certificate-operation.ts';
import { getCertificatePolicy } from './get-certificate-policy.ts';
import { getCertificateVersions } from './get-certificate-versions.ts';
import { getCertificates } from './get-certificates.ts';
import { getDeletedCertificate } from './get-deleted-certificate.ts';
import { getDeletedCertificates } from './get-deleted-certificates.ts';
import { importCertificate } from './import-certificate.ts';
import { mergeCertificate } from './merge-certificate.ts';
import { purgeDeletedCertificate } from './purge-deleted-certificate.ts';
import { recoverDeletedCertificate } from './recover-deleted-certificate.ts';
import { restoreCertificate } from './restore-certificate.ts';
import { setCertificateContacts } from './set-certificate-contacts.ts';
import { setCertificateIssuer } from './set-certificate-issuer.ts';
import { updateCertificate } from './update-certificate.ts';
import { updateCertificateIssuer } from './update-certificate-issuer.ts';
import { updateCertificateOperation } from './update-certificate-operation.ts';
import { updateCertificatePolicy } from './update-certificate-policy.ts';

/** Every operation on certificates. */
export const certificateOperations: readonly OperationCard[] = [
  createCertificate,
  importCertificate,
  getCertificate,
  updateCertificate,
  deleteCertificate,
  getCertificates,
  getCertificateVersions,
  getDeletedCertificates,
  getDeletedCertificate,
  recoverDeletedCertificate,
  purgeDeletedCertificate,
  backupCertificate,
  restoreCertificate,
  getCertificatePolicy,
  updateCertificatePolicy,
  getCertificateOperation,
  updateCertificateOperation,
  deleteCertificateOperation,
  mergeCertificate,
  getCertificateContacts,
  setCertificateContacts,
  deleteCertificateContacts,
  getCertificateIssuers,
  getCertificateIssuer,
  setCertificateIssuer,
  updateCertificateIssuer,
  deleteCertificateIssuer,
];
