import type { AuditRecord } from '../audit/event.ts';
import { permissionsOfOperations } from '../data-plane/operations.ts';
import { callerIn, sourceIn } from '../recent/entry.ts';
import type { Settings } from '../settings/settings.ts';
import type { Permission } from '../types/operation.ts';
import { writeToTerminal } from './terminal.ts';

const linesPerWindow = 3;
const windowMs = 1000;
const wordMax = 200;

interface DenialLinesOptions {
  readonly write: (line: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  /** The permission of each operation of a vault. */
  readonly permissions: ReadonlyMap<string, Permission>;
  /** The data folder, for the commands. */
  readonly data: string;
}

/**
 * A line on the server's terminal for each request that a vault's firewall refuses, with the command that explains it. A
 * client may cause any number of them: of more than three in a second the rest is counted in one line.
 */
export class DenialLines {
  readonly #options: DenialLinesOptions;
  #startedMs = -Infinity;
  #lines = 0;
  #leftOut = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DenialLinesOptions) {
    this.#options = options;
  }

  add(record: AuditRecord): void {
    const { now, write, permissions, data } = this.#options;
    const nowMs = now();
    if (Math.abs(nowMs - this.#startedMs) >= windowMs) {
      this.#sayLeftOut();
      this.#startedMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines < linesPerWindow) {
      this.#lines += 1;
      write(denialLine(record, permissions.get(record.operationName), data));
      return;
    }
    this.#leftOut += 1;
    this.#timer ??= setTimeout(() => this.#sayLeftOut(), windowMs).unref();
  }

  #sayLeftOut(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#leftOut === 0) return;
    const { write, data } = this.#options;
    write(`Refused by a firewall: ${this.#leftOut} more. postern activity --denied${dataOption(data)}`);
    this.#leftOut = 0;
  }
}

/** Shows refusals on the server's terminal, if it has one and its output is not for a program. */
export function denialsTo(
  { json }: Settings,
  { data, now }: Pick<DenialLinesOptions, 'data' | 'now'>,
): ((record: AuditRecord) => void) | undefined {
  const show = writeToTerminal;
  if (json || show === undefined) return undefined;
  const write = (line: string) => show(`${line}\n`);
  const lines = new DenialLines({ write, now, permissions: permissionsOfOperations, data });
  return (record) => lines.add(record);
}

/** The line of a record of a refusal. */
function denialLine(record: AuditRecord, permission: Permission | undefined, data: string): string {
  const { resourceId, operationName, properties } = record;
  const vault = resourceId.slice(resourceId.lastIndexOf('/') + 1).toLowerCase();
  const source = sourceIn(record);
  const caller = callerIn(record);
  const who = caller?.name ?? caller?.applicationId ?? caller?.objectId ?? 'unknown';
  const said = (from: string) =>
    `Refused by the firewall of ${shown(vault)}: ${shown(operationName)} from ${from} by ${shown(who)}`;
  if (source.kind === 'unknown') return `${said('an unknown place')}. ${shown(properties.verdict?.explanation ?? '')}`;
  const subnet = source.kind === 'subnet' ? /([^/]+)\/subnets\/([^/]+)$/.exec(source.subnet) : null;
  const place = subnet === null ? '' : ` (${subnet[1]}/${subnet[2]})`;
  const options = [
    `--vault ${word(vault)} --from ${word(source.address)}`,
    ...(subnet === null ? [] : [`--subnet ${word(`${subnet[1]}/${subnet[2]}`)}`]),
    ...(caller?.issuerClass === 'services' && caller.applicationId !== undefined
      ? [`--as ${word(caller.applicationId)}`]
      : []),
    ...(permission === undefined || permission === 'secrets/get' ? [] : [`--permission ${permission}`]),
  ];
  return `${said(`${shown(source.address)}${shown(place)}`)}. postern explain ${options.join(' ')}${dataOption(data)}`;
}

function dataOption(data: string): string {
  return ` --data ${word(data)}`;
}

/** A string from a client, without what a terminal would obey. */
function shown(text: string): string {
  return text.slice(0, wordMax).replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

/** A word of a command that is safe to paste into a shell. */
function word(text: string): string {
  const plain = shown(text);
  return /^[\w./:@-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", String.raw`'\''`)}'`;
}
