import { boundaryOf } from '../vaults/vault.ts';
import type { Boundary, Vault, VaultNetworkAcls } from '../vaults/vault.ts';

type SubnetRule = VaultNetworkAcls['virtualNetworkRules'][number];

/** The network settings of a vault, as they are edited and as the resource manager has them. */
export interface Draft {
  readonly publicNetworkAccess: string;
  readonly networkAcls: VaultNetworkAcls;
}

/** Those of a vault without `networkAcls`. */
const openAcls: VaultNetworkAcls = {
  bypass: 'AzureServices',
  defaultAction: 'Allow',
  ipRules: [],
  virtualNetworkRules: [],
};

export function draftOf({
  properties: { publicNetworkAccess = 'Enabled', networkAcls },
}: Pick<Vault, 'properties'>): Draft {
  return { publicNetworkAccess, networkAcls: networkAcls ?? openAcls };
}

export function boundaryIn(draft: Draft): Boundary {
  return boundaryOf({ properties: draft });
}

/** The draft with another answer to "from where". The rules stay, also where they are not applied. */
export function withBoundary(draft: Draft, boundary: Boundary): Draft {
  if (boundary === 'closed') return { ...draft, publicNetworkAccess: 'Disabled' };
  const defaultAction = boundary === 'open' ? 'Allow' : 'Deny';
  return { publicNetworkAccess: 'Enabled', networkAcls: { ...draft.networkAcls, defaultAction } };
}

export function withAcls(draft: Draft, acls: Partial<VaultNetworkAcls>): Draft {
  return { ...draft, networkAcls: { ...draft.networkAcls, ...acls } };
}

/** Equal keys name the same address, range or subnet; the server counts them once. */
export function ipRuleKey(value: string): string {
  return value.replace(/\/32$/, '');
}

export function subnetRuleKey({ id }: Pick<SubnetRule, 'id'>): string {
  return id.toLowerCase();
}

/** The properties to send: those that differ. `networkAcls` is one property for the resource manager. */
export function changedProperties(base: Draft, draft: Draft): Partial<Draft> {
  return {
    ...(base.publicNetworkAccess !== draft.publicNetworkAccess && { publicNetworkAccess: draft.publicNetworkAccess }),
    ...(JSON.stringify(base.networkAcls) !== JSON.stringify(draft.networkAcls) && { networkAcls: draft.networkAcls }),
  };
}

/** The draft with the lists of `base` where they hold the same rules: a rule that went and came back does not count. */
export function settledOn(base: Draft, draft: Draft): Draft {
  const [was, is] = [base.networkAcls, draft.networkAcls];
  return withAcls(draft, {
    ...(holdTheSame(was.ipRules, is.ipRules, ({ value }) => ipRuleKey(value)) && { ipRules: was.ipRules }),
    ...(holdTheSame(was.virtualNetworkRules, is.virtualNetworkRules, subnetRuleKey) && {
      virtualNetworkRules: was.virtualNetworkRules,
    }),
  });
}

function holdTheSame<T>(some: readonly T[], others: readonly T[], keyOf: (rule: T) => string): boolean {
  const keys = new Set(others.map(keyOf));
  return some.length === others.length && some.every((rule) => keys.has(keyOf(rule)));
}

/** Whether nothing would be sent. */
export function isSame(base: Draft, draft: Draft): boolean {
  return Object.keys(changedProperties(base, draft)).length === 0;
}

export interface Merged {
  readonly draft: Draft;
  /** Whether both sides changed the boundary, each to another; the draft has theirs. */
  readonly boundaryCollides: boolean;
}

/**
 * Puts the changes of two people together who began with the same settings: each rule as the one has it who changed it, the
 * boundary and the exception likewise. Only the boundary has more than two values, so nothing else can collide.
 */
export function mergeDrafts(base: Draft, mine: Draft, theirs: Draft): Merged {
  const [was, wanted, found] = [base, mine, theirs].map((each) => boundaryIn(each));
  const mineMoved = was !== wanted;
  const boundaryCollides = mineMoved && was !== found && wanted !== found;
  const from = mineMoved && !boundaryCollides ? withBoundary(theirs, boundaryIn(mine)) : theirs;
  const [baseAcls, mineAcls, theirAcls] = [base.networkAcls, mine.networkAcls, theirs.networkAcls];
  const draft = withAcls(from, {
    bypass: baseAcls.bypass === mineAcls.bypass ? theirAcls.bypass : mineAcls.bypass,
    ipRules: mergeLists([baseAcls.ipRules, mineAcls.ipRules, theirAcls.ipRules], ({ value }) => ipRuleKey(value)),
    virtualNetworkRules: mergeLists(
      [baseAcls.virtualNetworkRules, mineAcls.virtualNetworkRules, theirAcls.virtualNetworkRules],
      subnetRuleKey,
    ),
  });
  return { draft, boundaryCollides };
}

type ThreeLists<T> = readonly [base: readonly T[], mine: readonly T[], theirs: readonly T[]];

/** Theirs without what I took away, and then what I added. */
function mergeLists<T>([base, mine, theirs]: ThreeLists<T>, keyOf: (rule: T) => string): readonly T[] {
  const [inBase, inMine, inTheirs] = [base, mine, theirs].map((rules) => new Set(rules.map(keyOf)));
  const kept = theirs.filter((rule) => inMine?.has(keyOf(rule)) === true || inBase?.has(keyOf(rule)) === false);
  const added = mine.filter((rule) => inBase?.has(keyOf(rule)) === false && inTheirs?.has(keyOf(rule)) === false);
  return [...kept, ...added];
}
