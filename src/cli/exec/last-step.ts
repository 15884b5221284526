/** A name in the launcher's own environment, where it carries a variable of the workload's. */
const carrier = 'postern_';

/**
 * The environment of the launcher's programs, which root runs: none of the caller's variables under its own name, for
 * libraries, `mount` and shells read many. A command line would show them to every user of the machine (proc(5)).
 */
export function carried(environment: Readonly<Record<string, string>>): Record<string, string> {
  const variables = Object.entries(environment).map(([name, value], index) => {
    return [`${carrier}${index}`, `${name}=${value}`] as const;
  });
  return { ...Object.fromEntries(variables), LC_ALL: 'C' };
}

/** The last step's own parameters, before the command. */
export interface LastStep {
  /** Where the program works. */
  readonly folder: string;
  /** Whether it is an interactive shell, which has the terminal of its session. */
  readonly takesTerminal: boolean;
  /** How many processes and threads its user may have, where that user has no other. */
  readonly processesMax: number | undefined;
}

export function lastStepParameters({ folder, takesTerminal, processesMax }: LastStep): readonly string[] {
  return [folder, takesTerminal ? '1' : '', String(processesMax ?? ''), prlimitNumbers[process.arch] ?? ''];
}

/** The number of prlimit(2). */
const prlimitNumbers: Readonly<Record<string, string>> = { x64: '302', arm64: '261' };

/**
 * Puts the program in its place, as the workload's user: Perl, for a shell cannot have variables of every name, nor close
 * descriptors above 9. It closes all but the first three with close_range(2), whose number is the same everywhere.
 *
 * A shell with job control gives the terminal back to the group that had it before, which must be one of its own PID
 * namespace (TIOCSPGRP). Folders of PATH that the user cannot enter would end the search of execvp(3) with EACCES.
 */
export const lastStep = String.raw`
  my ($folder, $terminal, $most, $prlimit) = splice @ARGV, 0, 4;
  my %own = map { split /=/, $ENV{$_}, 2 } grep { /^${carrier}\d+$/ } keys %ENV;
  sub fail { my ($status, @lines) = @_; print STDERR map { "$_\n" } @lines; exit $status }
  chdir $folder
    or fail(125, "error: The workload cannot enter $folder: $!.", "hint: Give a folder of yours with --folder DIR.");
  syscall(436, 3, 0xffffffff, 0) == 0
    or fail(125, "error: The descriptors of the caller cannot be closed: $!.", "hint: It needs Linux 5.9.");
  if ($most ne "") {
    my $limits = pack "QQ", $most, $most;
    syscall($prlimit + 0, 0, 6, $limits, 0) == 0 or fail(125, "error: The number of processes cannot be limited: $!.");
  }
  if ($terminal) {
    local $SIG{TTOU} = "IGNORE";
    setpgrp 0, 0;
    if (open my $tty, "+<", "/dev/tty") { my $group = pack "i", $$; ioctl $tty, 0x5410, $group }
  }
  $SIG{$_} = "DEFAULT" for qw(INT QUIT PIPE XFSZ TTOU);
  my $program = $ARGV[0];
  my $path = $own{PATH} // "/usr/local/bin:/usr/bin:/bin";
  my @folders = grep { my $d = $_ eq "" ? "." : $_; -d $d ? -x _ : $! != 13 } split /:/, $path, -1;
  $own{PATH} = join ":", @folders if exists $own{PATH};
  my $named = $program =~ m{/};
  my @files = $named ? $program : map { ($_ eq "" ? "." : $_) . "/$program" } @folders;
  %ENV = %own;
  my $why;
  for (grep { -e && ($named || !-d _) } @files) { exec { $_ } @ARGV; $why //= $! }
  fail(126, "error: $program cannot be run: $why.") if $why;
  fail(127, $named ? "error: There is no program $program." : "error: There is no program '$program' in PATH.");
`;
