import { ruleProfiles } from '../firewall/profiles.ts';
import { readSeed } from '../seed/read-seed.ts';
import type { SeedFile } from '../seed/seed-file.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { Developer } from './developer.ts';
import type { Identity } from './identity.ts';
import type { PortalUser } from './portal-user.ts';
import { applySeed } from './seed/apply-seed.ts';

const doneKey = recordKind<true | 'seed'>({
  pattern: 'setup/demo',
  owner: 'setup',
  holds: 'that the demo was created, or that a seed took its place',
}).key();

/** The names and values of the demo. */
export const demo = {
  resourceGroup: 'demo',
  vault: 'demo',
  /** A vault with `defaultAction: Allow`, for a first try from wherever. */
  openVault: 'open',
  secret: 'greeting',
  value: 'hello from behind the boundary',
  openValue: 'hello from the open vault',
  /** Two virtual networks with the same addresses; the vault's rules contain only the subnet of the first. */
  networks: ['demo-blue', 'demo-green'],
  subnet: 'workloads',
  allowedAddress: '203.0.113.7',
} as const;

const network = {
  addressPrefixes: ['10.0.0.0/16'],
  subnets: { [demo.subnet]: { addressPrefix: '10.0.0.0/24' } },
};

/**
 * The demo: two virtual networks with the same address space, a vault with `defaultAction: Deny`, a rule for a subnet of the
 * first network and an IP rule, and a vault with `defaultAction: Allow`. Each vault has a secret; the administrator, the
 * developer and the portal's user have all rights.
 */
export const demoSeed: SeedFile = {
  resourceGroup: demo.resourceGroup,
  networks: Object.fromEntries(demo.networks.map((name) => [name, network])),
  vaults: {
    [demo.vault]: {
      rules: {
        defaultAction: 'Deny',
        bypass: 'AzureServices',
        ipRules: [demo.allowedAddress],
        virtualNetworkRules: [`${demo.networks[0]}/${demo.subnet}`],
      },
      secrets: { [demo.secret]: demo.value },
    },
    [demo.openVault]: { rules: { defaultAction: 'Allow' }, secrets: { [demo.secret]: demo.openValue } },
  },
};

export interface Owners {
  readonly identity: Identity;
  readonly developer: Developer | undefined;
  readonly portalUser: PortalUser | undefined;
}

/** Keeps the demo from being made later. */
export const seedDone: Transaction = { require: [{ key: doneKey, version: null }], put: [recordPut(doneKey, 'seed')] };

/** Whether the demo was created, or a seed took its place. */
export async function demoDone(store: Pick<Store, 'read'>): Promise<true | 'seed' | undefined> {
  const [done] = await readRecords(store, { get: [doneKey] });
  return done?.value;
}

/** Creates the demo at the first start of a server that is to have it: what an administrator deletes is not made again. */
export async function createDemo(store: Store, owners: Owners, nowMs: number): Promise<void> {
  if (!owners.identity.demo || (await demoDone(store)) !== undefined) return;
  const profile = ruleProfiles.documented;
  const read = readSeed(demoSeed, profile);
  if (!read.ok) throw new Error(`the demo was refused: ${read.message}`);
  const also = { require: [{ key: doneKey, version: null }], put: [recordPut(doneKey, true)] };
  const applied = await applySeed(store, read.seed, {
    ...owners,
    nowMs,
    profile,
    vaultSuffix: '',
    unrecorded: true,
    also,
  });
  if (!applied.ok) throw new Error(`the demo was refused: ${applied.message}`);
}
