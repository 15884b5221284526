import type { Description, MemberPath } from './member-path.ts';

type AuditPath = Extract<MemberPath, 'audit' | `audit.${string}`>;

/** The members of `audit`, in the order of the reference. */
export const auditDescriptions: Readonly<Record<AuditPath, Description>> = {
  audit: { what: 'How the audit log is written and kept' },
  'audit.fsync': {
    what: '`true`: a request is answered only after its record has reached the disk. `false`: after the kernel has it',
    default: '`false`',
  },
  'audit.maxBytes': { what: 'The size at which `audit.jsonl` is renamed to `audit.1.jsonl`', default: '67,108,864' },
  'audit.files': { what: 'At least this many files are kept', default: '10' },
  'audit.keepDays': { what: 'A file is not deleted before it is this old', default: '30' },
  'audit.undeliveredMaxBytes': {
    what: 'How many bytes of files that would be deleted are kept for a sink that does not take its records; the oldest are given up then',
    default: '1,073,741,824',
  },
  'audit.otlp': { what: 'Collectors of OpenTelemetry that get records by OTLP over HTTP' },
  'audit.otlp[].name': {
    what: 'Its name: the last part of the `marketplacePartnerId` of diagnostic settings. No two may have the same',
    form: '1 to 64 letters, digits, dots, hyphens and underscores',
  },
  'audit.otlp[].endpoint': {
    what: 'Where it takes logs, with the path: `https://…/v1/logs`',
    form: 'an `https://` URL; `http://` on loopback only',
  },
  'audit.otlp[].headers': { what: 'Headers of each request, such as its key' },
  'audit.otlp[].headers[].name': { what: "The header's name", form: 'a name of a header' },
  'audit.otlp[].headers[].value': { what: "The header's value" },
  'audit.otlp[].everything': {
    what: '`true`: it gets every record of the log, of all categories, whatever the settings are',
    default: '`false`',
  },
  'audit.storageAccounts': { what: "Storage accounts that diagnostic settings send records to over Azure's protocol" },
  'audit.storageAccounts[].name': {
    what: "The account's name, as in its id. No two may have the same",
    form: '3 to 24 lower-case letters and digits',
  },
  'audit.storageAccounts[].endpoint': {
    what: 'Its blob service',
    form: 'an `https://` URL; `http://` on loopback only',
    default: '`https://NAME.blob.core.windows.net`',
  },
  'audit.storageAccounts[].credential': {
    what: 'What opens it. The signature must let read, add, create and write blobs',
    form: 'a key of the account in base64, or a shared access signature (`sv=…&sig=…`)',
  },
};
