import { shown } from '../../lines/terminal.ts';
import { membersOf } from '../json.ts';

type Members = ReadonlyMap<string, unknown>;

/** The time and the mark of an entry, for a person at a terminal or for another program. */
export interface EntryStyle {
  readonly isTerminal: boolean;
}

/** An entry of a vault's activity in one line: time, result, operation, vault, caller, source, and the reason. */
export function entryLine(entry: unknown, { isTerminal }: EntryStyle): string {
  const members = membersOf(entry);
  const succeeded = Number(members.get('status')) < 400;
  const mark = isTerminal ? (succeeded ? '✓' : '✗') : succeeded ? 'ok' : 'refused';
  return [
    timeOf(shown(members.get('time')), isTerminal),
    mark,
    shown(members.get('operation')),
    shown(membersOf(members.get('vault')).get('name')),
    callerOf(members),
    sourceOf(members),
    reasonOf(members, succeeded),
  ].join('  ');
}

/** On a terminal the time of day there. */
function timeOf(time: string, isTerminal: boolean): string {
  const at = new Date(time);
  if (!isTerminal || Number.isNaN(at.getTime())) return time.replace(/(\.\d{3})\d*Z$/, '$1Z');
  return at.toTimeString().slice(0, 'hh:mm:ss'.length);
}

function callerOf(members: Members): string {
  if (!members.has('source')) return 'the service itself';
  const caller = membersOf(members.get('caller'));
  const service = shown(membersOf(members.get('verdict')).get('trustedService'));
  const [name, application, object] = ['name', 'applicationId', 'objectId'].map((each) => shown(caller.get(each)));
  if (name !== undefined && name !== '') return name;
  if (service !== '') return service;
  if (application !== undefined && application !== '') return `app ${application}`;
  return object === undefined || object === '' ? 'no caller' : object;
}

function sourceOf(members: Members): string {
  const source = membersOf(members.get('source'));
  const address = shown(source.get('address')) || '-';
  const [, network, subnet] = /\/virtualnetworks\/([^/]+)\/subnets\/([^/]+)$/i.exec(shown(source.get('subnet'))) ?? [];
  return network === undefined ? address : `${address} (${network}/${subnet})`;
}

function reasonOf(members: Members, succeeded: boolean): string {
  const verdict = membersOf(members.get('verdict'));
  const because = shown(verdict.get('because'));
  if (verdict.get('allowed') === false) return shown(verdict.get('explanation')).replace(/^Denied: /, '') || because;
  const permission = membersOf(members.get('permission'));
  if (permission.get('allowed') === false) return `the permission is missing (${shown(permission.get('by'))})`;
  if (!succeeded) return `${shown(members.get('status'))} ${firstLine(members.get('message'))}`.trimEnd();
  const rule = shown(verdict.get('rule'));
  return rule === '' ? because : `${because} ${rule.split('/').slice(-3).join('/')}`;
}

function firstLine(message: unknown): string {
  const [first] = typeof message === 'string' ? message.split('\n') : [];
  return shown(first);
}
