import type { SinkReport, ServedCertificate, Vitals } from './vitals.ts';

/** The names of warnings. */
export const warningNames = [
  'certificateExpires',
  'renewalFails',
  'diskFills',
  'connectionsFill',
  'descriptorsFill',
  'sinkFails',
  'sinkFallsBehind',
  'databaseLags',
  'clockDiffers',
  'changesLag',
] as const;

export type WarningName = (typeof warningNames)[number];

/** Something that will fail if nothing is done, while all still works. */
export interface Warning {
  readonly name: WarningName;
  /** Which one: a certificate, a listener, a sink. */
  readonly about: string;
  /** A sentence, without figures that change from moment to moment. */
  readonly message: string;
  /** A sentence that says what to do. */
  readonly remedy: string;
}

/** The part of the vitals that warnings depend on. */
export type WarnedOf = Pick<
  Vitals,
  'nowMs' | 'certificates' | 'disk' | 'connections' | 'connectionsMax' | 'descriptors' | 'sinks' | 'undeliveredMaxBytes'
> & { readonly store: Pick<Vitals['store'], 'database'> };

const dayMs = 86_400_000;
/** A certificate that the server renews by itself is renewed with sixty days left, so at the first of these that has failed for a month. */
const expiry = { soonMs: 30 * dayMs, verySoonMs: 7 * dayMs };
/**
 * Shares of a limit. The first number begins a warning, the second, which is further from the limit, ends it: a value that
 * moves about a threshold is one warning and not a hundred.
 */
const full = { disk: [0.1, 0.12], places: [0.8, 0.7], backlog: [0.5, 0.4] } as const;
/** After two seconds without a heartbeat nothing is answered; one is due each half second. */
const heartbeatAgeMs = [1_200, 800] as const;
/** Of two clocks. */
const aheadMs = [1_000, 500] as const;
/** They are looked for each second, and a page of them takes no longer. */
const behindMs = [10_000, 5_000] as const;
/** A tenth of a large disk is plenty, so with so much room there is no warning. */
const enoughBytes = [1 << 30, 1.2 * (1 << 30)] as const;

/**
 * The warnings that hold. `before`: those of the last time, which decide about values between the two thresholds.
 */
export function warningsOf(state: WarnedOf, before: readonly Warning[]): readonly Warning[] {
  const held = (name: WarningName, about: string) => before.some((one) => one.name === name && one.about === about);
  const { nowMs, certificates, sinks, undeliveredMaxBytes } = state;
  return [
    ...certificates.flatMap((one) => ofCertificate(one, nowMs)),
    ...ofDisk(state, held('diskFills', 'data')),
    ...ofConnections(state, held),
    ...ofDescriptors(state, held('descriptorsFill', 'worker')),
    ...ofDatabase(state, held),
    ...sinks.flatMap((sink) => ofSink(sink, undeliveredMaxBytes, held('sinkFallsBehind', sink.name))),
  ];
}

function ofCertificate(one: ServedCertificate, nowMs: number): readonly Warning[] {
  const { name, notAfterMs, renewsItself } = one;
  const leftMs = notAfterMs - nowMs;
  if (leftMs > expiry.soonMs) return [];
  const end = new Date(notAfterMs).toISOString().slice(0, 10);
  if (renewsItself) {
    const message = `The certificate '${name}' should have been renewed by now, and ends on ${end}.`;
    const remedy = "See the server's log for why its renewal fails, and this machine's clock.";
    return [{ name: 'renewalFails', about: name, message, remedy }];
  }
  const when =
    leftMs <= 0 ? 'has expired' : leftMs <= expiry.verySoonMs ? 'expires within a week' : 'expires within a month';
  const message = `The certificate '${name}' ${when}: it ends on ${end}.`;
  return [{ name: 'certificateExpires', about: name, message, remedy: 'Replace its file with a newer one.' }];
}

function ofDisk({ disk }: WarnedOf, isHeld: boolean): readonly Warning[] {
  if (disk === undefined) return [];
  const { freeBytes, totalBytes } = disk;
  const level = isHeld ? 1 : 0;
  if (freeBytes > Math.min(totalBytes * full.disk[level], enoughBytes[level])) return [];
  const message =
    'The disk of the data folder is almost full: then nothing can be changed or recorded, and requests are refused.';
  const remedy = 'Free space on it, or keep fewer files of the audit log (audit.files, audit.keepDays).';
  return [{ name: 'diskFills', about: 'data', message, remedy }];
}

