/** How much one JSON document may hold. The cost of processing it depends on these numbers, not on its length alone. */
export interface JsonBounds {
  /** How deep objects and arrays may be nested. */
  readonly depth: number;
  /** Members of all objects together: each may have a new name, which is what costs most to parse. */
  readonly members: number;
  /** Values of any kind, at any depth. */
  readonly values: number;
}

/**
 * For bodies of requests. Azure states no such limits; a template of 1 MB has some 20,000 members. The largest body
 * that is allowed is parsed in some ten milliseconds.
 */
export const bodyBounds: JsonBounds = { depth: 128, members: 20_000, values: 100_000 };

/** For documents that are always small: a part of a token, the marker of a page. */
export const smallBounds: JsonBounds = { depth: 32, members: 2_000, values: 10_000 };

/** Why a document is not parsed. */
export type JsonFault =
  | { readonly kind: 'notJson' }
  | { readonly kind: 'tooDeep' | 'tooManyMembers' | 'tooManyValues'; readonly most: number };

export type BoundedJson =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: JsonFault };

/** Parses JSON within bounds. What exceeds them is refused before it is parsed. */
export function parseBoundedJson(text: string, bounds: JsonBounds): BoundedJson {
  const counted = countJson(text, bounds);
  if (!counted.ok) return counted;
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, fault: { kind: 'notJson' } };
  }
}

export type CountedJson =
  | { readonly ok: true; readonly members: number; readonly values: number }
  | { readonly ok: false; readonly fault: JsonFault };

/**
 * Counts what a JSON document holds in one pass, which ends at the first bound it exceeds. Does not check that it is
 * JSON.
 */
export function countJson(text: string, { depth, members, values }: JsonBounds): CountedJson {
  const broken = (kind: 'tooDeep' | 'tooManyMembers' | 'tooManyValues', most: number) =>
    ({ ok: false, fault: { kind, most } }) as const;
  let [open, memberCount, valueCount] = [0, 0, 1];
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        break;
      case 0x2c: // ,
        valueCount += 1;
        if (valueCount > values) return broken('tooManyValues', values);
        break;
      case 0x3a: // :
        memberCount += 1;
        if (memberCount > members) return broken('tooManyMembers', members);
        break;
      case 0x5b: // [
      case 0x7b: // {
        open += 1;
        valueCount += 1;
        if (open > depth) return broken('tooDeep', depth);
        if (valueCount > values) return broken('tooManyValues', values);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        open -= 1;
        break;
      default:
    }
  }
  return { ok: true, members: memberCount, values: valueCount };
}

/** The index of the quote that ends the string which begins at `start`, or the document's length. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slash = end - 1;
    while (text.charCodeAt(slash) === 0x5c) slash -= 1;
    // After an even number of backslashes the quote is not escaped.
    if ((end - slash) % 2 === 1) return end;
  }
  return text.length;
}

const rules: Readonly<Record<JsonFault['kind'], (most: number) => string>> = {
  notJson: () => 'it is not valid JSON',
  tooDeep: (most) => `its objects and arrays are nested more than ${most} deep; nest them less`,
  tooManyMembers: (most) => `its objects have more than ${most} members; send fewer`,
  tooManyValues: (most) => `it holds more than ${most} values; send fewer`,
};

/** The fault as the end of a sentence. */
export function describeJsonFault(fault: JsonFault): string {
  return rules[fault.kind]('most' in fault ? fault.most : 0);
}
