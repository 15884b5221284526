import { compileAccessPolicies } from '../access/access-policies.ts';
import type { CompiledAccessPolicies } from '../access/access-policies.ts';
import { compileAssignments } from '../access/role-assignments.ts';
import type { CompiledAssignments } from '../access/role-assignments.ts';
import { RuleArena } from '../firewall/arena.ts';
import { compileFirewall, release } from '../firewall/compile.ts';
import type { CompiledFirewall, CompileOptions } from '../firewall/compile.ts';
import { readAuthorization } from '../resources/authorization/authorization.ts';
import type { Authorization } from '../resources/authorization/authorization.ts';
import {
  authorizationKey,
  firewallSettings,
  subnetKey,
  subnetPrefix,
  vaultId,
  vaultKey,
  vaultPrefix,
} from '../resources/keys.ts';
import { BoundedMap } from '../shares/bounded-map.ts';
import { listRecords, readRecords } from '../store/records.ts';
import type { Stored } from '../store/records.ts';
import type { Requirement, Store } from '../store/store.ts';
import type { FirewallSettings } from '../types/firewall.ts';
import type { SubnetState, VaultProperties } from '../types/vault.ts';

/** A vault with the rules in force at the version of `requirement`. */
export interface VaultInForce {
  readonly name: string;
  readonly incarnation: string;
  /** The ARM id. */
  readonly id: string;
  /** `id` in lower case, for looking up role assignments. */
  readonly scope: string;
  readonly subscriptionId: string;
  readonly location: string;
  readonly properties: VaultProperties;
  readonly firewallSettings: FirewallSettings;
  readonly firewall: CompiledFirewall;
  /** `rbac` if role assignments decide about the vault's data plane. */
  readonly access: CompiledAccessPolicies | 'rbac';
  /** Every read or write that relies on these rules requires this in its own snapshot or transaction. */
  readonly requirement: Requirement;
}

/** The compiled role assignments of a subscription at the version of `requirement`. */
export interface AuthorizationInForce extends Authorization {
  readonly compiled: CompiledAssignments;
}

/** The most subscriptions kept: each may have thousands of assignments. */
const authorizationsMax = 1000;

export interface SubnetInForce extends SubnetState {
  readonly requirement: Requirement;
}

/**
 * What is in force now: vaults by name with their compiled rules, the role assignments of subscriptions, and the subnets
 * that exist. A stale entry of this cache does no harm: every entry has the version that it was read at, and a decision
 * that relies on it requires that version in its own snapshot or transaction. If the version has changed, that ends in a
 * `Conflict` and the entry is read again.
 */
export class Rulebook {
  readonly #store: Store;
  readonly #arena = new RuleArena();
  readonly #compile: CompileOptions;
  readonly #vaults: BoundedMap<string, VaultInForce>;
  readonly #authorizations = new BoundedMap<string, AuthorizationInForce>(authorizationsMax);
  readonly #subnets = new Map<string, SubnetInForce>();
  readonly #subnetEnded: (incarnation: string) => void;

  private constructor(options: RulebookOptions) {
    this.#store = options.store;
    this.#compile = options.firewall;
    this.#subnetEnded = options.subnetEnded ?? (() => undefined);
    this.#vaults = new BoundedMap(options.vaultsMax, (_, vault) => release(vault.firewall));
  }

  /** Loads the subnets; vaults are loaded on demand. */
  static async open(options: RulebookOptions): Promise<Rulebook> {
    const rulebook = new Rulebook(options);
    for (let after: string | undefined; ;) {
      const page = await listRecords(options.store, { prefix: subnetPrefix, after, limit: 1000 });
      for (const record of page) rulebook.#keepSubnet(record.key, record);
      after = page.at(-1)?.key;
      if (after === undefined) return rulebook;
    }
  }

  /** How the firewalls of vaults are compiled here. */
  get firewallOptions(): CompileOptions {
    return this.#compile;
  }

  /** The vault with that name if it is in the cache; this is the hot path. A soft-deleted vault is not in force. */
  known(name: string): VaultInForce | undefined {
    return this.#vaults.get(name);
  }

