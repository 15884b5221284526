import { nearest } from '../settings/nearest.ts';
import type { Command } from './command.ts';
import { WrongUsage } from './failed.ts';

type Row = readonly [words: string, load: () => Promise<Command>];

/**
 * Every command but `start`, by the words that invoke it, below its heading of the help. Only the one that is asked for
 * is loaded: `run` must not take much longer than the program.
 */
export const topics: Readonly<Record<string, readonly Row[]>> = {
  'Vaults and their secrets': [
    ['vault create', async () => (await import('./commands/vault-create.ts')).vaultCreate],
    ['vault list', async () => (await import('./commands/vault-list.ts')).vaultList],
    ['vault show', async () => (await import('./commands/vault-show.ts')).vaultShow],
    ['vault update', async () => (await import('./commands/vault-update.ts')).vaultUpdate],
    ['vault delete', async () => (await import('./commands/vault-delete.ts')).vaultDelete],
    ['secret show', async () => (await import('./commands/secret-show.ts')).secretShow],
    ['secret list', async () => (await import('./commands/secret-list.ts')).secretList],
    ['secret set', async () => (await import('./commands/secret-set.ts')).secretSet],
    ['secret delete', async () => (await import('./commands/secret-delete.ts')).secretDelete],
  ],
  'The firewall': [
    ['network-rule list', async () => (await import('./commands/network-rule-list.ts')).networkRuleList],
    ['network-rule add', async () => (await import('./commands/network-rule-add.ts')).networkRuleAdd],
    ['network-rule remove', async () => (await import('./commands/network-rule-remove.ts')).networkRuleRemove],
    ['explain', async () => (await import('./commands/explain.ts')).explain],
    ['what-if', async () => (await import('./commands/what-if.ts')).whatIf],
    ['activity', async () => (await import('./commands/activity.ts')).activity],
    ['log', async () => (await import('./commands/log.ts')).log],
    ['audit query', async () => (await import('./commands/audit-query.ts')).auditQuery],
    ['audit sinks', async () => (await import('./commands/audit-sinks.ts')).auditSinks],
    ['audit tail', async () => (await import('./commands/audit-tail.ts')).auditTail],
    [
      'trusted-services credential',
      async () => (await import('./commands/trusted-services-credential.ts')).trustedServicesCredential,
    ],
    ['trusted-services', async () => (await import('./commands/trusted-services.ts')).trustedServices],
  ],
  'Programs that use them': [
    ['run', async () => (await import('./commands/run.ts')).run],
    ['exec', async () => (await import('./commands/exec.ts')).exec],
    ['env', async () => (await import('./commands/env.ts')).env],
    ['token', async () => (await import('./commands/token.ts')).token],
    ['hosts', async () => (await import('./commands/hosts.ts')).hosts],
  ],
  'Virtual networks': [
    ['listener open', async () => (await import('./commands/listener-open.ts')).listenerOpen],
    ['listener close', async () => (await import('./commands/listener-close.ts')).listenerClose],
    ['listener list', async () => (await import('./commands/listener-list.ts')).listenerList],
    ['gateway config', async () => (await import('./commands/gateway-config.ts')).gatewayConfig],
    ['net up', async () => (await import('./commands/net-up.ts')).netUp],
    ['net down', async () => (await import('./commands/net-down.ts')).netDown],
    ['net status', async () => (await import('./commands/net-status.ts')).netStatus],
  ],
  'The server': [
    ['status', async () => (await import('./commands/status.ts')).status],
    ['config check', async () => (await import('./commands/config-check.ts')).configCheck],
    ['nodes leave', async () => (await import('./commands/nodes-leave.ts')).nodesLeave],
    ['nodes remove', async () => (await import('./commands/nodes-remove.ts')).nodesRemove],
    ['nodes adopt', async () => (await import('./commands/nodes-adopt.ts')).nodesAdopt],
    ['nodes', async () => (await import('./commands/nodes.ts')).nodes],
    ['master-key rotate', async () => (await import('./commands/master-key-rotate.ts')).masterKeyRotate],
    ['token-key rotate', async () => (await import('./commands/token-key-rotate.ts')).tokenKeyRotate],
    ['backup', async () => (await import('./commands/backup.ts')).backup],
    ['restore', async () => (await import('./commands/restore.ts')).restore],
    ['store copy', async () => (await import('./commands/store-copy.ts')).storeCopy],
    ['store accept', async () => (await import('./commands/store-accept.ts')).storeAccept],
    ['verify', async () => (await import('./commands/verify.ts')).verify],
    ['export', async () => (await import('./commands/export.ts')).exportSeed],
  ],
  'This machine': [
    ['trust install', async () => (await import('./commands/trust-install.ts')).trustInstall],
    ['trust remove', async () => (await import('./commands/trust-remove.ts')).trustRemove],
    ['trust status', async () => (await import('./commands/trust-status.ts')).trustStatus],
    ['doctor', async () => (await import('./commands/doctor.ts')).doctor],
    ['completion bash', async () => (await import('./commands/completion-bash.ts')).completionBash],
    ['completion zsh', async () => (await import('./commands/completion-zsh.ts')).completionZsh],
    ['completion fish', async () => (await import('./commands/completion-fish.ts')).completionFish],
    ['version', async () => (await import('./commands/version.ts')).version],
  ],
};