function ofConnections({ connections, connectionsMax }: WarnedOf, held: (name: WarningName, about: string) => boolean) {
  const kinds = new Set(connections.map(({ listener }) => listener));
  return [...kinds].flatMap((listener): readonly Warning[] => {
    const most = Math.max(...connections.flatMap((one) => (one.listener === listener ? [one.open] : [])));
    const share = full.places[held('connectionsFill', listener) ? 1 : 0];
    if (most < connectionsMax * share) return [];
    const message = `A listener of the kind '${listener}' has almost as many connections as it may have (${connectionsMax}).`;
    const remedy =
      'Look for clients that open many and keep them; the least active are closed when there are too many.';
    return [{ name: 'connectionsFill', about: listener, message, remedy }];
  });
}

function ofDescriptors({ descriptors }: WarnedOf, isHeld: boolean): readonly Warning[] {
  if (descriptors === undefined) return [];
  const { open, most } = descriptors;
  if (open < most * full.places[isHeld ? 1 : 0]) return [];
  const message = `The worker has almost as many file descriptors open as it may have (${most}): then it accepts no connection.`;
  const remedy =
    'Raise the limit (LimitNOFILE in a unit of systemd, ulimit -n in a shell), and start the server again.';
  return [{ name: 'descriptorsFill', about: 'worker', message, remedy }];
}

function ofDatabase(
  { store: { database } }: WarnedOf,
  held: (name: WarningName, about: string) => boolean,
): readonly Warning[] {
  const warnings: Warning[] = [];
  // Of a database that is not there, the check `store` says why, and load is not the reason.
  const ageMs = database?.reachable === true ? (database.heartbeatAgeMs ?? 0) : 0;
  const about = 'store';
  if (ageMs >= heartbeatAgeMs[held('databaseLags', about) ? 1 : 0]) {
    const message = 'The database acknowledges heartbeats late: when one takes two seconds, requests are refused.';
    const remedy = 'Look at the load and the disk of the database, at its synchronous standby, and at the way to it.';
    warnings.push({ name: 'databaseLags', about, message, remedy });
  }
  if (Math.abs(database?.clockAheadMs ?? 0) >= aheadMs[held('clockDiffers', about) ? 1 : 0]) {
    const message = 'The clock of this machine and that of the database differ: tokens are judged by this one.';
    const remedy = 'Let both follow a time server (NTP); "postern nodes" shows the clocks of all nodes.';
    warnings.push({ name: 'clockDiffers', about, message, remedy });
  }
  const isUsed = database?.reachable === true && Object.values(database.faults).every((why) => why === undefined);
  if (isUsed && (database.changesBehindMs ?? 0) >= behindMs[held('changesLag', about) ? 1 : 0]) {
    const message =
      'The changes of other nodes arrive late: those of certificates, of the hosts file, and the ends of subnets with open connections.';
    const remedy =
      "See the server's log for why they cannot be read. Rules and revoked keys are in force all the same.";
    warnings.push({ name: 'changesLag', about, message, remedy });
  }
  return warnings;
}

function ofSink({ name, backlogBytes, failure }: SinkReport, most: number, isHeld: boolean): readonly Warning[] {
  const warnings: Warning[] = [];
  if (failure !== undefined) {
    const message = `The sink ${name} has taken no records since ${failure.since}: ${failure.message}`;
    const remedy = 'Its records are kept and delivered later, up to audit.undeliveredMaxBytes; then there is a gap.';
    warnings.push({ name: 'sinkFails', about: name, message, remedy });
  }
  if (backlogBytes >= most * full.backlog[isHeld ? 1 : 0]) {
    const message = `The sink ${name} is far behind: half of audit.undeliveredMaxBytes (${most}) waits for it.`;
    const remedy = 'See whether it answers, or raise audit.undeliveredMaxBytes: what is more is not delivered to it.';
    warnings.push({ name: 'sinkFallsBehind', about: name, message, remedy });
  }
  return warnings;
}

/** The warnings that have begun and those that have ended since the last time. */
export function changeOf(before: readonly Warning[], now: readonly Warning[]) {
  const isIn = (all: readonly Warning[], { name, about, message }: Warning) =>
    all.some((one) => one.name === name && one.about === about && one.message === message);
  const isAbout = (all: readonly Warning[], { name, about }: Warning) =>
    all.some((one) => one.name === name && one.about === about);
  return {
    begun: now.filter((warning) => !isIn(before, warning)),
    ended: before.filter((warning) => !isAbout(now, warning)),
  };
}
