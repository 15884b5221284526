import { shown } from '../../lines/terminal.ts';
import { membersOf } from '../json.ts';

type Members = ReadonlyMap<string, unknown>;

/** Around what the server answers. */
export interface StatusPlace {
  readonly home: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** The answer of the supervisor for people. A part that is missing, as while the worker starts, has no line. */
export function statusLines(status: Members, { home, nowMs }: StatusPlace): readonly string[] {
  const worker = membersOf(status.get('worker'));
  const since = sinceOf(status.get('startedAt'), nowMs);
  const restarts = Number(worker.get('restarts') ?? 0);
  return [
    `Postern ${shown(status.get('version'))} at ${home} ${status.get('ready') === true ? 'serves' : 'does not serve'}`,
    ...listIn(status, 'checks').flatMap((check) =>
      check.get('ok') === false ? [`  ${shown(check.get('name'))}: ${shown(check.get('why'))}`] : [],
    ),
    row(
      'running',
      `${since}, process ${shown(status.get('pid'))}, its worker ${shown(worker.get('pid')) || 'not there'}${restarts === 0 ? '' : `, restarted ${restarts} times`}`,
    ),
    ...listIn(status, 'listeners').flatMap((each) => {
      const place = placeOf(each);
      return place === '' ? [] : [row('listener', `${place} (${shown(each.get('kind'))})`)];
    }),
    ...part(status, 'connections', () => row('connections', shown(status.get('connections')))),
    ...part(status, 'store', (store) =>
      row('store', `${databaseOf(store)}, ${countOf(store, 'committed')} changes, ${countOf(store, 'failed')} failed`),
    ),
    ...part(status, 'audit', (audit) =>
      row('audit log', `${sizeOf(audit.get('bytes'))}, ${countOf(audit, 'records')} records`),
    ),
    ...part(status, 'disk', (disk) =>
      row('disk', `${sizeOf(disk.get('freeBytes'))} of ${sizeOf(disk.get('totalBytes'))} free`),
    ),
    ...listIn(status, 'sinks').map(sinkLine),
    ...listIn(status, 'certificates').map((each) => certificateLine(each, nowMs)),
    ...listIn(status, 'warnings').flatMap((each) => [
      `warning: ${shown(each.get('message'))}`,
      `  ${shown(each.get('remedy'))}`,
    ]),
  ];
}

/** Of a database elsewhere, whether it answers; of one here, its size. */
function databaseOf(store: Members): string {
  if (!store.has('database')) return sizeOf(store.get('databaseBytes'));
  const database = membersOf(store.get('database'));
  const age = database.get('heartbeatAgeMs');
  const heartbeat = typeof age === 'number' ? `, heartbeat ${(age / 1000).toFixed(1)} s ago` : '';
  return `PostgreSQL ${database.get('reachable') === true ? 'answers' : 'does not answer'}${heartbeat}`;
}

function row(name: string, words: string): string {
  return `  ${name.padEnd(13)}${words}`;
}

function part(status: Members, name: string, line: (found: Members) => string): readonly string[] {
  return status.has(name) ? [line(membersOf(status.get(name)))] : [];
}

function listIn(status: Members, name: string): readonly Members[] {
  const value = status.get(name);
  return Array.isArray(value) ? value.map(membersOf) : [];
}

function placeOf(listener: Members): string {
  const [address, port] = [shown(listener.get('address')), shown(listener.get('port'))];
  if (address === '') return shown(listener.get('path'));
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function sinkLine(sink: Members): string {
  const failure = membersOf(sink.get('failure'));
  const gaps = Number(sink.get('gaps') ?? 0);
  const failing =
    failure.size === 0 ? '' : `; failing since ${shown(failure.get('since'))}: ${shown(failure.get('message'))}`;
  const left = `${sizeOf(sink.get('backlogBytes'))} not delivered yet${gaps === 0 ? '' : `, ${gaps} gaps`}`;
  return row('sink', `${shown(sink.get('name'))}: ${countOf(sink, 'records')} records, ${left}${failing}`);
}

function certificateLine(certificate: Members, nowMs: number): string {
  const until = shown(certificate.get('notAfter'));
  const days = Math.floor((Date.parse(until) - nowMs) / 86_400_000);
  const left = days < 0 ? 'expired' : `${days} days left`;
  return row(
    'certificate',
    `${shown(certificate.get('name'))} until ${until}${Number.isNaN(days) ? '' : ` (${left})`}`,
  );
}

function countOf(members: Members, name: string): string {
  return Number(members.get(name) ?? 0).toLocaleString('en-US');
}

const units = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

function sizeOf(bytes: unknown): string {
  let [amount, unit] = [Number(bytes ?? 0), 0];
  while (amount >= 1000 && unit < units.length - 1) [amount, unit] = [amount / 1000, unit + 1];
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit] ?? ''}`;
}

/** How long ago, in its largest unit and the next one. */
function sinceOf(startedAt: unknown, nowMs: number): string {
  const seconds = Math.floor((nowMs - Date.parse(shown(startedAt))) / 1000);
  if (!(seconds >= 0)) return 'since a time that is not known';
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `for ${days} d ${hours} h`;
  return hours > 0 ? `for ${hours} h ${minutes} min` : `for ${minutes} min ${seconds % 60} s`;
}