/** The same by their words, in the order of the help. */
export const commands: ReadonlyMap<string, () => Promise<Command>> = new Map(Object.values(topics).flat());

/** All of them, loaded. */
export function allCommands(): Promise<readonly Command[]> {
  return Promise.all([...commands.values()].map((load) => load()));
}

/** The longest command that the words begin with. */
export function commandIn(argv: readonly string[]): string | undefined {
  const begins = (name: string) => argv.slice(0, name.split(' ').length).join(' ') === name;
  return [...commands.keys()].filter(begins).toSorted((one, other) => other.length - one.length)[0];
}

/** The commands that begin with this word, such as `net`. */
export function namesInGroup(word: string): readonly string[] {
  return [...commands.keys()].filter((name) => name.startsWith(`${word} `));
}

/** The failure for words that are not a command, with the nearest one that is. */
export function unknownCommand(words: readonly string[]): WrongUsage {
  const [first = '', second = '-'] = words;
  if (first.startsWith('-')) {
    return new WrongUsage(`'${first}' is not a command.`, 'Options follow the command. See postern --help.');
  }
  const group = namesInGroup(first);
  if (second.startsWith('-') && group.length > 0) {
    const next = group.map((name) => name.slice(first.length + 1)).join(', ');
    return new WrongUsage(`'${first}' needs one more word: ${next}.`, `See postern ${first} --help.`);
  }
  const elsewhere = elsewhereFor.get(first);
  if (elsewhere !== undefined) return new WrongUsage(`There is no command '${first}'.`, elsewhere);
  const asked = second.startsWith('-') ? first : `${first} ${second}`;
  const near = nearestCommand(first, asked);
  return new WrongUsage(
    `There is no command '${asked}'.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
    `See postern ${group.length > 0 ? `${first} ` : ''}--help.`,
  );
}

/** Words that other programs have for commands, and the way to the same here. */
const elsewhereFor: ReadonlyMap<string, string> = new Map([
  ...['health', 'metrics'].map(
    (word) =>
      [
        word,
        'The server answers /healthz, /readyz and /metrics on a listener of its own: postern start --health 127.0.0.1:9464.',
      ] as const,
  ),
  [
    'logs',
    'The last requests: postern activity. The audit log: postern log, postern audit query. ' +
      "The server's own log is its standard error, in a unit: journalctl --unit postern.",
  ],
]);

function nearestCommand(first: string, asked: string): string | undefined {
  // In a group that there is, the word that is wrong is the second one.
  const ofGroup = namesInGroup(first);
  if (ofGroup.length > 0) return nearest(asked, ofGroup);
  const known = ['start', 'help', ...commands.keys()];
  const groups = known.flatMap((name) => (name.includes(' ') ? [name.slice(0, name.indexOf(' '))] : []));
  return nearest(asked, known) ?? nearest(first, [...known, ...new Set(groups)]);
}
