import { writePem } from '../crypto/certificates/pem.ts';
import { readPkcs12Contents } from '../crypto/certificates/pkcs12.ts';
import { describeRefusal } from '../crypto/certificates/refusal.ts';
import { wait } from '../store/reading.ts';
import type { Reading } from '../store/reading.ts';
import { refused } from './object.ts';
import type { Outcome } from './object.ts';
import type { SecretVersion } from './secret.ts';

/**
 * The secret of a certificate in the format that a reader asks for (`outContentType`); as it is stored when none is asked
 * for. "Currently, only PFX to PEM conversion is supported" (`GetSecretOptions.outContentType`).
 */
export function* secretAs(secret: SecretVersion, asked: string | undefined): Reading<Outcome<SecretVersion>> {
  if (asked === undefined) return { ok: true, value: secret };
  if (asked !== 'application/x-pem-file' && asked !== 'application/x-pkcs12') {
    return bad(`outContentType is '${asked.slice(0, 64)}'; it may be application/x-pem-file or application/x-pkcs12.`);
  }
  if (secret.managed !== true) {
    return bad('outContentType converts the secret of a certificate, and this secret is none: leave it out.');
  }
  if (secret.contentType === asked) return { ok: true, value: secret };
  if (asked === 'application/x-pkcs12') {
    return bad(
      'The secret is stored as application/x-pem-file, and only PFX to PEM conversion is supported: leave outContentType out.',
    );
  }
  const read = yield* wait(readPkcs12Contents(Buffer.from(secret.value, 'base64'), ''));
  if (!read.ok) return bad(describeRefusal(read.refusal));
  const { material, certificates } = read.value;
  return { ok: true, value: { ...secret, value: writePem({ material, certificates }), contentType: asked } };
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
