/** How a workload has to do with the terminal of the caller, which it never holds itself. */
export type TerminalUse = 'none' | 'shows' | 'types';

/**
 * Who is at a terminal types into the workload where input and output both lead there. In a pipeline, the keys may be for
 * another program: there the workload only shows.
 * @param areTerminals of standard input, output and error
 * @param hasControlling whether the caller has a terminal by the name `/dev/tty`
 */
export function terminalUse(areTerminals: readonly boolean[], hasControlling: boolean): TerminalUse {
  const [input = false, output = false] = areTerminals;
  if (input && output) return 'types';
  return hasControlling || areTerminals.includes(true) ? 'shows' : 'none';
}

/** The words of the launcher when the networks are taken down under a workload. */
export const takenDown = 'postern: The virtual networks were taken down, and this program is ended with them.';

/** The options of devpts: terminals that only the workload can name, and a bound, for the kernel has one for all. */
export const ownTerminals = 'newinstance,ptmxmode=0666,mode=0600,max=256';

/** The numbers of mount(2) and setsid(2). */
const callNumbers: Readonly<Record<string, readonly string[]>> = { x64: ['165', '112'], arm64: ['40', '157'] };

/** The relay's own parameters, before the command, whose terminal belongs to `owner`. */
export function relayParameters(use: TerminalUse, owner: { readonly uid: number; readonly gid: number } | undefined) {
  const ids = owner === undefined ? ['', ''] : [String(owner.uid), String(owner.gid)];
  return [use === 'types' ? '1' : '', ...ids, ownTerminals, ...(callNumbers[process.arch] ?? ['', ''])];
}

/**
 * Starts a command in a session of its own with a terminal of its own (pty(7)), and carries between that one and the
 * caller's. A program that holds a terminal reads it whenever it likes: in the background, or after Ctrl-Z, what is typed
 * into the caller's shell. It is Perl, for neither Node nor Debian's essential programs have more than `script`, which
 * knows no job control.
 *
 * Its child is the first process of a PID namespace. Numbers of ioctl(2) are those of asm-generic/ioctls.h; a `termios` is
 * four flags, the line discipline and the characters (VTIME 5, VMIN 6, VSUSP 10).
 */
