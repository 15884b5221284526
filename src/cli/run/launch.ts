// oxlint-disable-next-line no-restricted-imports -- only to write the compile cache; nothing is loaded by it
import { flushCompileCache } from 'node:module';
import { accessSync, constants, realpathSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** A file that a program is to find at another path. */
export interface Mount {
  readonly source: string;
  readonly target: string;
}

export interface Program {
  /** The command and its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** `JAVA_TOOL_OPTIONS` where the mounts are not possible; empty: what the environment has. */
  readonly javaOptions: string;
  /** For the user, where the mounts are not possible. */
  readonly warning: string;
}

/** Node ignores these two signals, and what is ignored stays so for a program that takes the place of Node. */
const reset = 'env --default-signal=PIPE,XFSZ';

/**
 * A mount namespace needs no root where the kernel lets a user have a user namespace: `--map-current-user` keeps the uid,
 * and the capabilities of that namespace are given up before the program starts.
 */
export const ways = {
  root: { enter: 'unshare --mount', leave: '' },
  user: {
    enter: 'unshare --user --mount --map-current-user --keep-caps',
    leave: 'setpriv --inh-caps=-all --ambient-caps=-all --',
  },
} as const;

/**
 * A shell script that mounts files, pair by pair until `--`, and puts the rest of its arguments in its place. It tries
 * that out before, because only that tells whether it is allowed. Where it is not, the program runs without.
 * A shell does it, as loading what Node needs to start a child takes longer than all of this. Its variables have names
 * that no program reads, for the shell would change a variable of the environment with the same name; and `env` does
 * not start the program, for it takes a command with `=` in its name for a variable.
 */
function scriptOf({ enter, leave }: (typeof ways)[keyof typeof ways]): string {
  return `
    postern_warning=$1; postern_java=$2; shift 2
    postern_inside='while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit; shift 2; done; shift
      [ "$0" = try ] && set -- true
      exec ${leave} "$@"'
    if postern_reason=$(${reset} ${enter} sh -c "$postern_inside" try "$@" 2>&1)
    then exec ${reset} ${enter} sh -c "$postern_inside" postern "$@"; fi
    printf '%s\n' "postern: the program cannot have files of its own here: $postern_reason" "$postern_warning" >&2
    while [ "$1" != -- ]; do shift; done; shift
    [ -z "$postern_java" ] || export JAVA_TOOL_OPTIONS="$postern_java"
    if ${reset} true 2>/dev/null; then exec ${reset} sh -c 'exec "$@"' sh "$@"; fi
    exec "$@"`;
}

/**
 * Puts the program in the place of this process, so that its exit status, signals, terminal and streams are its own.
 * Where a process cannot do that (Windows), or has no mounts to make (macOS), the program runs as a child.
 * @returns the exit status of a child
 */
export async function launch({ command, environment, mounts, javaOptions, warning }: Program): Promise<number> {
  const pairs = mounts.flatMap(({ source, target }) => [source, target]);
  if (process.platform === 'linux') {
    const script = scriptOf(process.getuid?.() === 0 ? ways.root : ways.user);
    // At its end a process writes what it compiled; this one has no end.
    flushCompileCache();
    const words = [warning, javaOptions, ...pairs, '--', ...command];
    process.execve?.('/bin/sh', ['sh', '-c', script, 'postern', ...words], environment);
  }
  process.stderr.write(`${warning}\n`);
  return runAsChild(command, { ...environment, ...(javaOptions !== '' && { JAVA_TOOL_OPTIONS: javaOptions }) });
}

/** The file that a name on PATH stands for. */
function pathOf(name: string, path = '/usr/local/bin:/usr/bin:/bin'): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Java's file of roots, for the Java that the environment names. */
export function javaRoots({ JAVA_HOME: home, PATH: path }: Readonly<Record<string, string>>): string | undefined {
  const java = home === undefined ? pathOf('java', path) : join(home, 'bin', 'java');
  if (java === undefined || !isExecutable(java)) return undefined;
  const roots = join(dirname(dirname(realpathSync(java))), 'lib', 'security', 'cacerts');
  try {
    return realpathSync(roots);
  } catch {
    return undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns the exit status of the program, which has this process's terminal and streams */
export async function runAsChild(
  [name = '', ...rest]: readonly string[],
  environment: Program['environment'],
): Promise<number> {
  const { spawn } = await import('node:child_process');
  const child = spawn(name, rest, { env: environment, stdio: 'inherit' });
  // The terminal sends its signals to both; these come from elsewhere, and are meant for the program.
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => undefined);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`postern: ${name}: ${error.message}\n`);
      resolve('code' in error && error.code === 'ENOENT' ? 127 : 126);
    });
    child.on('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : osConstants.signals[signal]));
    });
  });
}
