/**
 * `node --import postern/register app.js`: what `postern run` does, for a program in Node where no namespace is to be had.
 * Names of the server resolve in this process alone, its authority is trusted beside Node's own, and the environment
 * has the managed identity. `POSTERN_DATA` names the data folder, `POSTERN_AS` the identity.
 */
import dns from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import tls from 'node:tls';
import { promisify } from 'node:util';
import type { Connection } from './connection.ts';
import { changeFor } from './run/program.ts';
import { readServer } from './run/server.ts';

type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | readonly LookupAddress[],
  family?: number,
) => void;

const connection = readServer(process.env['POSTERN_DATA'] ?? 'postern-data');
trust(connection);
await setEnvironment(connection, process.env['POSTERN_AS']);
resolveNames(connection);

async function setEnvironment(to: Connection, as: string | undefined): Promise<void> {
  const { set, unset } = (await changeFor(to, as)).change;
  for (const name of unset) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, set);
}

/** Node read `NODE_EXTRA_CA_CERTS` at its start, so that a change of it reaches the program's children only. */
function trust({ caFile }: Connection): void {
  if (!('setDefaultCACertificates' in tls)) {
    const remedy = `Start the program with NODE_EXTRA_CA_CERTS=${caFile} as well, or with Node 24.5 or newer.`;
    if (process.env['NODE_EXTRA_CA_CERTS'] === undefined)
      throw new Error(`This Node cannot be told whom to trust. ${remedy}`);
    return;
  }
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), readFileSync(caFile, 'utf8')]);
}

/** `net`, `tls`, `http` and `fetch` all look names up by `dns.lookup`, at the time of the connection. */
function resolveNames({ address, home, vaultSuffix }: Connection): void {
  const domain = new URL(home).hostname;
  const suffix = vaultSuffix.replace(/:\d+$/, '');
  const isOurs = (name: string) => name.toLowerCase() === domain || name.toLowerCase().endsWith(suffix);
  const found: LookupAddress = { address, family: isIPv6(address) ? 6 : 4 };
  const [byCallback, byPromise] = [dns.lookup, dns.promises.lookup];
  const lookup = (name: string, given: LookupOptions | number | Callback, last?: Callback): void => {
    const callback = typeof given === 'function' ? given : last;
    if (!isOurs(name) || callback === undefined) {
      Reflect.apply(byCallback, dns, [name, given, last]);
      return;
    }
    process.nextTick(() => {
      if (wantsAll(given)) callback(null, [found]);
      else callback(null, found.address, found.family);
    });
  };
  const promised = async (name: string, given?: LookupOptions | number): Promise<unknown> => {
    if (!isOurs(name)) return Reflect.apply(byPromise, dns.promises, [name, given]);
    return wantsAll(given) ? [found] : found;
  };
  Reflect.set(dns, 'lookup', Object.assign(lookup, { [promisify.custom]: promised }));
  Reflect.set(dns.promises, 'lookup', promised);
}

function wantsAll(given: unknown): boolean {
  return typeof given === 'object' && given !== null && 'all' in given && given.all === true;
}
