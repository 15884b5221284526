/** How much one JSON text may hold. What is done with it afterwards costs by these numbers, not by its length alone. */
export interface JsonBounds {
  /** How deep objects and arrays may be nested. */
  readonly depth: number;
  /** Members of all its objects together: each name may be a new one, which is what costs most to parse. */
  readonly members: number;
  /** Values of any kind, at any depth. */
  readonly values: number;
}

/**
 * Bodies of requests. Azure states no such limits; a template of 1 MB has some 20,000 members. What is just allowed is
 * parsed in some ten milliseconds.
 */
export const bodyBounds: JsonBounds = { depth: 128, members: 20_000, values: 100_000 };

/** What is small by its nature: a part of a token, the mark of a page. */
export const smallBounds: JsonBounds = { depth: 32, members: 2_000, values: 10_000 };

/** Why a text is not parsed. */
export type JsonFault =
  | { readonly kind: 'notJson' }
  | { readonly kind: 'tooDeep' | 'tooManyMembers' | 'tooManyValues'; readonly most: number };

export type BoundedJson =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: JsonFault };

/** The value of a JSON text that keeps within bounds. What does not is refused before anything is made of it. */
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

/** Counts what a JSON text holds in one pass, which ends at the first bound that it breaks. Whether it is JSON is not seen. */
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

/** The position of the quote that ends the string which begins at `start`, or of the text's end. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slash = end - 1;
    while (text.charCodeAt(slash) === 0x5c) slash -= 1;
    // After an even number of backslashes the quote is one that ends.
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