  /** Reads the vault with that name again; `undefined` when it does not exist. */
  async load(name: string): Promise<VaultInForce | undefined> {
    const [record] = await readRecords(this.#store, { get: [vaultKey(name)] });
    const known = this.#vaults.get(name);
    // Other requests may be deciding by these rules: if they are still in force, their memory must not be released.
    if (known !== undefined && known.requirement.version === record?.version) return known;
    this.#forget(name);
    if (record === undefined) return undefined;
    const vault = record.value;
    if (vault.deleted !== undefined) return undefined;
    const settings = firewallSettings(vault.properties);
    const id = vaultId(vault);
    const inForce: VaultInForce = {
      name: vault.name,
      incarnation: vault.incarnation,
      id,
      scope: id.toLowerCase(),
      subscriptionId: vault.subscriptionId,
      location: vault.location,
      properties: vault.properties,
      firewallSettings: settings,
      firewall: compileFirewall(settings, this.#arena, this.#compile),
      access: vault.properties.enableRbacAuthorization
        ? 'rbac'
        : compileAccessPolicies(vault.properties.accessPolicies),
      requirement: { key: record.key, version: record.version },
    };
    this.#vaults.set(name, inForce);
    return inForce;
  }

  /** The role assignments of that subscription if they are in the cache. */
  authorization(subscriptionId: string): AuthorizationInForce | undefined {
    return this.#authorizations.get(authorizationKey(subscriptionId));
  }

  /**
   * Reads the role assignments of that subscription; `undefined` when the subscription does not exist.
   * @throws {Conflict} when they change meanwhile
   */
  async loadAuthorization(subscriptionId: string): Promise<AuthorizationInForce | undefined> {
    const key = authorizationKey(subscriptionId);
    const read = await readAuthorization(this.#store, subscriptionId);
    this.#authorizations.delete(key);
    if (read === undefined) return undefined;
    const inForce = { ...read, compiled: compileAssignments(read.tenantId, read.assignments, read.roles) };
    this.#authorizations.set(key, inForce);
    return inForce;
  }

  /** The subnet with that incarnation if it exists and is in the cache. */
  subnet(incarnation: string): SubnetInForce | undefined {
    return this.#subnets.get(incarnation);
  }

  /** Reads the subnet with that incarnation if it is not in the cache: another node may have created it. */
  async loadSubnet(incarnation: string): Promise<void> {
    if (!this.#subnets.has(incarnation)) await this.changed([subnetKey(incarnation)]);
  }

  /** The keys of all subnets that exist, or are in the cache. */
  async subnetKeys(): Promise<readonly string[]> {
    const keys = new Set(Array.from(this.#subnets.keys(), (incarnation) => String(subnetKey(incarnation))));
    for (let after: string | undefined; ;) {
      const page = await listRecords(this.#store, { prefix: subnetPrefix, after, limit: 1000 });
      for (const { key } of page) keys.add(key);
      after = page.at(-1)?.key;
      if (after === undefined) return [...keys];
    }
  }

  /** The requirement of a decision that relies on the absence of a subnet with that incarnation. */
  noSubnet(incarnation: string): Requirement {
    return { key: subnetKey(incarnation), version: null };
  }

  /** The subnet with that incarnation if it exists in the virtual network (by `resourceGuid`). */
  subnetOf(vnet: string, incarnation: string): SubnetInForce | undefined {
    const subnet = this.#subnets.get(incarnation);
    return subnet?.vnet === vnet ? subnet : undefined;
  }

  /**
   * Updates the cache, given the keys of a commit before it is answered, or a key that a request found to have changed.
   * Returns the incarnations of the subnets that lost their service endpoint since the last call, so that the caller can
   * close their connections: no later call returns them again.
   */
  async changed(keys: Iterable<string>): Promise<readonly string[]> {
    const closed: string[] = [];
    for (const key of keys) {
      if (key.startsWith(vaultPrefix)) this.#forget(key.slice(vaultPrefix.length));
      this.#authorizations.delete(key);
      if (!key.startsWith(subnetPrefix)) continue;
      const incarnation = key.slice(subnetPrefix.length);
      const before = this.#subnets.get(incarnation);
      const [record] = await readRecords(this.#store, { get: [subnetKey(incarnation)] });
      this.#keepSubnet(key, record);
      if (before !== undefined && record === undefined) this.#subnetEnded(incarnation);
      if (before?.serviceEndpoint === true && this.#subnets.get(incarnation)?.serviceEndpoint !== true) {
        closed.push(incarnation);
      }
    }
    return closed;
  }

  #keepSubnet(key: string, record: Stored<SubnetState> | undefined): void {
    if (record === undefined) {
      this.#subnets.delete(key.slice(subnetPrefix.length));
      return;
    }
    const state = record.value;
    this.#subnets.set(state.incarnation, { ...state, requirement: { key, version: record.version } });
  }

  #forget(name: string): void {
    const known = this.#vaults.get(name);
    if (known === undefined) return;
    this.#vaults.delete(name);
    release(known.firewall);
  }
}

export interface RulebookOptions {
  readonly store: Store;
  readonly firewall: CompileOptions;
  /** The most vaults kept compiled. */
  readonly vaultsMax: number;
  /** Called once for each subnet that is in the cache and no longer exists. */
  readonly subnetEnded?: ((incarnation: string) => void) | undefined;
}
