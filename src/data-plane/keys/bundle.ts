import type { Answer } from '../../http/answer.ts';
import { hsmPlatform, keyProperties, publicJwk } from '../../objects/key.ts';
import type { KeyRecord, KeyVersion } from '../../objects/key.ts';
import type { Outcome, VaultScope } from '../../objects/object.ts';
import { objectFacts } from '../facts.ts';
import type { Call } from '../operation.ts';

/** KeyBundle: the public part of one version, never more. */
export function keyBundle(call: Call, key: KeyRecord) {
  const { releasePolicy } = key.current;
  return {
    key: publicJwk(key.current, keyId(call, key)),
    ...keyFacts(call.vault, key.current),
    ...(releasePolicy !== undefined && { release_policy: releasePolicy }),
  };
}

/** KeyItem of a list; its id names no version unless it stands for one. */
export function keyItem(call: Call, key: KeyRecord, version?: string) {
  const kid = `${call.origin}/keys/${key.name}`;
  return { kid: version === undefined ? kid : `${kid}/${version}`, ...keyFacts(call.vault, key.current) };
}

export function keyId(call: Call, { name, current }: KeyRecord): string {
  return `${call.origin}/keys/${name}/${current.version}`;
}

/** The answer of an operation that ends in a version of a key, with what the audit log says of it. */
export function keyAnswer(call: Call, outcome: Outcome<KeyRecord>): Outcome<Answer> {
  if (!outcome.ok) return outcome;
  const { value: key } = outcome;
  const audit = { keyProperties: keyProperties(key.current) };
  return { ...outcome, value: { status: 200, body: keyBundle(call, key) }, audit };
}

function keyFacts(vault: VaultScope, version: KeyVersion) {
  const { attributes, tags } = objectFacts(vault, version);
  return {
    attributes: { ...attributes, exportable: version.exportable === true, hsmPlatform },
    ...(tags !== undefined && { tags }),
    ...(version.managed === true && { managed: true }),
  };
}
