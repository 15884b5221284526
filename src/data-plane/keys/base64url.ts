import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { textMember } from '../body.ts';

/** A member that is octets in base64url (RFC 4648 section 5), if it is there; some clients pad it. */
export function octetsMember(
  members: Readonly<Record<string, unknown>>,
  name: string,
): Outcome<Uint8Array | undefined> {
  const text = textMember(members, name);
  if (!text.ok || text.value === undefined) return text.ok ? { ok: true, value: undefined } : text;
  const octets = Buffer.from(text.value, 'base64url');
  // Node skips what is none of the alphabet; only what was read whole comes back the same.
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
