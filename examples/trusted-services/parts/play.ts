import { writeFileSync } from 'node:fs';
import type { Permissions } from '@azure/arm-keyvault';
import { datacenter, office } from './address.ts';
import type { Caller, Party } from './callers.ts';
import { answerTo, inWords, outcomeOf } from './cells.ts';
import type { Call, CellName, Outcome } from './cells.ts';
import { deliverLog, delivered } from './delivery.ts';
import type { Sinks } from './delivery.ts';
import { Postern } from './postern.ts';
import type { Configuration } from './postern.ts';
import { needs, ProgramMissing } from './programs.ts';
import { Vault } from './vault.ts';
import type { Clients, Rules } from './vault.ts';

/** A trusted service: who it is, what it does with the vault, and where its trust ends. */
export interface Play {
  /** The service's name in the document. */
  readonly service: string;
  /** The programs that the lesson needs beside Node, with the Debian packages that have them. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly caller: Caller;
  /** The grant that the service's document asks for, with all that `outside` needs, so that only the scope refuses that. */
  readonly grant: Permissions;
  /** The switch of the vault that the service's documents ask for, in place of a grant. */
  readonly vaultSwitch?: 'enabledForDeployment' | 'enabledForDiskEncryption' | 'enabledForTemplateDeployment';
  /** Whether the vault has purge protection. It has, if this is left out. */
  readonly purgeProtection?: boolean;
  /** Fills the vault as the customer, before the service comes. */
  readonly furnish?: (owner: Clients) => Promise<void>;
  /** The service's work, up to its proof. It throws where the proof fails. */
  readonly work: (stage: Stage) => Promise<void>;
  /** One request of the scenario. */
  readonly call: Call;
  /** A request that the service is granted, and that is not part of its scenario. */
  readonly outside: { readonly title: string; readonly call: Call };
  /**
   * An impostor, or the service where only another one is trusted. If left out, `call` is that of the scenario, and
   * `expected` the firewall's 403.
   */
  readonly forged: {
    readonly caller: Caller;
    /** In place of the caller's own title. */
    readonly title?: string;
    readonly call?: Call;
    readonly expected?: string;
  };
}

/** All that the work needs. */
export interface Stage {
  readonly postern: Postern;
  readonly vault: Vault;
  /** The customer, in the office. */
  readonly owner: Clients;
  /** The service, at an address that no rule names. */
  readonly service: Clients;
  readonly party: Party;
  /** The permissions that the customer grants the service. */
  readonly grant: Permissions;
  /** Tells the reader what has just been done. */
  readonly say: (line: string) => void;
}

/** Plays the service from its first request to the five cells, and prints a lesson. Exits 69 where a program is missing. */
export async function play(given: Play): Promise<void> {
  try {
    needs(given.programs ?? {});
    await lesson(given);
  } catch (error) {
    if (!(error instanceof ProgramMissing)) throw error;
    console.error(error.message);
    process.exitCode = 69;
  }
}

async function lesson(given: Play): Promise<void> {
  await using postern = await Postern.start();
  const { connection } = postern;
  const extra: ExtraConfiguration = JSON.parse(process.env['TRUSTED_SERVICE_CONFIGURATION'] ?? '{}');
  const callers = [given.caller, given.forged.caller];
  const parts = await Promise.all(callers.map(async (caller) => (await caller.configuration?.(connection)) ?? {}));
  await postern.configure(joined([{ ...extra }, ...parts]));

  say(`${given.service}\n`);
  const { vaultSwitch, purgeProtection = true } = given;
  const rules: Rules = { purgeProtection, ...(vaultSwitch === undefined ? {} : { [vaultSwitch]: true }) };
  const vault = new Vault(connection, `contoso-${connection.tenantId.slice(0, 8)}`, rules);
  await vault.create();
  if (extra.audit !== undefined) await deliverLog(connection, vault, extra.audit);
  const owner = vault.owner();
  await given.furnish?.(owner);
  say(`The vault ${vault.name} lets in ${office.public} and, by its bypass, trusted services.`);

  const party = await given.caller.enter(postern);
  await vault.grant(party, given.grant);
  const service = vault.as(party);
  say(`The service calls from ${datacenter.public}, as ${given.caller.title}.\n`);
  await given.work({ postern, vault, owner, service, party, grant: given.grant, say });

  const outcomes = await cells({ given, postern, vault, party });
  if (extra.audit !== undefined) await delivered(connection);
  say('');
  for (const outcome of outcomes) say(`${outcome.cell.padEnd(22)}${inWords(outcome).padEnd(26)}${outcome.title}`);
  const file = process.env['TRUSTED_SERVICE_OUTCOMES'];
  if (file !== undefined) writeFileSync(file, JSON.stringify({ service: given.service, outcomes }));
  const wrong = outcomes.filter((outcome) => inWords(outcome) !== outcome.expected);
  for (const outcome of wrong) {
    const { cell, expected, message = '' } = outcome;
    console.error(`\n${cell}: expected ${expected}, and got ${inWords(outcome)}. ${message}`.trimEnd());
  }
  if (wrong.length > 0) process.exitCode = 1;
}

