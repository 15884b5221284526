import type { CertificateParameters } from '../../objects/certificate.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { checkParameters } from '../../objects/parameters.ts';
import { objectParameters } from '../body.ts';
import type { Call } from '../operation.ts';

/** `attributes`, `tags` and the order of certificates, as every operation that makes a version takes them. */
export function certificateParameters(members: {
  readonly attributes?: unknown;
  readonly tags?: unknown;
  readonly preserveCertOrder?: boolean;
}): Outcome<CertificateParameters> {
  const { preserveCertOrder } = members;
  const facts = objectParameters({ attributes: members.attributes, tags: members.tags });
  if (!facts.ok) return facts;
  const refusal = checkParameters(facts.value);
  if (refusal !== undefined) return refused(refusal);
  return { ok: true, value: { ...facts.value, ...(preserveCertOrder !== undefined && { preserveCertOrder }) } };
}

/** `includePending` of a list: whether it has also what is not issued yet. */
export function includePending(call: Call): Outcome<boolean> {
  const found = call.query['includePending'] ?? 'false';
  if (/^(?:true|false)$/i.test(found)) return { ok: true, value: found.toLowerCase() === 'true' };
  const message = `includePending is '${found.slice(0, 64)}'; it must be true or false.`;
  return refused({ kind: 'badParameter', message });
}

/** Bytes as base64 (RFC 4648 section 4), also with line breaks; `undefined` for what is not. */
export function base64(text: string): Uint8Array | undefined {
  const packed = text.replaceAll(/[\r\n]/g, '');
  return packed !== '' && /^[A-Za-z0-9+/]+={0,2}$/.test(packed) ? Buffer.from(packed, 'base64') : undefined;
}
