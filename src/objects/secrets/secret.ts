import { objectLimits, changedFacts, checkParameters, newFacts } from '../parameters.ts';
import type { ObjectParameters } from '../parameters.ts';
import { auditedAttributes, refused } from '../object.ts';
import type { ObjectVersion, Outcome } from '../object.ts';
import type { ObjectRefusal } from '../refusal.ts';
import { writePem } from '../../crypto/certificates/pem.ts';
import { readPkcs12Contents } from '../../crypto/certificates/pkcs12.ts';
import { describeRefusal } from '../../crypto/certificates/refusal.ts';
import { wait } from '../../store/records.ts';
import type { Reading } from '../../store/records.ts';

/** One version of a secret. */
export interface SecretVersion extends ObjectVersion {
  readonly value: string;
  readonly contentType?: string;
  /** True for the secret of a certificate; only the certificate's operations change and delete it. */
  readonly managed?: true;
  /** For the secret of a certificate: the version that was current before this one. */
  readonly previousVersion?: string;
}

/** A secret from a client; every member is optional in an update. */
export interface SecretParameters extends ObjectParameters {
  readonly contentType?: string;
}

/** A new version of a secret. */
export function newSecretVersion(
  parameters: SecretParameters & { readonly value: string },
  made: { readonly version: string; readonly nowSeconds: number },
): SecretVersion {
  const { value, contentType } = parameters;
  const facts = newFacts(parameters, made.nowSeconds);
  return { version: made.version, value, ...facts, ...(contentType !== undefined && { contentType }) };
}

/** The version with the changes of an update. */
export function updateSecretVersion<V extends SecretVersion>(
  before: V,
  parameters: SecretParameters,
  nowSeconds: number,
): Outcome<V> {
  const facts = changedFacts(before, parameters, nowSeconds);
  if (!facts.ok) return facts;
  const { contentType } = parameters;
  return { ok: true, value: { ...before, ...facts.value, ...(contentType !== undefined && { contentType }) } };
}

/** `secretProperties` of the audit record, in the form of `keyProperties`. */
export function secretProperties({ contentType, attributes }: SecretVersion): Readonly<Record<string, unknown>> {
  return { type: contentType, attributes: auditedAttributes(attributes) };
}

/** Checks the limits of a secret's parameters; `undefined` if they are met. */
export function checkSecret(parameters: SecretParameters & { readonly value?: string }): ObjectRefusal | undefined {
  const { value, contentType } = parameters;
  const bytes = value === undefined ? 0 : Buffer.byteLength(value);
  if (bytes > objectLimits.secretValueBytes) {
    return bad(`The secret's value has ${bytes} bytes; at most ${objectLimits.secretValueBytes} are allowed.`);
  }
  if (contentType !== undefined && contentType.length > objectLimits.contentType) {
    return bad(`contentType has ${contentType.length} characters; at most ${objectLimits.contentType} are allowed.`);
  }
  return checkParameters(parameters);
}

function bad(message: string): ObjectRefusal {
  return { kind: 'badParameter', message };
}

/**
 * The secret of a certificate in the format that the reader requests (`outContentType`).
 * "Currently, only PFX to PEM conversion is supported" (`GetSecretOptions.outContentType`).
 */
export function* secretAs(secret: SecretVersion, asked: string): Reading<Outcome<SecretVersion>> {
  if (asked !== 'application/x-pem-file' && asked !== 'application/x-pkcs12') {
    return notConverted(
      `outContentType is '${asked.slice(0, 64)}'; it may be application/x-pem-file or application/x-pkcs12.`,
    );
  }
  if (secret.managed !== true) {
    return notConverted(
      'outContentType converts the secret of a certificate, and this is not the secret of a certificate: leave it out.',
    );
  }
  if (secret.contentType === asked) return { ok: true, value: secret };
  if (asked === 'application/x-pkcs12') {
    return notConverted(
      'The secret is stored as application/x-pem-file, and only PFX to PEM conversion is supported: leave outContentType out.',
    );
  }
  const read = yield* wait(readPkcs12Contents(Buffer.from(secret.value, 'base64'), ''));
  if (!read.ok) return notConverted(describeRefusal(read.refusal));
  const { material, certificates } = read.value;
  return { ok: true, value: { ...secret, value: writePem({ material, certificates }), contentType: asked } };
}

function notConverted(message: string) {
  return refused({ kind: 'badParameter', message });
}
