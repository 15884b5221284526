import { tags } from './der-write.ts';

/** One type of attribute of an X.500 name. */
export interface AttributeType {
  /** The name that is written; the aliases are read too. */
  readonly name: string;
  readonly identifier: string;
  readonly aliases: readonly string[];
  /** The string type of the value, and what it may contain; see `tagOf`. */
  readonly tag: number;
  readonly allowed: Alphabet;
  /** In characters: the upper bounds of RFC 5280 appendix A.1. */
  readonly most: number;
}

interface Alphabet {
  readonly pattern: RegExp;
  readonly rule: string;
}

const anything: Alphabet = { pattern: /^/, rule: 'any character is allowed' };
const printable: Alphabet = {
  pattern: /^[A-Za-z0-9 '()+,\-./:=?]*$/,
  rule: `only the letters A to Z, digits, spaces and '()+,-./:=? are allowed`,
};
const country: Alphabet = {
  pattern: /^[A-Za-z]{2}$/,
  rule: 'a country is two letters (ISO 3166)',
};
const ascii: Alphabet = { pattern: /^\p{ASCII}*$/u, rule: 'only ASCII characters are allowed' };

function text(name: string, identifier: string, most: number, aliases: readonly string[] = []): AttributeType {
  return { name, identifier, most, aliases, tag: tags.utf8String, allowed: anything };
}

/** A DirectoryString is a PrintableString where that alphabet suffices (X.680 section 41.4), as in Azure's requests. */
export function tagOf({ tag }: AttributeType, value: string): number {
  return tag === tags.utf8String && printable.pattern.test(value) ? tags.printableString : tag;
}

/** RFC 4514 section 3, RFC 4519, and the names that Windows and OpenSSL use. */
export const attributeTypes: readonly AttributeType[] = [
  text('CN', '2.5.4.3', 64, ['commonName']),
  text('O', '2.5.4.10', 64, ['organizationName']),
  text('OU', '2.5.4.11', 64, ['organizationalUnitName']),
  text('L', '2.5.4.7', 128, ['localityName']),
  text('ST', '2.5.4.8', 128, ['S', 'stateOrProvinceName']),
  { ...text('C', '2.5.4.6', 2, ['countryName']), tag: tags.printableString, allowed: country },
  text('STREET', '2.5.4.9', 128, ['streetAddress']),
  text('POSTALCODE', '2.5.4.17', 40),
  text('T', '2.5.4.12', 64, ['title']),
  text('SN', '2.5.4.4', 32_768, ['surname']),
  text('GN', '2.5.4.42', 32_768, ['G', 'givenName']),
  text('I', '2.5.4.43', 32_768, ['initials']),
  { ...text('SERIALNUMBER', '2.5.4.5', 64), tag: tags.printableString, allowed: printable },
  { ...text('DNQUALIFIER', '2.5.4.46', 64), tag: tags.printableString, allowed: printable },
  { ...text('DC', '0.9.2342.19200300.100.1.25', 63, ['domainComponent']), tag: tags.ia5String, allowed: ascii },
  text('UID', '0.9.2342.19200300.100.1.1', 256, ['userId']),
  { ...text('E', '1.2.840.113549.1.9.1', 255, ['EMAIL', 'emailAddress']), tag: tags.ia5String, allowed: ascii },
];

const names = new Map(
  attributeTypes.flatMap((type) => [type.name, ...type.aliases].map((name) => [name.toUpperCase(), type] as const)),
);
const identifiers = new Map(attributeTypes.map((type) => [type.identifier, type]));

export function attributeByIdentifier(identifier: string): AttributeType | undefined {
  return identifiers.get(identifier);
}

/** Finds an attribute by its name in any case, or by any object identifier. */
export function attributeByName(name: string): AttributeType | undefined {
  const known = names.get(name.toUpperCase()) ?? identifiers.get(name);
  return known ?? (isObjectIdentifier(name) ? text(name, name, 32_768) : undefined);
}

/** Whether the string is an object identifier: the first arc is 0, 1 or 2, the second below 40 under 0 and 1. */
export function isObjectIdentifier(identifier: string): boolean {
  return (
    identifier.length <= 128 &&
    /^(?:[01]\.(?:[0-9]|[123][0-9])|2\.(?:0|[1-9]\d*))(?:\.(?:0|[1-9]\d*))*$/.test(identifier)
  );
}
