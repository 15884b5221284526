import type { FuzzTarget } from './target.ts';
import { backupFile } from './targets/backup.ts';
import { deploymentBody, form, json, members, shapes } from './targets/bodies.ts';
import {
  certificate,
  chain,
  constraints,
  encryptedKey,
  pem,
  pkcs12InClear,
  pkcs12WithPassword,
  certificateRequest,
} from './targets/certificates.ts';
import { connectRequest } from './targets/connect.ts';
import { controlLine } from './targets/control.ts';
import { databaseUrl } from './targets/database.ts';
import { logPart, retryAfter } from './targets/delivery.ts';
import { dns } from './targets/dns.ts';
import { fabricLine, ipOutput, keptFile, networks } from './targets/fabric.ts';
import { proxy } from './targets/proxy.ts';
import { filter, target as path } from './targets/queries.ts';
import { readerLines } from './targets/readers.ts';
import { requests } from './targets/requests.ts';
import { configuration, seed, tlsPair, words } from './targets/settings.ts';
import { expression, wholeTemplate } from './targets/templates.ts';
import { token, tokenClaims } from './targets/tokens.ts';

/** Everything that reads bytes or strings from outside, by its name for `npm run fuzz`. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  proxy,
  dns,
  'database-url': databaseUrl,
  'log-part': logPart,
  'retry-after': retryAfter,
  token,
  claims: tokenClaims,
  json,
  'deployment-body': deploymentBody,
  members,
  shapes,
  form,
  path,
  filter,
  expression,
  template: wholeTemplate,
  pkcs12: pkcs12WithPassword,
  'pkcs12-in-clear': pkcs12InClear,
  'encrypted-key': encryptedKey,
  pem,
  certificate,
  chain,
  'name-constraints': constraints,
  csr: certificateRequest,
  configuration,
  seed,
  'tls-pair': tlsPair,
  backup: backupFile,
  connect: connectRequest,
  control: controlLine,
  fabric: fabricLine,
  networks,
  'ip-output': ipOutput,
  'kept-file': keptFile,
  words,
  requests,
  'reader-lines': readerLines,
};

export function targetOf(name: string): FuzzTarget {
  const target = targets[name];
  if (target === undefined)
    throw new Error(`There is no fuzzer "${name}". There are: ${Object.keys(targets).join(', ')}.`);
  return target;
}
