import { parseAddress } from '../../address/address.ts';
import { RuleArena } from '../../firewall/arena.ts';
import { compileFirewall } from '../../firewall/compile.ts';
import type { CompileOptions } from '../../firewall/compile.ts';
import { decide } from '../../firewall/decide.ts';
import { explain } from '../../firewall/explain.ts';
import { trustFor } from '../../firewall/trust.ts';
import { accessOf } from '../../insight/access-set.ts';
import type { AccessSet } from '../../insight/access-set.ts';
import { fixesFor } from '../../insight/fixes.ts';
import type { Edit, Request } from '../../insight/fixes.ts';
import type { FirewallSettings } from '../../types/firewall.ts';
import type { PortalSettings } from '../../types/portal-settings.ts';
import type { Source } from '../../types/source.ts';
import type { Draft } from './draft.ts';

/** The rules of a draft, as the server would apply them. */
export interface Judge {
  readonly settings: FirewallSettings;
  readonly access: AccessSet;
  readonly letsIn: (request: Request) => boolean;
  /** The server's sentence: `Allowed: …` or `Denied: …`. */
  readonly sentence: (request: Request) => string;
}

/** How this server judges, from the portal's settings. */
export function judgingBy({ trustedServices, acceptDeclared }: PortalSettings['rules']): CompileOptions {
  return { acceptDeclared, trust: trustFor(trustedServices.list, trustedServices.scope) };
}

/** `incarnationOf` names the subnet that a rule is bound to, by the rule's id. */
export function judgeOf(draft: Draft, incarnationOf: (id: string) => string, options: CompileOptions): Judge {
  const { publicNetworkAccess, networkAcls } = draft;
  const settings: FirewallSettings = {
    publicNetworkAccess,
    networkAcls: {
      ...networkAcls,
      virtualNetworkRules: networkAcls.virtualNetworkRules.map((rule) => ({
        ...rule,
        incarnation: incarnationOf(rule.id),
      })),
    },
  };
  const firewall = compileFirewall(settings, new RuleArena(), options);
  const { trust } = firewall.posture;
  const verdictOn = ({ source, caller, operation }: Request) => decide(firewall, source, caller, operation);
  return {
    settings,
    access: accessOf(settings, options),
    letsIn: (request) => verdictOn(request).allowed,
    sentence: (request) => explain({ ...request, verdict: verdictOn(request), settings, trust }),
  };
}

/** A caller without trust, from an address; `undefined` where it is not an address. */
export function fromAddress(text: string): Request | undefined {
  const address = parseAddress(text.trim());
  if (address === undefined) return undefined;
  return anybodyFrom({ kind: 'public', address });
}

/** The firewall asks for the operation and the caller only where a service is trusted. */
function anybodyFrom(source: Source): Request {
  return { source, caller: undefined, operation: { name: 'SecretList', permission: 'secrets/list' } };
}

/** The smallest change of the draft that lets the request in, with what it does; `undefined`: no rule can. */
export function smallestFix(
  { settings }: Judge,
  request: Request,
  options: CompileOptions = {},
): { readonly draft: Draft; readonly edits: readonly Edit[] } | undefined {
  const [fix] = fixesFor(settings, request, options);
  if (fix === undefined) return undefined;
  const { publicNetworkAccess, networkAcls } = fix.settings;
  if (networkAcls === undefined) return undefined;
  const virtualNetworkRules = networkAcls.virtualNetworkRules.map(({ incarnation: _, ...rule }) => rule);
  return { draft: { publicNetworkAccess, networkAcls: { ...networkAcls, virtualNetworkRules } }, edits: fix.edits };
}
