import type { Answer } from '../../http/answer.ts';
import { refused } from '../../objects/object.ts';
import type { ObjectRecord, Outcome, VaultScope } from '../../objects/object.ts';
import { checkSecret, secretProperties } from '../../objects/secret.ts';
import type { SecretParameters, SecretVersion } from '../../objects/secret.ts';
import { bodyMembers, objectParameters, textMember } from '../body.ts';
import { objectFacts } from '../facts.ts';
import type { Call } from '../operation.ts';

type Secret = ObjectRecord<SecretVersion>;

/** SecretBundle, without the value where the operation does not disclose it. */
export function secretBundle(call: Call, secret: Secret, show: { readonly value: boolean }) {
  const { current } = secret;
  const { previousVersion } = current;
  return {
    ...(show.value && { value: current.value }),
    id: `${call.origin}/secrets/${secret.name}/${current.version}`,
    ...secretFacts(call.vault, current),
    ...(current.managed && { kid: `${call.origin}/keys/${secret.name}/${current.version}` }),
    ...(previousVersion !== undefined && knowsPreviousVersion(call) && { previousVersion }),
  };
}

/** "Only populated when the secret was retrieved using API version 2025-07-01 or later" (`SecretProperties.previousVersion`). */
function knowsPreviousVersion({ apiVersion }: Call): boolean {
  // The older ones by number, 7.0 to 7.6, are not comparable with those by date.
  return !apiVersion.startsWith('7.') && apiVersion >= '2025-07-01';
}

/** The answer of an operation that ends in a version of a secret, with what the audit log says of it. */
export function secretAnswer(
  call: Call,
  outcome: Outcome<Secret>,
  show: { readonly value: boolean } = { value: false },
): Outcome<Answer> {
  if (!outcome.ok) return outcome;
  const { value: secret } = outcome;
  const audit = { secretProperties: secretProperties(secret.current) };
  return { ...outcome, value: { status: 200, body: secretBundle(call, secret, show) }, audit };
}

/** SecretItem of a list; its id names no version unless it stands for one. */
export function secretItem(call: Call, secret: Secret, version?: string) {
  const id = `${call.origin}/secrets/${secret.name}`;
  return { id: version === undefined ? id : `${id}/${version}`, ...secretFacts(call.vault, secret.current) };
}

function secretFacts(vault: VaultScope, version: SecretVersion) {
  const { contentType, managed } = version;
  return {
    ...(contentType !== undefined && { contentType }),
    ...objectFacts(vault, version),
    ...(managed && { managed }),
  };
}

/** The parameters of a set or an update, with their limits checked. */
export function secretParameters(body: unknown): Outcome<SecretParameters & { readonly value?: string }> {
  const members = bodyMembers(body, ['value', 'contentType', 'tags', 'attributes']);
  if (!members.ok) return members;
  const value = textMember(members.value, 'value');
  if (!value.ok) return value;
  const contentType = textMember(members.value, 'contentType');
  if (!contentType.ok) return contentType;
  const facts = objectParameters(members.value);
  if (!facts.ok) return facts;
  const parameters = {
    ...(value.value !== undefined && { value: value.value }),
    ...(contentType.value !== undefined && { contentType: contentType.value }),
    ...facts.value,
  };
  const refusal = checkSecret(parameters);
  return refusal === undefined ? { ok: true, value: parameters } : refused(refusal);
}
