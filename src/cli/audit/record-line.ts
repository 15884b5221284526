import { shown } from '../../lines/terminal.ts';
import { membersOf } from '../json.ts';
import { verdictOf } from './question.ts';
import type { Found } from './question.ts';

/** A record in one line: time, status, what decided, operation, object, address and caller. */
export function recordLine(record: Found): string {
  const properties = membersOf(record.get('properties'));
  const text = (name: string): string => shown(record.get(name));
  return [
    text('time').replace(/(\.\d{3})\d*Z$/, '$1Z'),
    shown(properties.get('httpStatusCode')),
    decision(record),
    text('operationName'),
    objectOf(record, properties),
    shown(record.get('callerIpAddress')) || '-',
    callerOf(record),
  ].join('  ');
}

/**
 * A record as JSON, as it is in the log, but with the escapes of JSON (RFC 8259 section 7) for every control character. The log
 * has those above U+007E as they came, for example in a client's `User-Agent`.
 */
export function jsonLine(line: string): string {
  return line.replaceAll(control, (character) =>
    // Lower ones are between the parts only: in a string JSON does not allow them.
    character < ' ' ? ' ' : character.split('').map(escape).join(''),
  );
}

function escape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The characters that a terminal may obey, or order a line by, instead of showing them. */
const control = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

function decision(record: Found): string {
  const { allowed, because, lacksPermission } = verdictOf(record);
  if (lacksPermission) return 'permission';
  return allowed === undefined ? '-' : shown(because);
}

/** `vault/secrets/name`, or the resource. */
function objectOf(record: Found, properties: Found): string {
  const vault = /\/VAULTS\/([^/]+)$/i.exec(shown(record.get('resourceId')))?.[1]?.toLowerCase();
  const path = /^https:\/\/[^/]+\/(.+)$/.exec(shown(properties.get('id')))?.[1];
  if (vault === undefined) return shown(record.get('resourceId')).split('/').at(-1) ?? '';
  return path === undefined ? vault : `${vault}/${path}`;
}

function callerOf(record: Found): string {
  const claims = membersOf(membersOf(record.get('identity')).get('claim'));
  const name = shown(claims.get('upn'));
  if (name !== '') return name;
  const service = shown(membersOf(record.get('properties')).get('trustedService'));
  if (service !== '') return service;
  const [application, object] = [shown(claims.get('appid')), shown(claims.get('oid'))];
  return application === '' ? object || '-' : `appid=${application}`;
}
