// oxlint-disable-next-line no-restricted-imports -- only to write the compile cache; nothing is loaded by it
import { flushCompileCache } from 'node:module';
import { CommandFailed } from '../failed.ts';
import { runFolderDescriptor, stage } from './mounts.ts';
import type { Programs } from './programs.ts';
import type { WorkloadUser } from './workload-user.ts';

export interface Launch {
  readonly programs: Programs;
  readonly namespace: string;
  /** The process with the user namespace of a fabric without root. */
  readonly anchor: number | undefined;
  readonly user: WorkloadUser;
  readonly runFolder: string;
  /** Where the workload starts. */
  readonly workingFolder: string;
  /** A folder to give to the user of the pool, and the map of ids by which it is the user's. */
  readonly given: { readonly path: string; readonly idMap: string } | undefined;
  /** Files for the stage, by name, among them `fstab`. */
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Puts the workload's launcher in the place of this process. It stays outside, with this process's pid: it passes
 * signals on and has the workload's exit status, and the workload ends with it. Shells do it, because a Node that waits
 * for each workload would take 40 MB.
 * @throws {CommandFailed} when this system has no `execve`
 */
export function launch(input: Launch): never {
  const { programs, runFolder, workingFolder, given, files, command, environment } = input;
  const parameters = [
    runFolder,
    workingFolder,
    given?.path ?? '/',
    given?.idMap ?? '',
    ...Object.entries(files).flat(),
    '--',
    ...command,
  ];
  const shell = ['/bin/sh', '-c', outside(programs), 'postern', inside(programs, input.user), ...parameters];
  const words = [programs.nsenter, ...entering(input), programs.unshare, '--mount', '--pid', '--ipc', ...shell];
  // At its end a process writes what it compiled; this one has no end.
  flushCompileCache();
  process.execve?.(programs.nsenter, words, environment);
  throw new CommandFailed('A program cannot take the place of another one here.', 'Virtual networks need Linux.');
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
 * Starts `command` and waits for it. A signal ends the wait of a shell and not the command, so it waits again. Standard
 * input goes by another descriptor, for a shell gives a command in the background none. Ctrl-C and Ctrl-\ reach every
 * process of the terminal's foreground group by themselves. Without a terminal they were sent to this process alone.
 * @param isReady a condition of the shell that holds once the process of the command does with a signal what it must
 */
function attending(command: string, isReady = 'true'): string {
  return `
    postern_pass() {
      [ -n "$postern_child" ] || { postern_early=$1; return; }
      until ${isReady}; do :; done
      kill "-$1" "$postern_child" 2>/dev/null
    }
    postern_child= postern_early=
    trap 'postern_pass TERM' TERM
    trap 'postern_pass HUP' HUP
    if true 2>/dev/null </dev/tty; then trap : INT QUIT
    else trap 'postern_pass INT' INT; trap 'postern_pass QUIT' QUIT; fi
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
 * Runs in the caller's PID namespace, and its first child is the first process of the new one: with that one the kernel
 * ends all others, so that there must be no child before it. Node ignores PIPE and XFSZ, a shell ignores the others in
 * what it starts in the background, and what is ignored stays so.
 */
function outside({ env, setpriv }: Programs): string {
  const signals = 'INT,QUIT,PIPE,XFSZ';
  const apart = `${setpriv} --pdeathsig=KILL /bin/sh -c "$postern_inside" postern $$ "$@"`;
  const first = `${env} --default-signal=${signals} ${apart}`;
  return `postern_inside=$1; shift${whenCaught}${attending(first, 'postern_catches')}`;
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

/**
 * The first process of the workload's PID namespace. It mounts, as root or root of the fabric's user namespace, and stays
 * so to wait for the workload, which it starts without privileges in a user namespace of its own: processes of one uid in
 * different user namespaces cannot read each other.
 */
function inside(programs: Programs, { uid, gid, kind, account }: WorkloadUser): string {
  const { env, setpriv, unshare } = programs;
  const groups = kind === 'sudo' && account !== undefined ? '--init-groups' : '--clear-groups';
  const become = kind === 'caller' ? '' : `--reuid=${uid} --regid=${gid} ${groups} --inh-caps=-all --bounding-set=-all`;
  const apart = `${setpriv} --no-new-privs ${become} ${unshare} --user --map-user=${uid} --map-group=${gid}`;
  return `
    trap 'exit 130' INT; trap 'exit 131' QUIT; trap 'exit 129' HUP; trap 'exit 143' TERM
    # The launcher may have been killed before this process asked to end with it.
    [ -d "/proc/$1" ] || exit
    postern_folder=$3
    (${mounting(programs)}) || {
      echo 'error: The files of the workload cannot be mounted.' >&2
      echo 'hint: "postern doctor" says what this machine allows.' >&2
      exit 125
    }
    cd "$postern_folder" 2>/dev/null || cd /
    while [ "$1" != -- ]; do shift; done; shift${attending(`${env} --default-signal=INT,QUIT ${apart} -- "$@"`)}`;
}

/**
 * It mounts /proc first: the path of a descriptor leads there, and \`mount\` looks for its own processes in it. A workload
 * has all ports of its address, as a machine of its own would, though it is not root (ip(7), \`ip_unprivileged_port_start\`).
 */
function mounting({ mount, mkdir }: Programs): string {
  return `
      exec ${runFolderDescriptor}<"$2" 4<"$4" || exit
      ${mount} -t proc -o nosuid,nodev,noexec postern /proc || exit
      echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start || exit
      ${mount} -t tmpfs -o nosuid,nodev,mode=755 postern-stage ${stage} || exit
      if [ -n "$5" ]; then
        ${mkdir} ${stage}/folder
        ${mount} -c -o "bind,X-mount.idmap=$5" /proc/self/fd/4 ${stage}/folder 2>/dev/null || {
          echo "postern: the file system of $4 cannot give it to another user: the workload has there what every user has." >&2
          ${mount} -c --bind /proc/self/fd/4 ${stage}/folder || exit
        }
      fi
      shift 5
      while [ "$1" != -- ]; do printf %s "$2" >"${stage}/$1" || exit; shift 2; done
      ${mount} -c --all --fstab ${stage}/fstab || exit
    `;
}
