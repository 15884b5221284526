import { changeOf, isNobody } from '../../insight/diff.ts';
import { describeChange } from '../../insight/describe.ts';
import type { DescribedChange } from '../../insight/describe.ts';
import { count, everyAddress, minus, union } from '../../insight/spans.ts';
import { reservedRanges } from '../../firewall/validate.ts';
import type { Spans } from '../../insight/spans.ts';
import { counted, numberOf } from '../ui/words.ts';
import { boundaryIn } from './draft.ts';
import type { Draft } from './draft.ts';
import type { Judge } from './judge.ts';

/** The IPv4 addresses of a change: disjoint sets. */
export interface AddressChange {
  readonly stay: Spans;
  readonly gain: Spans;
  readonly lose: Spans;
}

export interface Effect {
  readonly addresses: AddressChange;
  readonly described: DescribedChange;
  /** Whether the same requests are let in as before, whatever was edited. */
  readonly isNone: boolean;
}

/** The exact effect of a change of the rules. */
export function effectOf(before: Judge, after: Judge): Effect {
  const change = changeOf(before.access, after.access);
  return {
    addresses: {
      stay: minus(before.access.network.ipv4, change.losses.network.ipv4),
      gain: change.gains.network.ipv4,
      lose: change.losses.network.ipv4,
    },
    described: describeChange(change, before.settings, after.settings),
    isNone: isNobody(change.gains) && isNobody(change.losses),
  };
}

const reserved = union(reservedRanges);
const publicMax = count(minus(everyAddress, reserved));

/** How many public addresses; all of them in a word. A reserved one comes from nowhere, whatever the rules are. */
export function addressCount(spans: Spans): string {
  const number = count(minus(spans, reserved));
  return number === publicMax ? 'all' : numberOf(number);
}

/** One of the three ways into a vault, and how far it is open. */
export interface Door {
  readonly name: 'Subnets' | 'Addresses' | 'Trusted services';
  /** `open` to every caller, `ajar` to those in a rule, `shut` without a rule, `gone` where no rule can open it. */
  readonly state: 'open' | 'ajar' | 'shut' | 'gone';
  readonly says: string;
  /** How many rules or services come and go; both 0: unchanged. */
  readonly more: number;
  readonly fewer: number;
}

export function doorsOf(before: Draft, after: Draft, services: number): readonly Door[] {
  return [
    ruleDoor('Subnets', [before, after], (draft) =>
      draft.networkAcls.virtualNetworkRules.map(({ id }) => id.toLowerCase()),
    ),
    ruleDoor('Addresses', [before, after], (draft) => draft.networkAcls.ipRules.map(({ value }) => value)),
    trustDoor(before, after, services),
  ];
}

const allNames: Readonly<Record<'Subnets' | 'Addresses', string>> = {
  Subnets: 'every subnet',
  Addresses: 'every address',
};
const oneNames: Readonly<Record<'Subnets' | 'Addresses', string>> = { Subnets: 'subnet', Addresses: 'rule' };

function ruleDoor(
  name: 'Subnets' | 'Addresses',
  [before, after]: readonly [Draft, Draft],
  rulesOf: (draft: Draft) => readonly string[],
): Door {
  const [had, has] = [new Set(rulesOf(before)), new Set(rulesOf(after))];
  const change = { more: notIn(has, had), fewer: notIn(had, has) };
  const boundary = boundaryIn(after);
  if (boundary === 'closed') return { name, state: 'gone', says: 'no public access', ...change };
  if (boundary === 'open') return { name, state: 'open', says: allNames[name], ...change };
  if (has.size === 0) return { name, state: 'shut', says: 'nobody', ...change };
  return { name, state: 'ajar', says: counted(has.size, oneNames[name]), ...change };
}

function notIn(these: ReadonlySet<string>, those: ReadonlySet<string>): number {
  return [...these].filter((each) => !those.has(each)).length;
}

function trustDoor(before: Draft, after: Draft, services: number): Door {
  const [was, is] = [before, after].map(({ networkAcls }) => networkAcls.bypass === 'AzureServices');
  const change = {
    more: is === true && was === false ? services : 0,
    fewer: was === true && is === false ? services : 0,
  };
  const name = 'Trusted services';
  if (is !== true) return { name, state: 'shut', says: 'nobody', ...change };
  return { name, state: 'ajar', says: `${numberOf(services)}, each for its task`, ...change };
}
