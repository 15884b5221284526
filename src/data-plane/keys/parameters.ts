import { parseJsonBody } from '../../http/request.ts';
import type { KeyParameters, ReleasePolicy } from '../../objects/keys/key.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { checkParameters } from '../../objects/parameters.ts';
import { bodyMembers, objectParameters, textMember } from '../body.ts';

type Members = Readonly<Record<string, unknown>>;

/** Attributes that only keys have. All but the first are the server's to make. */
const keyAttributes = ['exportable', 'hsmPlatform', 'attestation'];

/** What a client says of a key, with its limits checked; `keyOps` are where the operation has them. */
export function keyParameters(members: Members, keyOps: unknown): Outcome<KeyParameters> {
  const facts = objectParameters(members, keyAttributes);
  if (!facts.ok) return facts;
  const purposes = textsMember(keyOps, 'key_ops');
  if (!purposes.ok) return purposes;
  const exportable = exportableOf(members['attributes']);
  if (!exportable.ok) return exportable;
  const releasePolicy = releasePolicyOf(members['release_policy']);
  if (!releasePolicy.ok) return releasePolicy;
  const refusal = checkParameters(facts.value);
  if (refusal !== undefined) return refused(refusal);
  const value = {
    ...facts.value,
    ...(purposes.value !== undefined && { keyOps: purposes.value }),
    ...(exportable.value !== undefined && { exportable: exportable.value }),
    ...(releasePolicy.value !== undefined && { releasePolicy: releasePolicy.value }),
  };
  return { ok: true, value };
}

/** A member that is a whole number if it is there. */
export function numberMember(members: Members, name: string): Outcome<number | undefined> {
  const value = members[name] ?? undefined;
  if (value === undefined) return { ok: true, value };
  return typeof value === 'number' && Number.isSafeInteger(value)
    ? { ok: true, value }
    : bad(`${name} must be a whole number.`);
}

/** A member of `attributes` that is true or false if it is there. */
function exportableOf(attributes: unknown): Outcome<boolean | undefined> {
  // That it is an object, if anything, `objectParameters` has seen.
  const exportable: unknown = Object.entries(attributes ?? {}).find(([name]) => name === 'exportable')?.[1];
  return flagMember(exportable, 'attributes.exportable');
}

function releasePolicyOf(found: unknown): Outcome<ReleasePolicy | undefined> {
  if (found === undefined || found === null) return { ok: true, value: undefined };
  const members = bodyMembers(found, ['contentType', 'data', 'immutable']);
  if (!members.ok) return bad('release_policy must be an object of contentType, data and immutable.');
  const contentType = textMember(members.value, 'contentType');
  if (!contentType.ok) return contentType;
  const immutable = flagMember(members.value['immutable'], 'release_policy.immutable');
  if (!immutable.ok) return immutable;
  const data = octetsMember(members.value, 'data');
  if (!data.ok) return data;
  if (data.value === undefined || !isJsonObject(data.value)) {
    return bad('release_policy.data must be a JSON object in base64url.');
  }
  const value = {
    contentType: contentType.value ?? 'application/json; charset=utf-8',
    data: Buffer.from(data.value).toString('base64url'),
    immutable: immutable.value ?? false,
  };
  return { ok: true, value };
}

/** A member that is octets in base64url (RFC 4648 section 5), if it is there; some clients pad it. */
export function octetsMember(
  members: Readonly<Record<string, unknown>>,
  name: string,
): Outcome<Uint8Array | undefined> {
  const text = textMember(members, name);
  if (!text.ok || text.value === undefined) return text.ok ? { ok: true, value: undefined } : text;
  const octets = Buffer.from(text.value, 'base64url');
  // Node skips characters outside the alphabet; only a string without them is the same when it is encoded again.
  if (octets.toString('base64url') === text.value.replace(/={1,2}$/, '')) return { ok: true, value: octets };
  const message =
    name === 'value'
      ? "Content of 'value' is not base64url.\r\nProperty 'value' is required.\r\n"
      : `The member ${name} is not base64url (RFC 4648 section 5).`;
  return refused({ kind: 'badParameter', message });
}

export function base64url(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('base64url');
}

/** What is true or false, if it is there. */
export function flagMember(value: unknown, name: string): Outcome<boolean | undefined> {
  if (value === undefined || value === null) return { ok: true, value: undefined };
  return typeof value === 'boolean' ? { ok: true, value } : bad(`${name} must be true or false.`);
}

function textsMember(value: unknown, name: string): Outcome<readonly string[] | undefined> {
  if (value === undefined || value === null) return { ok: true, value: undefined };
  return isTexts(value) ? { ok: true, value } : bad(`${name} must be a list of strings.`);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((member) => typeof member === 'string');
}

function isJsonObject(octets: Uint8Array): boolean {
  const parsed = parseJsonBody(Buffer.from(octets));
  return parsed.ok && typeof parsed.value === 'object' && parsed.value !== null && !Array.isArray(parsed.value);
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
