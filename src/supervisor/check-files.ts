import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Settings } from '../settings/settings.ts';
import { authorityFilesOf } from '../settings/store-config.ts';

type Named = Pick<Settings, 'clients' | 'gateways' | 'masterKeyFile' | 'store'>;

/**
 * The faults of files that only the worker uses, which would refuse them once it has started: each with the member and the file.
 * No message shows what is in a file.
 * @param files the contents by path; a path that is missing is one that only the worker may read
 */
export function faultsInFiles(settings: Named, files: Readonly<Record<string, string>>): readonly string[] {
  const { certificate, key, clientCa } = settings.gateways?.tls ?? {};
  return [
    ...settings.clients.flatMap((client, index) =>
      certificateFault(`clients[${index}].certificate`, client.certificate, files),
    ),
    ...certificateFault('gateways.tls.clientCa', clientCa, files),
    ...certificateFault('gateways.tls.certificate', certificate, files),
    ...pairFault({ certificate, key }, files),
    ...masterKeyFault(settings.masterKeyFile, files),
    ...certificateFault('store.caFile', settings.store?.caFile, files),
    ...authorityFilesOf(settings.store).flatMap(([member, path]) => certificateFault(member, path, files)),
    ...passwordFault(settings.store?.passwordFile, files),
  ];
}

type Files = Readonly<Record<string, string>>;

function certificateFault(member: string, path: string | undefined, files: Files): readonly string[] {
  const contents = path === undefined ? undefined : files[path];
  if (contents === undefined || certificateIn(contents) !== undefined) return [];
  return [`${member}: ${path} has no certificate in PEM (-----BEGIN CERTIFICATE-----).`];
}

function pairFault(
  { certificate, key }: { readonly certificate: string | undefined; readonly key: string | undefined },
  files: Files,
): readonly string[] {
  const [pem, own] = [certificate, key].map((path) => (path === undefined ? undefined : files[path]));
  if (pem === undefined || own === undefined) return [];
  const parsed = keyIn(own);
  if (parsed === undefined) return [`gateways.tls.key: ${key} has no private key in PEM without a passphrase.`];
  return certificateIn(pem)?.checkPrivateKey(parsed) === false
    ? [`gateways.tls.key: ${key} is not the key of ${certificate}.`]
    : [];
}

function masterKeyFault(path: string | undefined, files: Files): readonly string[] {
  const contents = path === undefined ? undefined : files[path]?.trim();
  if (contents === undefined || /^(?:[0-9a-f]{64}|[A-Za-z0-9+/]{43}=)$/i.test(contents)) return [];
  return [`masterKeyFile: ${path} must have 32 bytes as 64 hexadecimal digits or in base64 (openssl rand -base64 32).`];
}

function passwordFault(path: string | undefined, files: Files): readonly string[] {
  const contents = path === undefined ? undefined : files[path];
  if (contents === undefined || /^[^\r\n\0]+\r?\n?$/.test(contents)) return [];
  return [`store.passwordFile: ${path} must have the password in one line, and nothing else.`];
}

function certificateIn(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function keyIn(pem: string) {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
