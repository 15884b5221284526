import { basename, join } from 'node:path';
import { changed, leadElsewhere, rootsEnvironment } from '../run/environment.ts';
import type { Inherited, RootFiles } from '../run/environment.ts';
import type { WorkloadUser } from './workload-user.ts';
import { poolName } from './system-files.ts';

export interface WorkloadEnvironment extends RootFiles {
  readonly inherited: Inherited;
  readonly user: WorkloadUser;
  /** The home of a user of the pool. */
  readonly poolHome: string | undefined;
  /** Six hexadecimal digits that tell the fabrics of one machine apart. */
  readonly instance: string;
  /** Of a user-assigned identity, which a program must name. */
  readonly clientId: string | undefined;
  /** `VNET/SUBNET ADDRESS`, for the prompt of a shell. */
  readonly place: string;
  readonly command: readonly string[];
}

/** A workload asks instance metadata for its identity, as a virtual machine does, and no endpoint of App Service. */
const otherIdentities = ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER'];

/** Nothing outside the fabric can be reached, and a proxy on the way would be another client for the vault. */
const proxies = ['http_proxy', 'https_proxy', 'all_proxy', 'ftp_proxy', 'grpc_proxy', 'no_proxy'];
const proxiesOfPrograms = ['npm_config_proxy', 'npm_config_https_proxy', 'npm_config_noproxy'];

/** The C library's resolver reads these before its files (resolv.conf(5), hostname(7)). */
const resolver = ['HOSTALIASES', 'LOCALDOMAIN', 'RES_OPTIONS'];

/** They lead to the caller's session, its agents and the windows of its terminal, or are this server's own. */
const ofCaller = new RegExp(
  [
    '^(?:POSTERN_|DBUS_|SSH_|XDG_(?:RUNTIME_DIR$|SESSION_|SEAT)|WAYLAND_|DISPLAY$|XAUTHORITY$|ICEAUTHORITY$',
    'GPG_AGENT_INFO$|GNOME_KEYRING_|KRB5CCNAME$|TMUX|STY$|NOTIFY_SOCKET$|LISTEN_|CREDENTIALS_DIRECTORY$',
    'VSCODE_|PULSE_|SESSION_MANAGER$)',
  ].join('|'),
);

/** They name folders of root's, which a user of the pool cannot read. */
const foldersOfRoot = ['MAIL', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME'];

/** The environment of a workload: the caller's without what leads out of the fabric, and as the workload's user has it. */
export function workloadEnvironment(input: WorkloadEnvironment): Record<string, string> {
  const { inherited, user, clientId, command, place } = input;
  const account = accountVariables(input);
  const home = account['HOME'] ?? inherited['HOME'];
  return changed(inherited, {
    set: {
      ...rootsEnvironment(inherited, input),
      ...account,
      ...(clientId !== undefined && { AZURE_CLIENT_ID: clientId }),
      // The user's own folder may hold a sign-in to the real Azure, whose names lead to Postern here.
      ...(home !== undefined && { AZURE_CONFIG_DIR: join(home, '.cache', 'postern', `azure-${input.instance}`) }),
      ...promptVariables(command, place),
    },
    unset: [
      ...leadElsewhere.filter((name) => name !== 'AZURE_CLIENT_ID' || clientId === undefined),
      ...otherIdentities,
      ...proxies,
      ...proxies.map((name) => name.toUpperCase()),
      ...proxiesOfPrograms,
      ...resolver,
      // It has folders for temporary files of its own.
      'TMPDIR',
      'TMP',
      'TEMP',
      'TEMPDIR',
      ...Object.keys(inherited).filter((name) => ofCaller.test(name)),
      ...(user.kind === 'pool' ? foldersOfRoot : []),
    ],
  });
}

/** The account that programs take from the environment; the caller's own is there already. */
function accountVariables({ user, poolHome }: WorkloadEnvironment): Readonly<Record<string, string>> {
  if (poolHome !== undefined) return { HOME: poolHome, USER: poolName, LOGNAME: poolName, SHELL: '/bin/sh' };
  if (user.kind === 'caller' || user.account === undefined) return {};
  const { name, home, shell } = user.account;
  return { HOME: home, USER: name, LOGNAME: name, SHELL: shell };
}

const shells = new Set(['sh', 'ash', 'bash', 'dash', 'ksh', 'mksh', 'zsh']);

export function isInteractiveShell([program = '', ...options]: readonly string[]): boolean {
  return shells.has(basename(program)) && options.every((option) => /^(?:-[abd-z]+|--[\w-]+)$/i.test(option));
}

/**
 * The prompt of an interactive shell, which says where one is. Bash sets its own from the user's files, and runs
 * `PROMPT_COMMAND` before each prompt. A script gets none: programs take `PS1` for the sign of an interactive shell.
 */
function promptVariables(command: readonly string[], place: string): Readonly<Record<string, string>> {
  if (!isInteractiveShell(command)) return {};
  const name = basename(command[0] ?? '');
  const prompt = `[${place.replace(/[^\w./ -]/g, '')}] $ `;
  return { PS1: prompt, ...(name === 'bash' && { PROMPT_COMMAND: `PS1='${prompt}'` }) };
}
