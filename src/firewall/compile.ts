import type { FirewallSettings } from '../types/firewall.ts';
import { noBlock } from './arena.ts';
import type { Binding, BlockHolder, RuleArena } from './arena.ts';
import { intervalsOf } from './intervals.ts';
import { readStored } from './stored.ts';
import { documentedTrust } from './trust.ts';
import type { Trust } from './trust.ts';

/** A vault's firewall without its rules. Many vaults share one. */
export interface Posture {
  /** False if the stored rules cannot be read, or were released: everything is denied. */
  readonly readable: boolean;
  readonly publicNetworkAccess: boolean;
  /** `undefined` where no service may bypass the rules. */
  readonly trust: Trust | undefined;
  readonly allowsByDefault: boolean;
  /** Whether a subnet that was only declared satisfies a virtual network rule. */
  readonly acceptsDeclared: boolean;
}

/**
 * A vault's firewall, ready for `decide`. Only this file and the arena change it. It has a block only if it has rules
 * to apply.
 */
export interface CompiledFirewall extends BlockHolder {
  readonly arena: RuleArena;
  posture: Posture;
}

export interface CompileOptions {
  /** The server's setting; without it a declared subnet is denied. */
  readonly acceptDeclared?: boolean;
  /** The server's setting; without it the document's services are trusted, in their scenarios. */
  readonly trust?: Trust;
}

const postures = new Map<string, Posture>();
const unreadable = posture({ readable: false });

/**
 * Compiles stored settings, and never fails: settings that cannot be read become a firewall that denies everything with
 * `rulesUnreadable`. Rules under `defaultAction: Allow` are read, so that damage shows, but take no space.
 */
export function compileFirewall(
  settings: FirewallSettings,
  arena: RuleArena,
  options: CompileOptions = {},
): CompiledFirewall {
  const stored = readStored(settings);
  if (stored === undefined) return { arena, posture: unreadable, start: noBlock };
  const { publicNetworkAccess, bypass, defaultAction, ranges, incarnations } = stored;
  const allowsByDefault = defaultAction === 'Allow';
  const compiled: CompiledFirewall = {
    arena,
    posture: posture({
      publicNetworkAccess,
      trust: bypass === 'AzureServices' ? (options.trust ?? documentedTrust) : undefined,
      allowsByDefault,
      acceptsDeclared: options.acceptDeclared ?? false,
    }),
    start: noBlock,
  };
  if (!allowsByDefault) arena.store(compiled, intervalsOf(ranges), bindingsOf(incarnations));
  return compiled;
}

/** Frees the space of the rules. A released firewall denies everything. */
export function release(compiled: CompiledFirewall): void {
  compiled.posture = unreadable;
  compiled.arena.release(compiled);
}

/** Where several rules name one incarnation, the verdict names the first of them. */
function bindingsOf(incarnations: readonly string[]): readonly Binding[] {
  const bindings = new Map<string, Binding>();
  for (const [rule, incarnation] of incarnations.entries()) {
    if (!bindings.has(incarnation)) bindings.set(incarnation, { incarnation, rule });
  }
  return [...bindings.values()];
}

/** The one frozen object with these values; a value that is left out denies. */
function posture(values: Partial<Posture>): Posture {
  const full = {
    readable: true,
    publicNetworkAccess: false,
    trust: undefined,
    allowsByDefault: false,
    acceptsDeclared: false,
    ...values,
  };
  const { trust, ...others } = full;
  const key = JSON.stringify({ ...others, services: trust?.services.length, scope: trust?.scope });
  const known = postures.get(key) ?? Object.freeze(full);
  postures.set(key, known);
  return known;
}