export const relay = String.raw`
  my ($end_file, $types, $uid, $gid, $options, $mount, $setsid, @command) = @ARGV;
  sub fail { print STDERR "error: The workload can have no terminal of its own: $_[0]: $!.\n"; exit 125 }
  sub read_of { my ($from, $request) = @_; my $value = "\0" x 64; ioctl($from, $request, $value) ? $value : undef }
  my ($source, $place, $type) = ("postern-terminals", "/dev/pts", "devpts");
  syscall($mount + 0, $source, $place, $type, 2 | 8, $options) == 0 or fail("mount");
  my @leads = map { -t $_ } \*STDIN, \*STDOUT, \*STDERR;
  my $screen = $leads[1] ? \*STDOUT : $leads[2] ? \*STDERR : undef;
  my ($master, $slave);
  if ($screen) {
    sysopen $master, "/dev/ptmx", 04402 or fail("/dev/ptmx");
    my ($unlocked, $number) = (pack("i", 0), pack("I", 0));
    ioctl $master, 0x40045431, $unlocked or fail("TIOCSPTLCK");
    ioctl $master, 0x80045430, $number or fail("TIOCGPTN");
    sysopen $slave, "/dev/pts/" . unpack("I", $number), 0402 or fail("/dev/pts");
    $uid eq "" or chown $uid, $gid, $slave or fail("chown");
    my $like = read_of($screen, 0x5401);
    # The caller's terminal still makes each line feed a new line.
    substr($like, 4, 4) = pack("I", unpack("I", substr $like, 4, 4) & ~1) unless $types;
    ioctl $slave, 0x5402, $like;
  }
  sub resize { my $size = $screen && read_of($screen, 0x5413); ioctl $master, 0x5414, $size if $size }
  resize();

  my $child = fork // fail("fork");
  if ($child == 0) {
    syscall($setsid + 0) >= 0 or fail("setsid");
    if ($types) { ioctl $slave, 0x540e, 0 or fail("TIOCSCTTY") }
    if ($leads[0]) { $types ? open STDIN, "<&", $slave : open STDIN, "<", "/dev/null" or fail("stdin") }
    if ($leads[1]) { open STDOUT, ">&", $slave or fail("stdout") }
    if ($leads[2]) { open STDERR, ">&", $slave or exit 125 }
    exec { $command[0] } @command or fail($command[0]);
  }

  # Of a first process that does not catch signals yet, the kernel keeps them away.
  sub catches {
    open my $status, "<", "/proc/$child/status" or return 1;
    while (<$status>) {
      return 1 if /^State:\s+Z/;
      return hex($1) >> 14 & 1 if /^SigCgt:\s+(\S+)/;
    }
    return 1;
  }
  sub pass { my ($name) = @_; select undef, undef, undef, 0.005 until catches(); kill $name => $child }
  sub group { my ($of) = @_; my $group = pack "i", 0; ioctl($of, 0x540f, $group) ? unpack("i", $group) : -1 }

  my $before;
  sub take {
    return if $before;
    my $now = read_of(\*STDIN, 0x5401) // return;
    my @flags = unpack "I4", $now;
    $flags[0] &= ~0x5eb; $flags[1] &= ~1; $flags[3] &= ~0x804b;
    my $raw = pack("I4", @flags) . substr $now, 16;
    substr($raw, 22, 2) = "\0\1";
    ioctl STDIN, 0x5403, $raw and $before = $now;
    resize();
  }
  sub give_back {
    return unless $before;
    local $SIG{TTOU} = "IGNORE";
    ioctl STDIN, 0x5403, $before;
    undef $before;
  }
  # The first process stops and continues the others. It goes on where the kernel stops nothing, in an orphaned group.
  sub suspend {
    my ($whom) = @_;
    pass("TSTP");
    give_back();
    local $SIG{TSTP} = "DEFAULT";
    kill TSTP => $whom;
    pass("CONT");
  }
  $SIG{HUP} = \&pass;
  # A program that ignores the signal is killed soon, and this process with it: the keys are the caller's again before.
  $SIG{TERM} = sub {
    if (-e $end_file) { $types = $end_file = ""; give_back(); print STDERR "${takenDown}\n" }
    pass("TERM");
  };
  my %numbers = (INT => 2, QUIT => 3);
  $SIG{$_} = sub { $types ? ioctl $master, 0x40045436, $numbers{$_[0]} : pass($_[0]) } for keys %numbers;
  $SIG{TSTP} = sub { suspend($$) };
  $SIG{WINCH} = \&resize;
  $SIG{CONT} = sub { };
  $SIG{PIPE} = "IGNORE";

  sub show {
    my $count = sysread $master, my $bytes, 65536 or return 0;
    while ($bytes ne "") {
      my $written = syswrite $screen, $bytes;
      if (defined $written) { substr($bytes, 0, $written) = "" }
      elsif ($! == 11) { my $ready = ""; vec($ready, fileno $screen, 1) = 1; select undef, $ready, undef, 0.5 }
      elsif ($! != 4) { last }
    }
    return 1;
  }
  my $typed = "";
  # Ctrl-Z is for the caller's shell, unless a shell in the workload has jobs of its own.
  sub read_keys {
    my $count = sysread STDIN, my $keys, 4096;
    return if !defined $count && ($! == 4 || $! == 11);
    if (!$count) { $types = ""; pass("HUP"); return }
    my $own = read_of($master, 0x5401) // "\0" x 64;
    my $suspends = substr $own, 27, 1;
    my $is_on = unpack("I", substr $own, 12, 4) & 1 && $suspends ne "\0" && group($master) == $child;
    my $is_asked = $is_on && $keys =~ s/\Q$suspends\E//g;
    $typed .= $keys;
    suspend(0) if $is_asked;
  }

  my $end = syscall 434, $child, 0;
  $end >= 0 or fail("pidfd_open");
  for (my $is_over = 0; !$is_over;) {
    my $is_in_front = $types && group(\*STDIN) == getpgrp 0;
    take() if $is_in_front;
    my ($readable, $writable) = ("", "");
    vec($readable, $end, 1) = 1;
    vec($readable, fileno $master, 1) = 1 if $master;
    vec($readable, 0, 1) = 1 if $is_in_front && $typed eq "";
    vec($writable, fileno $master, 1) = 1 if $typed ne "";
    # A signal may come just before this waits, and its handler runs only afterwards.
    (select $readable, $writable, undef, 0.5) > 0 or next;
    show() if $master && vec $readable, fileno $master, 1;
    read_keys() if vec $readable, 0, 1;
    if ($typed ne "" && vec $writable, fileno $master, 1) {
      my $written = syswrite $master, $typed;
      substr($typed, 0, $written) = "" if defined $written;
    }
    $is_over = vec $readable, $end, 1;
  }
  if ($master) { 1 while show() }
  waitpid $child, 0;
  my $status = $?;
  give_back();
  exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
`;
