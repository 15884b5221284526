import type { ApplicationProperties } from '../../directory/applications.ts';
import { readCertificate } from '../../directory/credentials.ts';
import type { ApplicationRecord, KeyCredential } from '../../directory/records.ts';
import { dateTime, emptyList, flag, invalid, list, object, only, text } from '../body.ts';

const redirects = object({ redirectUris: list(text) });

const readKeyCredential = object({
  customKeyIdentifier: text,
  displayName: text,
  endDateTime: dateTime,
  key: text,
  keyId: text,
  startDateTime: dateTime,
  type: only('AsymmetricX509Cert'),
  usage: only('Verify'),
});

const read = object({
  api: object({ requestedAccessTokenVersion: (value, at) => (value === 1 ? 1 : invalid(at, 'only 1 is supported')) }),
  appRoles: emptyList,
  displayName: text,
  identifierUris: list(text),
  isFallbackPublicClient: flag,
  keyCredentials: list(readKeyCredential),
  publicClient: redirects,
  requiredResourceAccess: emptyList,
  signInAudience: only('AzureADMyOrg'),
  spa: redirects,
  tags: emptyList,
  web: redirects,
});

/** What a body says of an application; `before` is the one that it changes. */
export function applicationPropertiesOf(
  body: unknown,
  { before, newId }: { readonly before?: ApplicationRecord; readonly newId: () => string },
): ApplicationProperties {
  const { displayName, identifierUris, isFallbackPublicClient, keyCredentials, publicClient, spa, web } = read(
    body,
    '',
  );
  const redirectUris = {
    publicClient: publicClient?.redirectUris ?? before?.redirectUris.publicClient ?? [],
    spa: spa?.redirectUris ?? before?.redirectUris.spa ?? [],
    web: web?.redirectUris ?? before?.redirectUris.web ?? [],
  };
  const known = before?.keyCredentials ?? [];
  return {
    ...(displayName !== undefined && { displayName }),
    ...(identifierUris !== undefined && { identifierUris }),
    ...(isFallbackPublicClient !== undefined && { isFallbackPublicClient }),
    ...(keyCredentials !== undefined && {
      keyCredentials: keyCredentials.map((given, index) => keyCredentialOf(given, { known, newId, index })),
    }),
    redirectUris,
  };
}

/** One that was given back as it was shown, without its key, is the one that there is. */
function keyCredentialOf(
  given: ReturnType<typeof readKeyCredential>,
  {
    known,
    newId,
    index,
  }: { readonly known: readonly KeyCredential[]; readonly newId: () => string; readonly index: number },
): KeyCredential {
  const at = `keyCredentials[${index}].key`;
  const kept = known.find(({ keyId }) => keyId === given.keyId?.toLowerCase());
  if (given.key === undefined) return kept ?? invalid(at, 'A value is required');
  const { keyId = newId(), displayName } = given;
  const certificate = readCertificate(Buffer.from(given.key, 'base64'), { keyId: keyId.toLowerCase(), displayName });
  if (!certificate.ok) return invalid(at, certificate.rule);
  const { startDateTime, endDateTime } = given;
  return {
    ...certificate.credential,
    ...(startDateTime !== undefined && { startDateTime }),
    ...(endDateTime !== undefined && { endDateTime }),
  };
}
