import { array, literal, object, optional, string, wholeNumber } from '../shape/shape.ts';
import type { Shaped } from '../shape/shape.ts';
import type { Settings } from '../settings/settings.ts';
import { copyNode, isLiving } from '../store/node-store.ts';
import type { NodeRow, Nodes } from '../store/node-store.ts';
import { StoreRefused } from '../store/refused.ts';
import { portalRulesOf } from './rule-profile.ts';

/** The settings that all nodes of a store must have alike: a request must not be decided by the node that it reaches. */
const agreed = object({
  domain: string,
  rules: string,
  limits: string,
  acceptDeclared: string,
  trustedServices: string,
});

/** A node's words of itself in its row. A newer release may say more. */
export const nodeDetails = object(
  {
    release: string,
    /** Of its records; see `dataFormat`. */
    format: wholeNumber(1, Number.MAX_SAFE_INTEGER),
    agreed,
    /** The address and port of its public listeners. */
    address: string,
    state: literal('starting', 'serving', 'leaving'),
    /** The ids of the master keys that it has. */
    masterKeys: array(string),
    /** Its clock minus that of the database. */
    clockAheadMs: optional(wholeNumber(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
  },
  { ignoredIf: () => true },
);

export type NodeDetails = Shaped<typeof nodeDetails>;

export function agreedOf(settings: Settings): NodeDetails['agreed'] {
  const { profile, trustedServices, acceptDeclared } = portalRulesOf(settings);
  return {
    domain: settings.domain,
    rules: settings.rules,
    limits: `${profile.ipRulesMax} and ${profile.virtualNetworkRulesMax}`,
    acceptDeclared: String(acceptDeclared),
    trustedServices: `${trustedServices.list} ${trustedServices.scope}`,
  };
}

/** The details of a row; `undefined` where another release wrote what this one cannot read. */
export function detailsIn({ details }: NodeRow): NodeDetails | undefined {
  const read = nodeDetails(details);
  return read.ok ? read.value : undefined;
}

/** The names of the living nodes, besides that with this id, which do not have the master key. */
export function lackingMasterKey(ownId: string, keyId: string, { nowMs, nodes }: Nodes): readonly string[] {
  const others = nodes.filter((row) => row.id !== ownId && row.name !== copyNode && isLiving(row, nowMs));
  return others.filter((row) => detailsIn(row)?.masterKeys.includes(keyId) !== true).map(({ name }) => name);
}

/** A node that enters. */
interface Entering {
  readonly id: string;
  readonly name: string;
  readonly details: NodeDetails;
}

/** Why a node that has entered may not stay beside the others; `undefined`: it may. Of two that enter at once, the first stays. */
export function refusalToEnter(own: Entering, { nowMs, nodes }: Nodes): StoreRefused | undefined {
  const copying = nodes.find((row) => row.name === copyNode && isLiving(row, nowMs));
  if (copying !== undefined)
    return new StoreRefused(
      'inUse',
      'the store is being copied by "postern store copy": wait for its end. Nothing was changed.',
    );
  const mine = nodes.find(({ id }) => id === own.id);
  const isBefore = ({ startedMs, id }: NodeRow) =>
    mine === undefined || startedMs < mine.startedMs || (startedMs === mine.startedMs && id < mine.id);
  const others = nodes.filter((other) => other.id !== own.id && isBefore(other));
  const namesake = others.find(({ name }) => name === own.name);
  if (namesake !== undefined) return nameTaken(namesake, nowMs);
  for (const row of others.filter((other) => isLiving(other, nowMs))) {
    const theirs = detailsIn(row);
    const fault = theirs && (releaseFault(own.details, theirs, row) ?? settingFault(own, theirs, row));
    if (fault !== undefined) return new StoreRefused('nodesDiffer', fault);
  }
  return undefined;
}

function nameTaken(row: NodeRow, nowMs: number): StoreRefused {
  const { name, id, seenMs } = row;
  const seen = `seen ${Math.max(0, Math.round((nowMs - seenMs) / 1000))} s ago`;
  const what = `the store has a node ${name} already, with another data folder (id ${id}, ${seen})`;
  const ofLost = 'Start it with that data folder; or, if that is lost, "postern nodes adopt" on a node that runs';
  const remedy = isLiving(row, nowMs)
    ? 'Give this one another name with --node'
    : `${ofLost}; or give this one another name with --node`;
  return new StoreRefused('nodeKnown', `${what}. ${remedy}. Nothing was changed.`);
}

/** An older node could not read what a newer one writes in a newer format. */
function releaseFault(own: NodeDetails, theirs: NodeDetails, { name }: NodeRow): string | undefined {
  if (own.format <= theirs.format) return undefined;
  const it = `the node ${name} runs Postern ${theirs.release}, which reads records up to format ${theirs.format}`;
  return `${it}, and this is Postern ${own.release} with format ${own.format}. Stop all nodes of the older release first, then start this one. Nothing was changed.`;
}

function settingFault(
  { details: { agreed: own } }: Entering,
  { agreed: theirs }: NodeDetails,
  { name }: NodeRow,
): string | undefined {
  const members = ['domain', 'rules', 'limits', 'acceptDeclared', 'trustedServices'] as const;
  const differs = members.find((member) => own[member] !== theirs[member]);
  if (differs === undefined) return undefined;
  const found = `${differs} is ${own[differs]} here and ${theirs[differs]} on the node ${name}, and all nodes of a store must agree`;
  return `${found}. Give this one the same; to change it, stop all nodes, and start them with the other value. Nothing was changed.`;
}
