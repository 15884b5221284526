import { servicesTenant } from '../types/caller.ts';
import type { Caller } from '../types/caller.ts';
import type { FirewallSettings, NetworkAcls } from '../types/firewall.ts';
import type { Operation } from '../types/operation.ts';
import type { Source } from '../types/source.ts';
import type { Verdict } from '../types/verdict.ts';
import type { Trust } from './trust.ts';

/** A verdict and its inputs. */
export interface Decision {
  readonly verdict: Verdict;
  readonly settings: FirewallSettings;
  readonly source: Source;
  readonly caller: Caller | undefined;
  readonly operation: Operation;
  /** Of the vault's firewall; `undefined` where no service may bypass the rules. */
  readonly trust: Trust | undefined;
}

/** One sentence for people: what the firewall decided, and which setting or rule made it so. */
export function explain(decision: Decision): string {
  const { verdict } = decision;
  return verdict.allowed
    ? `Allowed: ${whyAllowed(decision, verdict)}`
    : `Denied: ${whyDenied[verdict.because](decision)}`;
}

type Allowed<Because> = Verdict & { readonly allowed: true; readonly because: Because };

type AllowReason = (Verdict & { readonly allowed: true })['because'];

const allowWordings: {
  readonly [Because in AllowReason]: (decision: Decision, verdict: Allowed<Because>) => string;
} = {
  trustedService: ({ operation }, { service, scenario, inScenario }) =>
    `the caller is the trusted service "${service}", ${operation.permission} ` +
    (inScenario
      ? `belongs to its scenario (${ended(scenario)})`
      : `does not belong to its scenario (${ended(scenario)}) but this server trusts whole services`) +
    ', and bypass is AzureServices.',
  defaultAction: ({ settings: { networkAcls } }) =>
    networkAcls === undefined
      ? 'the vault has no networkAcls, so it is open to all networks.'
      : `defaultAction is Allow, so the vault is open to all networks and ${ruleCount(networkAcls)} are not applied.`,
  ipRule: ({ source, settings }, { index }) =>
    `${nameOf(source)} is in ipRules[${index}]${inBrackets(settings.networkAcls?.ipRules[index]?.value)}.`,
  virtualNetworkRule: ({ source, settings }, { index }) =>
    `${nameOf(source)} has virtualNetworkRules[${index}]${inBrackets(settings.networkAcls?.virtualNetworkRules[index]?.id)}.`,
};

function whyAllowed<Because extends AllowReason>(decision: Decision, verdict: Allowed<Because>): string {
  return allowWordings[verdict.because](decision, verdict);
}

type DenyReason = (Verdict & { readonly allowed: false })['because'];

const whyDenied: { readonly [Because in DenyReason]: (decision: Decision) => string } = {
  sourceUnknown: ({ source }) => `it is not known where the request comes from (${nameOf(source)}).`,
  rulesUnreadable: () => "the vault's stored rules cannot be read, so nobody is let in until they are set again.",
  publicNetworkAccessDisabled: (decision) =>
    `publicNetworkAccess is ${decision.settings.publicNetworkAccess}, which overrides every rule, and ${notTrusted(decision)}.`,
  noIpRule: (decision) =>
    `defaultAction is Deny, ${nameOf(decision.source)} is in none of the IP rules (${ipRuleCount(decision)}), and ${notTrusted(decision)}.`,
  ipv6: (decision) =>
    `defaultAction is Deny, ${nameOf(decision.source)} is an IPv6 address, which no rule can allow, and ${notTrusted(decision)}.`,
  noVirtualNetworkRule: (decision) =>
    `defaultAction is Deny, ${nameOf(decision.source)} has no virtual network rule${staleRule(decision)}, and ${notTrusted(decision)}.`,
  subnetOnlyDeclared: (decision) =>
    `${nameOf(decision.source)} was only declared, which this server does not accept for virtual network rules, and ${notTrusted(decision)}.`,
};

function nameOf(source: Source): string {
  if (source.kind === 'unknown') return source.reason;
  const { text } = source.address;
  return source.kind === 'public' ? text : `the subnet ${source.subnet} (private address ${text})`;
}

/** A scenario in the document's words, which end with a full stop or not. */
function ended(scenario: string): string {
  return scenario.replace(/\.$/, '');
}

function notTrusted({ settings, caller, operation, trust }: Decision): string {
  if (settings.networkAcls?.bypass === 'None')
    return 'bypass is None, so that no caller is let through as a trusted service';
  const [service] = caller === undefined || trust === undefined ? [] : trust.servicesOf(caller);
  const [played] = caller === undefined || trust === undefined ? [] : trust.playedBy(caller);
  if (service === undefined && played !== undefined) {
    return (
      `the caller is not a trusted service: its application id is that of "${played.name}", but its token is of the ` +
      `tenant ${caller?.tenant ?? ''} and not of Microsoft's, ${servicesTenant}`
    );
  }
  return service === undefined
    ? 'the caller is not a trusted service'
    : `${operation.permission} does not belong to the scenario that the trusted service "${service.name}" ` +
        `is let through for (${ended(service.scenario)})`;
}

/** A rule that names the subnet but does not let it in was bound to an earlier subnet of that name. */
function staleRule({ settings, source }: Decision): string {
  if (source.kind !== 'subnet') return '';
  const rules = settings.networkAcls?.virtualNetworkRules ?? [];
  const index = rules.findIndex(({ id }) => id.toLowerCase() === source.subnet);
  return index < 0
    ? ''
    : ` (virtualNetworkRules[${index}] was made for an earlier subnet of that name; remove it and add it again)`;
}

function ipRuleCount({ settings }: Decision): number {
  return settings.networkAcls?.ipRules.length ?? 0;
}

function ruleCount({ ipRules, virtualNetworkRules }: NetworkAcls): string {
  return `its rules (${ipRules.length} IP, ${virtualNetworkRules.length} virtual network)`;
}

function inBrackets(value: string | undefined): string {
  return value === undefined ? '' : ` (${value})`;
}

/** The rule that decided, as the vault returns it; `undefined` when no rule decided. */
export function matchedRule(verdict: Verdict, { networkAcls }: FirewallSettings): string | undefined {
  if (verdict.because === 'ipRule') return networkAcls?.ipRules[verdict.index]?.value;
  if (verdict.because === 'virtualNetworkRule') return networkAcls?.virtualNetworkRules[verdict.index]?.id;
  return undefined;
}
