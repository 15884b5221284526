import { wholeSequence } from './der-read.ts';
import type { DerReader } from './der-read.ts';
import { tags } from './der-write.ts';

/** The limits to the names that an authority may certify (RFC 5280 section 4.2.1.10): DNS names and addresses only. */
export interface NameConstraints {
  readonly critical: boolean;
  readonly permittedDnsNames: readonly string[];
  /** Address and mask, as they are encoded: 8 octets for IPv4, 32 for IPv6. */
  readonly excludedAddresses: readonly Uint8Array[];
}

const identifier = '2.5.29.30';
/** Context-specific tags of TBSCertificate, NameConstraints and GeneralName. */
const extensionsTag = 0xa3;
const permittedTag = 0xa0;
const excludedTag = 0xa1;
const dnsNameTag = 0x82;
const addressTag = 0x87;

/**
 * The name constraints of a certificate (DER); `undefined` if it has none.
 * @throws {Malformed} for what is not a certificate
 */
export function readNameConstraints(certificate: Uint8Array): NameConstraints | undefined {
  const body = wholeSequence(certificate, 'the certificate').sequence('the certificate');
  while (!body.done && body.tag !== extensionsTag) body.any('a part of the certificate');
  if (body.done) return undefined;
  const extensions = body.inside(extensionsTag, 'the extensions').sequence('the extensions');
  while (!extensions.done) {
    const one = extensions.sequence('an extension');
    if (one.objectIdentifier('the identifier of an extension') !== identifier) continue;
    const critical = one.optional(tags.boolean, 'the flag of an extension')?.content[0] === 0xff;
    return { critical, ...subtreesOf(one.octetString('the name constraints')) };
  }
  return undefined;
}

function subtreesOf(value: Uint8Array): Omit<NameConstraints, 'critical'> {
  const constraints = wholeSequence(value, 'the name constraints');
  const permitted =
    constraints.tag === permittedTag ? constraints.inside(permittedTag, 'the permitted names') : undefined;
  const excluded = constraints.tag === excludedTag ? constraints.inside(excludedTag, 'the excluded names') : undefined;
  constraints.end();
  return {
    permittedDnsNames: basesOf(permitted, dnsNameTag).map((name) => name.toString('latin1')),
    excludedAddresses: basesOf(excluded, addressTag),
  };
}

/** The bases of the subtrees of this kind. A minimum or maximum, which RFC 5280 does not allow, makes it malformed. */
function basesOf(subtrees: DerReader | undefined, tag: number): readonly Buffer[] {
  const bases: Buffer[] = [];
  for (const { whole } of subtrees?.rest(tags.sequence, 'a subtree of names') ?? []) {
    const subtree = wholeSequence(whole, 'a subtree of names');
    const base = subtree.any('a subtree of names');
    subtree.end();
    if (base.tag === tag) bases.push(base.content);
  }
  return bases;
}
