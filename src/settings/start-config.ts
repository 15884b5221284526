import { accept, breached, wrong } from '../shape/fault.ts';
import { array, boolean, literal, optional, refine, wholeNumber } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import { natLine } from './bridge.ts';
import { nodeName, storeConfig } from './store-config.ts';
import { readersCount } from './readers-config.ts';
import { address, domain, nonEmptyString, publicPort } from './values.ts';

/** From the quietest level to the one that says most. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

const listenAddresses = refine(array(address), (addresses) => {
  if (addresses.length === 0)
    return wrong(addresses, 'must not be empty: list the addresses to listen on, or leave it out');
  const twice = addresses.find((given, index) => addresses.indexOf(given) !== index);
  return twice === undefined ? accept(addresses) : breached(addresses, `: the address ${twice} appears twice`);
});

/**
 * The members of the configuration file that are options of `postern start` too; the option wins. `--config` has none, for it
 * names the file, and neither have `--accept-copy`, `--join` and `--dry-run`, which are for one start.
 */
export function startMembers(file: Shape<string, string>) {
  return {
    port: optional(wholeNumber(0, 65_535)),
    listen: optional(listenAddresses),
    data: optional(file),
    memory: optional(boolean),
    store: optional(storeConfig(file)),
    node: optional(nodeName),
    domain: optional(domain),
    publicPort: optional(publicPort),
    json: optional(boolean),
    logLevel: optional(literal(...logLevels)),
    nat: optional(array(natLine)),
    rules: optional(literal('documented', 'current')),
    user: optional(nonEmptyString),
    readers: optional(readersCount),
    seed: optional(file),
    prune: optional(boolean),
    acceptDeclared: optional(boolean),
    demo: optional(boolean),
  };
}

export type StartMember = keyof ReturnType<typeof startMembers>;

const names: ReadonlySet<string> = new Set([...Object.keys(startMembers(nonEmptyString)), 'tls']);

/** Whether a member of the configuration file is for `postern start` alone, not for a server inside of a program. */
export function isForStart(name: string): boolean {
  return names.has(name);
}