/** A part of the configuration file, by the program that started the lesson. */
interface ExtraConfiguration {
  readonly audit?: Sinks;
}

const byFirewall = '403 ForbiddenByFirewall';

interface Played {
  readonly given: Play;
  readonly postern: Postern;
  readonly vault: Vault;
  readonly party: Party;
}

async function cells({ given, postern, vault, party }: Played): Promise<readonly Outcome[]> {
  const { call, vaultSwitch, grant, outside, forged } = given;
  const service = vault.as(party);
  const ask = (cell: CellName, title: string, expected: string) =>
    outcomeOf(postern, service, { cell, title, expected, call: cell === 'outside the scenario' ? outside.call : call });
  const outcomes = [await ask('option on', 'the scenario, with bypass AzureServices', '200')];

  const demandsBypass = vaultSwitch === 'enabledForDiskEncryption';
  if (demandsBypass) await refusedWithoutBypass(vault);
  await vault.set({ bypass: 'None', ...(demandsBypass ? { [vaultSwitch]: false } : {}) });
  const withBypassOff = `the same, with bypass None${demandsBypass ? `, which needs ${vaultSwitch} off` : ''}`;
  outcomes.push(await ask('option off', withBypassOff, byFirewall));
  await vault.set({ bypass: 'AzureServices', ...(vaultSwitch === undefined ? {} : { [vaultSwitch]: false }) });

  if (vaultSwitch === undefined) await vault.revoke(party);
  const without = vaultSwitch === undefined ? 'without a grant' : `with ${vaultSwitch} off`;
  outcomes.push(await ask('no permission', `the same, ${without}`, '403 AccessDenied'));
  if (vaultSwitch === undefined) await vault.grant(party, grant);
  else await vault.set({ [vaultSwitch]: true });

  outcomes.push(await ask('outside the scenario', outside.title, byFirewall));

  const impostor = forged.caller === given.caller ? party : await forged.caller.enter(postern);
  await vault.grant(impostor, grant);
  const { caller, title = caller.title, expected = byFirewall } = forged;
  const claim = { cell: 'forged', title, expected, call: forged.call ?? call } as const;
  outcomes.push(await outcomeOf(postern, vault.as(impostor), claim));

  const cell = 'network disabled';
  await vault.set({ publicNetworkAccess: 'Disabled' });
  outcomes.push(await ask(cell, 'the scenario, with publicNetworkAccess Disabled', '200'));
  const customer = {
    cell,
    title: 'the customer, whom an IP rule names',
    expected: '403 ForbiddenByConnection',
  } as const;
  outcomes.push(await outcomeOf(postern, vault.owner(), { ...customer, call }));
  await vault.set({ publicNetworkAccess: 'Enabled' });
  return outcomes;
}

/** A vault that is enabled for disk encryption must keep the bypass: the resource manager refuses to switch it off. */
async function refusedWithoutBypass(vault: Vault): Promise<void> {
  const { status, message = '' } = await answerTo(() => vault.set({ bypass: 'None' }));
  if (status !== 400) throw new Error(`bypass None with enabledForDiskEncryption: ${status}, expected 400`);
  say(`bypass None is refused while enabledForDiskEncryption is on: ${message}`);
}

/** The parts of one configuration: lists are joined. */
function joined(parts: readonly Configuration[]): Configuration {
  const whole: Record<string, unknown> = {};
  for (const [name, value] of parts.flatMap((part) => Object.entries(part))) {
    const known = whole[name];
    whole[name] = Array.isArray(known) && Array.isArray(value) ? [...known, ...value] : value;
  }
  return whole;
}

function say(line: string): void {
  console.log(line);
}
