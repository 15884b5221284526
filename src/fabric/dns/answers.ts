import { services } from '../addresses.ts';
import { readQuery, writeAnswer, writeRefusal, type Question, type ResponseCode } from './message.ts';

/** Azure's own public names, and the services of the fabric that have them. `*` is one label. */
const hosts: ReadonlyMap<string, number> = new Map([
  ['*.vault.azure.net', services.vaults],
  ['login.microsoftonline.com', services.authority],
  ['login.windows.net', services.authority],
  ['login.microsoft.com', services.authority],
  ['sts.windows.net', services.authority],
  ['management.azure.com', services.resourceManager],
  ['graph.microsoft.com', services.graph],
]);

const [typeA, typeAny, classInternet, classAny] = [1, 255, 1, 255];

/**
 * The answer to one message, or `undefined` for what gets none. Addresses are the same in every fabric. A name that has
 * an address has no other records: that is said at once (NOERROR without records), so that no client waits for IPv6. Any
 * other name does not exist, so that a program which calls home is not kept waiting.
 */
export function answerMessage(message: Uint8Array): Uint8Array | undefined {
  const read = readQuery(message);
  if (read === undefined) return undefined;
  if (read.kind === 'refused') return writeRefusal(read.id, read.head, read.code);
  return writeAnswer(read.query, decideAnswer(read.query.question));
}

interface Decision {
  readonly code: ResponseCode;
  readonly addresses: readonly number[];
}

function decideAnswer({ labels, type, class: asked }: Question): Decision {
  if (asked !== classInternet && asked !== classAny) return { code: 'refused', addresses: [] };
  const address = hosts.get(labels.join('.')) ?? hosts.get(['*', ...labels.slice(1)].join('.'));
  if (address === undefined) return { code: isAbove(labels) ? 'noError' : 'nameError', addresses: [] };
  return { code: 'noError', addresses: type === typeA || type === typeAny ? [address] : [] };
}

/** Whether a name that has an address ends with this one: such a name exists, without records (RFC 8020). */
function isAbove(labels: readonly string[]): boolean {
  const name = labels.join('.');
  return name === '' || [...hosts.keys()].some((host) => host.endsWith(`.${name}`));
}
