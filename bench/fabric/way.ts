/** A client program that gets the secret without a pause: wrk (Debian package `wrk`), or Node where there is no wrk. */
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { secret } from '../../test/fabric/site.ts';
import { readWrk } from '../wrk.ts';

export const checkout = join(import.meta.dirname, '../..');
const path = `/secrets/${secret.name}?api-version=7.4`;

/** A way from a client to the vault. */
export interface Way {
  readonly name: string;
  /** The words before the client's, which put it into its place. */
  readonly enter: readonly string[];
  /** The address that the client connects to. */
  readonly address: string;
  readonly port: number;
  /** The vault's name, as the client asks for it. */
  readonly host: string;
  readonly token: string;
  /** The certificate of the authority that the client trusts, in PEM. */
  readonly ca: string;
}

export interface Load {
  readonly connections: number;
  readonly seconds: number;
}

export interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Client {
  readonly name: string;
  readonly words: (way: Way, load: Load) => readonly string[];
  readonly read: (output: string, load: Load) => Measured;
}

const wrk: Client = {
  name: 'wrk',
  words: ({ address, port, host, token }, { connections, seconds }) => [
    'wrk',
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--latency',
    '-H',
    `Host: ${host}`,
    '-H',
    `Authorization: Bearer ${token}`,
    `https://${address}:${port}${path}`,
  ],
  read(output, { seconds }) {
    const { requests, p50Ms, p99Ms } = readWrk(output);
    return { perSecond: requests / seconds, p50Ms, p99Ms };
  },
};

/** `get-again.ts`: it takes more of the processor than wrk does, so that less is left for the server. */
const node: Client = {
  name: 'a client of node:https',
  words: ({ address, port, host, token, ca }, load) => [
    process.execPath,
    join(import.meta.dirname, 'get-again.ts'),
    JSON.stringify({ address, port, host, token, ca, path, ...load }),
  ],
  read: (output) => JSON.parse(output) as Measured,
};

export const client = spawnSync('wrk').error === undefined ? wrk : node;

/** Gets the secret over connections that stay open. */
export async function measureWay(way: Way, load: Load): Promise<Measured> {
  const [file = '', ...words] = [...way.enter, ...client.words(way, load)];
  const { stdout } = await promisify(execFile)(file, words, { cwd: checkout });
  const measured = client.read(stdout, load);
  if (measured.perSecond > 0) return measured;
  throw new Error(`${way.name}: nothing was answered\n${stdout}`);
}
