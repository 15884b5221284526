import type { LogRecord } from './activity.ts';
import type { AuditCategory, AuditEvent } from './event.ts';
import { addDecision, clip, identityOf, longest, timeOf, tlsName, withoutToken } from './record.ts';

/** A record in the log's form: one line of JSON. */
export interface RecordLine {
  readonly category: AuditCategory;
  /** In upper case, as in the record. */
  readonly resourceId: string;
  readonly text: string;
  /** Of a read's line that was made of a record. */
  readonly record?: LogRecord;
  /** Of a read's line that is made directly: the parts that it shares with others, and when the request arrived. */
  readonly frame?: LineFrame;
  readonly atMs?: number;
}

export function lineOf(record: LogRecord): RecordLine {
  return { category: record.category, resourceId: record.resourceId, text: JSON.stringify(record) };
}

type Connected = Pick<
  AuditEvent,
  'operationName' | 'apiVersion' | 'resourceId' | 'source' | 'userAgent' | 'tlsVersion'
>;
type Decision = Pick<AuditEvent, 'caller' | 'verdict' | 'rule' | 'explanation' | 'access'>;

/** The parts that are often the same for the requests of a connection: caller, resource and decisions. */
export type FrameEvent = Connected & Decision;

/** The parts of one read that was answered with 200. The names in `properties` differ from those of every record. */
export interface ReadEvent extends Pick<AuditEvent, 'at' | 'durationMs' | 'correlationId' | 'properties'> {
  readonly requestUri: string;
  readonly objectId: string;
}

/** The fixed strings of a line, between the parts that differ in each, in order. */
export interface LineFrame {
  readonly resourceId: string;
  readonly fromTime: string;
  readonly fromDuration: string;
  readonly fromCorrelation: string;
  readonly fromObject: string;
  readonly fromRequest: string;
}

/** The frame for the lines of reads that agree in all of this. */
export function lineFrame(event: FrameEvent): LineFrame {
  const { source, caller, userAgent, tlsVersion } = event;
  const resourceId = clip(event.resourceId, longest.text).toUpperCase();
  const operation = {
    resourceId,
    category: 'AuditEvent',
    operationName: event.operationName,
    operationVersion: clip(event.apiVersion, longest.id),
    resultType: 'Success',
    resultSignature: 'OK',
  };
  const from = source === undefined || source.kind === 'unknown' ? {} : { callerIpAddress: source.address.text };
  const identity = caller === undefined ? {} : { identity: identityOf(caller) };
  const client = userAgent === undefined ? {} : { clientInfo: clip(userAgent, longest.text) };
  const decided = addDecision(tlsVersion === undefined ? {} : { tlsVersion: tlsName(tlsVersion) }, event);
  return {
    resourceId,
    fromTime: `",${members(operation)},"durationMs":"`,
    fromDuration: `",${followed(members(from))}"correlationId":"`,
    fromCorrelation: `",${followed(members(identity))}"properties":{`,
    fromObject: `",${followed(members(client))}"requestUri":"`,
    fromRequest: `"${preceded(members(decided))}}}`,
  };
}

/** The line of the record that `auditRecord` would make of a read. */
export function readLine(frame: LineFrame, event: ReadEvent): RecordLine {
  const own = event.properties === undefined ? '' : followed(members(event.properties));
  const text =
    `{"time":"${timeOf(event.at)}${frame.fromTime}${Math.max(0, Math.round(event.durationMs))}${frame.fromDuration}` +
    `${escaped(clip(event.correlationId, longest.id))}${frame.fromCorrelation}${own}"httpStatusCode":200,"id":"` +
    `${escapedUri(event.objectId)}${frame.fromObject}${escapedUri(event.requestUri)}${frame.fromRequest}`;
  return { category: 'AuditEvent', resourceId: frame.resourceId, text, frame, atMs: event.at };
}

/** The members of an object as JSON, without its braces. */
function members(object: object): string {
  return JSON.stringify(object).slice(1, -1);
}

function followed(text: string): string {
  return text === '' ? '' : `${text},`;
}

function preceded(text: string): string {
  return text === '' ? '' : `,${text}`;
}

/** Any character except printable ASCII that JSON does not escape. */
const toEscape = /[^ !#-[\]-~]/;

/** The same, with characters that a URI with a token must have (`withoutToken`). */
const toLookAt = /[^!#$&-[\]^`-~]|eyJ/;

/** A string as JSON has it between its quotes. Checking whether anything must be escaped is cheaper than escaping. */
function escaped(text: string): string {
  return toEscape.test(text) ? JSON.stringify(text).slice(1, -1) : text;
}

function escapedUri(uri: string): string {
  if (uri.length <= longest.text && !toLookAt.test(uri)) return uri;
  return escaped(clip(withoutToken(uri), longest.text));
}
