import { allCommands } from '../src/cli/commands.ts';
import { optionHelp, synopsisOf } from '../src/cli/help.ts';
import type { Command } from '../src/cli/command.ts';
import { nameSet } from '../src/http/host.ts';
import { environment, options, signals } from '../src/settings/options.ts';
import type { Option } from '../src/settings/options.ts';
import { readSettings } from '../src/settings/settings.ts';
import { describeStart } from '../src/worker/ready.ts';
import { markdownTable } from './markdown-table.ts';

/** The members of a ready server's line, and of `connection.json`. */
const connectionMembers: Readonly<Record<string, string>> = {
  ready: 'always `true`',
  home: 'URL of the resource manager, the authority and Graph',
  vaultSuffix: "what follows a vault's name in its host: `.vault.localhost:8443`",
  portal:
    'the portal: its `url`, and the `user` of the demo world with its `password`, until somebody changes it or removes the user',
  tenantId: "the server's tenant",
  subscriptionId: "the server's subscription",
  clientId: "the administrator's client",
  clientSecret: 'its secret',
  objectId: 'its object id, for access policies and role assignments',
  caFile:
    'the authorities that clients must trust, as PEM: `ca.pem`, or `trusted.pem` where the configuration has `tls`, whose authorities it has too',
  fabricCaFile: "the certificate authority of Azure's own names, as PEM: only workloads of the fabric trust it",
  dataDir: 'the data folder',
  controlSocket: "the supervisor's control socket",
  address: 'the IP address that programs on this machine connect to',
  port: 'the port of the listeners there; clients elsewhere may have another in their URLs (`--public-port`)',
  addresses: 'all such addresses: one for each that the server listens on',
  nat: 'the NAT table: the range that clients have (`from`) and the one that vaults see (`to`)',
  hostsFile: 'a hosts file with the names of the vaults',
  identities:
    'the managed identities of programs, each with its `name` and `identityHeader`; a user-assigned one with its `clientId`',
  reader: 'the client that reads the networks and nothing else: its `clientId` and `clientSecret`',
};

const commands = await allCommands();

/** The parts of `docs/reference/command-line.md`, by the names of their places. */
export function commandParts(): ReadonlyMap<string, string> {
  return new Map([
    ['start', startTable()],
    ['connection', connectionTable()],
    ['environment', plainTable(['variable', 'what it does'], environment)],
    ['signals', plainTable(['signal', 'what it does'], signals)],
    ['commands', commands.map(sectionOf).join('\n')],
  ]);
}

function startTable(): string {
  const rows = Object.entries<Option>(options).map(([name, { value, help }]) => [
    `\`--${name}${value === undefined ? '' : ` ${asCell(value)}`}\``,
    asCell(help),
  ]);
  return markdownTable(['option', 'what it does'], rows);
}

function connectionTable(): string {
  const read = readSettings({ argv: [], environment: {}, readFile: () => '', folder: '/' });
  if (!read.ok) throw new Error(read.message);
  const identity = { tenantId: '', subscriptionId: '', clientId: '', clientSecret: '', objectId: '', demo: false };
  const place = {
    path: '/',
    controlSocket: '/',
    names: nameSet('localhost', 8443),
    developer: undefined,
    portalUser: undefined,
    reader: { clientId: '', clientSecret: '' },
    hostsFile: 'hosts',
    atStart: { hasDemo: false, applied: undefined, identities: [] },
  };
  const line: unknown = JSON.parse(describeStart({ identity, settings: read.settings, ...place }).line);
  const members = typeof line === 'object' && line !== null ? Object.keys(line) : [];
  if (members.join() !== Object.keys(connectionMembers).join()) {
    throw new Error(`a server that is ready says ${members.join(', ')}: describe each, in that order`);
  }
  return plainTable(['member', 'what it is'], connectionMembers);
}

function plainTable(head: readonly string[], texts: Readonly<Record<string, string>>): string {
  const rows = Object.entries(texts).map(([name, text]) => [`\`${name}\``, text]);
  return markdownTable(head, rows);
}

function sectionOf(command: Command): string {
  const rows = optionHelp(command).map(([option, help]) => [`\`${asCell(option)}\``, asCell(help)]);
  const usage = `\`\`\`\n${synopsisOf(command)}\n\`\`\`\n`;
  return `### ${command.name}\n\n${asCell(command.synopsis)}\n\n${usage}\n${markdownTable(['option', 'what it is'], rows)}`;
}

/** Text of the help inside a line of Markdown. */
function asCell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll(/[<*]/g, String.raw`\$&`);
}
