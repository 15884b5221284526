// oxlint-disable-next-line no-restricted-imports -- only to write the compile cache; nothing is loaded by it
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { endFile } from '../../fabric/place.ts';
import { CommandFailed } from '../failed.ts';
import { ownFolders, type KeptFolder } from './given-folder.ts';
import { carried, lastStep, lastStepParameters } from './last-step.ts';
import { idMap, runDescriptor, runFolderDescriptor, stage } from './mounts.ts';
import type { Programs } from './programs.ts';
import { relay, relayParameters, takenDown, type TerminalUse } from './relay.ts';
import type { WorkloadUser } from './workload-user.ts';

export interface Launch {
  readonly programs: Programs;
  readonly namespace: string;
  /** The process with the user namespace of a fabric without root. */
  readonly anchor: number | undefined;
  readonly user: WorkloadUser;
  readonly runFolder: string;
  /** Where the workload works: a real path. */
  readonly workingFolder: string;
  readonly kept: KeptFolder | undefined;
  /** Whether the kept folder as a whole is read-only. */
  readonly isReadOnly: boolean;
  /** A file that the workload has and whose folder it does not see: an empty one is made. */
  readonly madeFile: string | undefined;
  /** Files for the stage, by name, among them `fstab`. */
  readonly files: Readonly<Record<string, string>>;
  /** The filter of system calls; `undefined` where `setpriv` cannot load one. */
  readonly filter: Uint8Array | undefined;
  /** Folders of cgroups, which are read-only. */
  readonly cgroups: readonly string[];
  readonly terminal: TerminalUse;
  /** Whether the command is an interactive shell into which is typed. */
  readonly takesTerminal: boolean;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** How many processes and threads the user of a workload of root may have. */
const processesMax = 4096;

/**
 * Puts the workload's launcher in the place of this process. It stays outside, with this process's pid: it passes
 * signals on and has the workload's exit status, and the workload ends with it. A shell does it, or Perl where there is a
 * terminal, because a Node that waits for each workload would take 40 MB.
 *
 * The working folder goes to the launcher as its current one, which is the same folder when its path leads elsewhere.
 * @throws {CommandFailed} when this system has no `execve`
 */
export function launch(input: Launch): never {
  const { programs, user, workingFolder, takesTerminal, command, environment } = input;
  enter(workingFolder);
  const last = lastStepParameters({
    folder: workingFolder,
    takesTerminal,
    processesMax: user.kind === 'pool' ? processesMax : undefined,
  });
  const starting = starter(input, [...mountParameters(input), '--', ...last, ...command]);
  const words = [programs.nsenter, ...entering(input), programs.unshare, '--mount', '--pid', '--ipc', ...starting];
  // At its end a process writes what it compiled; this one has no end.
  flushCompileCache();
  process.execve?.(programs.nsenter, words, carried(environment));
  throw new CommandFailed('A program cannot take the place of another one here.', 'Virtual networks need Linux.');
}

/** Its real path was read before, and the kernel says that of the current folder. */
function enter(folder: string): void {
  try {
    process.chdir(folder);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(`${folder} cannot be entered: ${cause}`, 'Give a folder of yours with --folder DIR.');
  }
  if (process.cwd() !== folder) throw new CommandFailed(`${folder} was moved meanwhile.`, 'Run the command again.');
}

function mountParameters({ runFolder, user, kept, isReadOnly, madeFile, files, filter }: Launch): readonly string[] {
  const { path = '', base = '' } = kept ?? {};
  const way = user.kind === 'pool' ? idMap(user) : 'rbind';
  const words = [runFolder, kept === undefined ? '' : way, path, base, base === '' ? '' : path.slice(base.length)];
  return [
    ...words,
    madeFile ?? '',
    isReadOnly ? 'ro' : '',
    escaped(filter ?? new Uint8Array()),
    ...Object.entries(files).flat(),
  ];
}

/** Bytes as a format of printf(1). */
function escaped(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

/**
 * The namespace's name belongs to the mount namespace of the anchor, which is reached through /proc: the workload keeps
 * the mounts that its user sees.
 */
function entering({ namespace, anchor }: Launch): readonly string[] {
  const file = `/run/netns/${namespace}`;
  if (anchor === undefined) return [`--net=${file}`];
  return [`--user=/proc/${anchor}/ns/user`, `--net=/proc/${anchor}/root${file}`, '--preserve-credentials'];
}

/**
 * The command that starts the first process of the workload's PID namespace and waits for it, in the caller's. With that
 * process the kernel ends all others, so that there must be no child before it.
 */
function starter(input: Launch, parameters: readonly string[]): readonly string[] {
  const { programs, terminal, user, runFolder } = input;
  const { env, perl, setpriv } = programs;
  const first = [env, `--default-signal=${ignored}`, setpriv, '--pdeathsig=KILL', '/bin/sh', '-c', inside(input)];
  const words = [...first, 'postern', String(process.pid), lastStep, ...parameters];
  const end = join(runFolder, endFile);
  if (terminal === 'none') return ['/bin/sh', '-c', outside, 'postern', end, ...words];
  return [
    perl,
    '-e',
    relay,
    '--',
    end,
    ...relayParameters(terminal, user.kind === 'caller' ? undefined : user),
    ...words,
  ];
}

/** Node ignores PIPE and XFSZ, a shell the others in what it starts in the background, and what is ignored stays so. */
const ignored = 'INT,QUIT,PIPE,XFSZ';

/**
 * What a shell does with Ctrl-C and Ctrl-\. Where the workload has a terminal, they reach every process of its foreground
 * group by themselves. Where it only shows on one, its session has none, and its first process tells its own group.
 */
const interrupted: Readonly<Record<TerminalUse, string>> = { none: 'postern_pass', shows: 'postern_tell', types: ':' };

/**
 * Starts `command` and waits for it. A signal ends the wait of a shell and not the command, so it waits again. Standard
 * input goes by another descriptor, for a shell gives a command in the background none.
 * @param isReady a condition of the shell that holds once the process of the command does with a signal what it must
 */
function attending(command: string, terminal: TerminalUse, isReady = 'true'): string {
  return `
    postern_pass() {
      [ ! -e "$postern_end" ] || { echo '${takenDown}' >&2; postern_end=; }
      [ -n "$postern_child" ] || { postern_early=$1; return; }
      until ${isReady}; do :; done
      kill "-$1" "$postern_child" 2>/dev/null
    }
    postern_tell() { trap '' "$1"; kill "-$1" 0; trap "postern_tell $1" "$1"; }
    postern_child= postern_early=
    for postern_name in INT QUIT; do trap "${interrupted[terminal]} $postern_name" "$postern_name"; done
    trap 'postern_pass TERM' TERM
    trap 'postern_pass HUP' HUP
    exec 9<&0
    ${command} <&9 9<&- &
    postern_child=$!
    exec 9<&-
    [ -z "$postern_early" ] || postern_pass "$postern_early"
    while :; do
      wait "$postern_child"; postern_status=$?
      kill -0 "$postern_child" 2>/dev/null || exit "$postern_status"
    done`;
}

/**
 * Whether the child catches SIGTERM, as proc_pid_status(5) says, or has ended: the first process of a PID namespace gets
 * no signal for which it has no handler yet. In a trap, a bare `return` would return the status from before the trap.
 */
const whenCaught = `
    postern_catches() {
      [ -e "/proc/$postern_child/status" ] || return 0
      while read -r postern_name postern_value; do
        case $postern_name$postern_value in
          State:Z*) return 0 ;;
          SigCgt:*) return "$((!(0x$postern_value >> 14 & 1)))" ;;
        esac
      done <"/proc/$postern_child/status"
    } 2>/dev/null`;

const outside = `
    postern_end=$1; shift${whenCaught}${attending('"$@"', 'none', 'postern_catches')}`;

/**
 * The first process of the workload's PID namespace. It mounts, as root or root of the fabric's user namespace, and stays
 * so to wait for the workload, which it starts without privileges in a user namespace of its own: processes of one uid in
 * different user namespaces cannot read each other.
 */
function inside({ programs, user: { uid, gid, kind, account }, filter, terminal, cgroups }: Launch): string {
  const { perl, setpriv, unshare } = programs;
  const groups = kind === 'sudo' && account !== undefined ? '--init-groups' : '--clear-groups';
  const become = kind === 'caller' ? '' : `--reuid=${uid} --regid=${gid} ${groups} --inh-caps=-all --bounding-set=-all`;
  const filtered = filter === undefined ? '' : `${setpriv} --seccomp-filter /proc/self/fd/${filterDescriptor}`;
  // The filter comes last, for it refuses what makes a user namespace.
  const apart = `${setpriv} --no-new-privs ${become} ${unshare} --user --map-user=${uid} --map-group=${gid} ${filtered}`;
  const command = `${apart} ${perl} -e "$postern_last" -- "$@"`;
  return `
    trap 'kill -STOP -1 2>/dev/null' TSTP; trap 'kill -CONT -1 2>/dev/null' CONT
    trap 'exit 130' INT; trap 'exit 131' QUIT; trap 'exit 129' HUP; trap 'exit 143' TERM
    # The launcher may have been killed before this process asked to end with it.
    [ -d "/proc/$1" ] || exit
    postern_last=$2
    shift 2
    ${mounting(programs)}
    { ${cgroups.map((folder) => `${programs.mount} -c -o remount,bind,ro ${folder} &&`).join(' ')} postern_mount "$@"; } || {
      echo 'error: The files of the workload cannot be mounted.' >&2
      echo 'hint: "postern doctor" says what this machine allows.' >&2
      exit 125
    }
    cd /
    while [ "$1" != -- ]; do shift; done; shift${attending(command, terminal)}`;
}

/** The descriptor by which `setpriv` reads the filter, which is on the stage. */
const filterDescriptor = 4;

/**
 * It mounts /proc first: the path of a descriptor leads there, and `mount` looks for its own processes in it. A workload
 * has all ports of its address, as a machine of its own would, though it is not root (ip(7), `ip_unprivileged_port_start`).
 *
 * Root reaches the kept folder, and those above it, from its current folder and by no path: another workload that
 * may write in one of them could lead a path elsewhere. `pwd -P` is what the kernel says.
 */
function mounting({ mount, mkdir }: Programs): string {
  return `
    postern_climb() {
      cd -P . || return
      until [ "$PWD" = "$1" ]; do
        [ "$PWD" != / ] || { echo "error: $1 was moved meanwhile." >&2; return 1; }
        cd -P .. || return
      done
    }
    postern_put() {
      ${mkdir} -p ${stage}/folder "${stage}/above$4" || return
      postern_climb "$2" || return
      if [ "$1" = rbind ]; then ${mount} -c --rbind . ${stage}/folder || return
      else
        ${mount} -c -o "bind,X-mount.idmap=$1" . ${stage}/folder 2>/dev/null || {
          echo "postern: the file system of $2 cannot give it to another user: the workload has there what every user has." >&2
          ${mount} -c --bind . ${stage}/folder || return
        }
      fi
      [ -z "$5" ] || ${mount} -c -o remount,bind,ro ${stage}/folder || return
      case $3 in
        '') ${mount} -c --rbind ${stage}/folder . ;;
        ${ownFolders.join(' | ')}) ;;
        *) ${mount} -c --bind ${stage}/folder "${stage}/above$4" && postern_climb "$3" && ${mount} -c --rbind ${stage}/above . ;;
      esac
    }
    postern_mount() {
      exec ${runFolderDescriptor}<"$1" ${runDescriptor}</run || return
      ${mount} -t proc -o nosuid,nodev,noexec postern /proc || return
      echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start || return
      ${mount} -t tmpfs -o nosuid,nodev,size=16m,mode=755 postern-stage ${stage} || return
      printf "$8" >${stage}/filter && exec ${filterDescriptor}<${stage}/filter || return
      [ -z "$2" ] || postern_put "$2" "$3" "$4" "$5" "$7" || return
      if [ -n "$6" ]; then
        ${mount} -t tmpfs -o nosuid,nodev,size=16m,mode=755 postern-run /run || return
        ${mkdir} -p "\${6%/*}" && : >"$6" || return
      fi
      shift 8
      while [ "$1" != -- ]; do printf %s "$2" >"${stage}/$1" || return; shift 2; done
      ${mount} -c --all --fstab ${stage}/fstab || return
      exec ${runFolderDescriptor}<&- ${runDescriptor}<&-
    }`;
}
