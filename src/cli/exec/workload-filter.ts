import { assembleFilter, type Condition, type Processor, type Refusal } from './bpf.ts';

const [x64, arm64] = [0, 1];

/** The processors by Node's names. */
const processors: Readonly<Record<string, Processor & { readonly column: number }>> = {
  x64: { auditArch: 0xc0_00_00_3e, x32Bit: 0x40_00_00_00, column: x64 },
  arm64: { auditArch: 0xc0_00_00_b7, x32Bit: undefined, column: arm64 },
};

/** Numbers of errno(3). */
const notPermitted = 1;
const notImplemented = 38;
const notSupported = 95;
const familyNotSupported = 97;

/** TIOCSTI and TIOCLINUX type into a terminal, TIOCSETD gives it another line discipline. */
const terminalRequests: Condition = { argument: 1, isOneOf: [0x54_12, 0x54_1c, 0x54_23] };

/** Those whose sockets a network namespace keeps apart: AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET. */
const otherFamily: Condition = { argument: 0, isNoneOf: [1, 2, 10, 16, 17] };

/** S_ISUID and S_ISGID. On the host the file would be the developer's, and where root calls, root's. */
const setsId = (argument: number): Condition => ({ argument, hasAnyOf: 0o6000 });

/** Only with O_CREAT or O_TMPFILE does open(2) read a mode. */
const creates = (argument: number): Condition => ({ argument, hasAnyOf: 0o20_000_100 });

/** CLONE_NEWUSER. */
const newUsers: Condition = { argument: 0, hasAnyOf: 0x10_00_00_00 };

interface Rule {
  readonly errno: number;
  readonly conditions?: readonly Condition[];
  /** The numbers of its calls for x86_64 and for aarch64; `undefined`: there is none. */
  readonly calls: Readonly<Record<string, readonly [number | undefined, number | undefined]>>;
}

const rules: readonly Rule[] = [
  { errno: notPermitted, conditions: [terminalRequests], calls: { ioctl: [16, 29] } },
  { errno: familyNotSupported, conditions: [otherFamily], calls: { socket: [41, 198], socketpair: [53, 199] } },
  {
    errno: notPermitted,
    conditions: [setsId(1)],
    calls: {
      chmod: [90, undefined],
      creat: [85, undefined],
      fchmod: [91, 52],
      mkdir: [83, undefined],
      mknod: [133, undefined],
    },
  },
  {
    errno: notPermitted,
    conditions: [setsId(2)],
    calls: { fchmodat: [268, 53], fchmodat2: [452, 452], mkdirat: [258, 34], mknodat: [259, 33] },
  },
  { errno: notPermitted, conditions: [creates(1), setsId(2)], calls: { open: [2, undefined] } },
  { errno: notPermitted, conditions: [creates(2), setsId(3)], calls: { openat: [257, 56] } },
  {
    // Root of a user namespace mounts: what a file system of its own (FUSE) calls set-uid or capable, overlayfs copies so
    // into the given folder, and a cgroup file system of its own ends the processes of its user.
    errno: notPermitted,
    conditions: [newUsers],
    calls: { clone: [56, 220], unshare: [272, 97] },
  },
  {
    // A filter cannot read the mode or flags that these are given in memory. Programs then use the calls above.
    errno: notImplemented,
    calls: {
      clone3: [435, 435],
      openat2: [437, 437],
      io_uring_setup: [425, 425],
      io_uring_enter: [426, 426],
      io_uring_register: [427, 427],
      setxattrat: [463, 463],
      file_setattr: [469, 469],
    },
  },
  {
    // A file capability is an extended attribute, and is root's where root calls.
    errno: notSupported,
    calls: { setxattr: [188, 5], lsetxattr: [189, 6], fsetxattr: [190, 7] },
  },
  {
    // The workload has the keyring of the session that called.
    errno: notImplemented,
    calls: { add_key: [248, 217], request_key: [249, 218], keyctl: [250, 219] },
  },
  {
    // Containers commonly refuse these, and neither debuggers nor runtimes use them.
    errno: notPermitted,
    calls: {
      acct: [163, 89],
      bpf: [321, 280],
      clock_adjtime: [305, 266],
      clock_settime: [227, 112],
      delete_module: [176, 106],
      fanotify_init: [300, 262],
      finit_module: [313, 273],
      init_module: [175, 105],
      ioperm: [173, undefined],
      iopl: [172, undefined],
      kexec_file_load: [320, 294],
      kexec_load: [246, 104],
      lookup_dcookie: [212, 18],
      nfsservctl: [180, 42],
      open_by_handle_at: [304, 265],
      perf_event_open: [298, 241],
      quotactl: [179, 60],
      quotactl_fd: [443, 443],
      reboot: [169, 142],
      settimeofday: [164, 170],
      swapoff: [168, 225],
      swapon: [167, 224],
      syslog: [103, 116],
      userfaultfd: [323, 282],
      vhangup: [153, 58],
    },
  },
];

/** The filter of system calls of a workload on a processor of Node's name; `undefined` where there is none for it. */
export function workloadFilter(architecture: string): Uint8Array | undefined {
  const processor = processors[architecture];
  return (
    processor &&
    assembleFilter(
      processor,
      rules.flatMap((rule) => refusalsOf(rule, processor.column)),
    )
  );
}

function refusalsOf({ errno, conditions = [], calls }: Rule, column: number): readonly Refusal[] {
  return Object.values(calls).flatMap((numbers) => {
    const number = numbers[column];
    return number === undefined ? [] : [{ number, errno, conditions }];
  });
}
