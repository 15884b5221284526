import { parseJsonBody } from '../../http/request.ts';
import { accept, breached, wrong } from '../../shape/fault.ts';
import { array, boolean, each, ignored, object, optional, partial, refine, string } from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import { attributesWith, objectMembers, objectOr } from '../body.ts';
import type { BodyShape } from '../body.ts';

/** The shape of bytes in base64url (RFC 4648 section 5), which some clients pad. `name` is the name of the member. */
function octets(name: string): BodyShape<Uint8Array> {
  return refine(string, (text) => decoded(text) ?? notBase64url(text, name));
}

/**
 * What an operation with a key takes besides: base64 with `+`, `/` and its padding (RFC 4648 section 4). Azure Disk
 * Encryption sends that to wrapKey and encrypt ("Sample scripts": `ToBase64String`).
 */
export function operand(name: string): BodyShape<Uint8Array> {
  return refine(string, (text) => decoded(text) ?? decodedStandard(text) ?? notBase64url(text, name));
}

// Node skips characters outside the alphabet. Only a string without them is the same when it is encoded again.
function decoded(text: string) {
  const read = Buffer.from(text, 'base64url');
  return read.toString('base64url') === text.replace(/={1,2}$/, '') ? accept(read) : undefined;
}

function decodedStandard(text: string) {
  const read = Buffer.from(text, 'base64');
  return read.toString('base64') === text ? accept(read) : undefined;
}

function notBase64url(text: string, name: string) {
  return breached(
    text,
    name === 'value'
      ? "Content of 'value' is not base64url.\r\nProperty 'value' is required.\r\n"
      : `The member ${name} is not base64url (RFC 4648 section 5).`,
  );
}

export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** `key_ops`: what the key may be used for. */
export const purposes: BodyShape<readonly string[]> = (value) => {
  const read = array(string)(value);
  return read.ok ? read : breached(value, 'key_ops must be a list of strings.');
};

export const wholeNumber: Shape<number> = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) ? accept(value) : wrong(value, 'a whole number');

const releasePolicy = refine(
  objectOr(
    'release_policy must be an object of contentType, data and immutable.',
    object({
      contentType: optional(string, 'application/json; charset=utf-8'),
      data: optional(octets('data')),
      immutable: optional(boolean, false),
    }),
  ),
  ({ data, ...others }) =>
    data !== undefined && isJsonObject(data)
      ? accept({ ...others, data: base64url(data) })
      : breached(data, 'release_policy.data must be a JSON object in base64url.'),
);

function isJsonObject(bytes: Uint8Array): boolean {
  const parsed = parseJsonBody(Buffer.from(bytes));
  return parsed.ok && typeof parsed.value === 'object' && parsed.value !== null && !Array.isArray(parsed.value);
}

/** The attributes of keys. The server sets `hsmPlatform` and `attestation`. */
const keyAttributes = attributesWith({
  ...partial({ exportable: boolean }),
  ...each(['hsmPlatform', 'attestation'], ignored),
});

/** The members in the body of every operation that makes or changes a version, with their names here where they differ. */
export const keyMembers = {
  tags: objectMembers.tags,
  attributes: optional(keyAttributes, {}),
  release_policy: optional(releasePolicy),
};
export const keyNames = { key_ops: 'keyOps', release_policy: 'releasePolicy' } as const;
