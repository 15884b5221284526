import type { Caller } from '../types/caller.ts';
import type { LogRecord } from './activity.ts';
import { addDecision, clip, identityOf, longest, timeOf, tlsName, withoutToken } from './record.ts';
import type { AuditCategory, AuditEvent, Decided } from './record.ts';

/** A record as the log has it: one line of JSON. */
export interface RecordLine {
  readonly category: AuditCategory;
  /** In upper case, as the record has it. */
  readonly resourceId: string;
  readonly text: string;
}

export function lineOf(record: LogRecord): RecordLine {
  return { category: record.category, resourceId: record.resourceId, text: JSON.stringify(record) };
}

/** The record of a line. */
export function recordIn({ text }: RecordLine): LogRecord {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the line was written of a record
  return JSON.parse(text) as LogRecord;
}

/** A request of a caller that was answered 200, as most reads are. */
export interface ReadEvent extends Required<
  Pick<AuditEvent, 'at' | 'durationMs' | 'operationName' | 'apiVersion' | 'correlationId'>
> {
  readonly resource: ResourceText;
  readonly caller: Caller;
  /** `decisionText` of it. */
  readonly decision: string;
  /** Absent when the ingress could not say where the request came from. */
  readonly callerIpAddress: string | undefined;
  readonly requestUri: string;
  readonly objectId: string;
  readonly userAgent: string | undefined;
  readonly tlsVersion: string | undefined;
  /** What the operation adds; none of it has a name that every record has. */
  readonly properties: Readonly<Record<string, unknown>> | undefined;
}

/** A resource's id as records have it. */
export interface ResourceText {
  readonly id: string;
  /** As JSON. */
  readonly text: string;
}

export function resourceText(resourceId: string): ResourceText {
  const id = clip(resourceId, longest.text).toUpperCase();
  return { id, text: JSON.stringify(id) };
}

/** The properties of a record that say what was decided, as JSON between the braces of an object. */
export function decisionText(decided: Decided): string {
  return JSON.stringify(addDecision({}, decided)).slice(1, -1);
}

/**
 * What `auditRecord` makes of a read, as its line. Most of it is the same from one request to the next, and is written
 * once: the caller's identity, the resource, and what was decided.
 */
export function readLine(event: ReadEvent): RecordLine {
  const { resource, caller, callerIpAddress, userAgent, tlsVersion, decision, properties } = event;
  const from = callerIpAddress === undefined ? '' : `,"callerIpAddress":${JSON.stringify(callerIpAddress)}`;
  const client = userAgent === undefined ? '' : `,"clientInfo":${JSON.stringify(clip(userAgent, longest.text))}`;
  const tls = tlsVersion === undefined ? '' : `,"tlsVersion":${JSON.stringify(tlsName(tlsVersion))}`;
  const own = properties === undefined ? '' : membersText(properties);
  const text =
    `{"time":"${timeOf(event.at)}","resourceId":${resource.text},"category":"AuditEvent"` +
    `,"operationName":${JSON.stringify(event.operationName)}` +
    `,"operationVersion":${JSON.stringify(clip(event.apiVersion, longest.id))}` +
    `,"resultType":"Success","resultSignature":"OK","durationMs":"${Math.max(0, Math.round(event.durationMs))}"${from}` +
    `,"correlationId":${JSON.stringify(clip(event.correlationId, longest.id))},"identity":${identityText(caller)}` +
    `,"properties":{${own}"httpStatusCode":200,"id":${uri(event.objectId)}${client},"requestUri":${uri(event.requestUri)}${tls}` +
    `${decision === '' ? '' : ','}${decision}}}`;
  return { category: 'AuditEvent', resourceId: resource.id, text };
}

/** The members of an object as JSON, each followed by a comma. */
function membersText(properties: Readonly<Record<string, unknown>>): string {
  const members = JSON.stringify(properties).slice(1, -1);
  return members === '' ? '' : `${members},`;
}

function uri(text: string): string {
  return JSON.stringify(clip(withoutToken(text), longest.text));
}

/** A caller is one object for as long as its token is cached. */
const identities = new WeakMap<Caller, string>();

function identityText(caller: Caller): string {
  const known = identities.get(caller);
  if (known !== undefined) return known;
  const text = JSON.stringify(identityOf(caller));
  identities.set(caller, text);
  return text;
}
