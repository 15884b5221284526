import * as fc from 'fast-check';

const [surrogatesFrom, surrogates, last] = [0xd800, 0x800, 0x10ffff];

/**
 * Any character of Unicode, as the unit of a string. The strings are those of fast-check's own unit `binary`, which makes a
 * table of the million characters first and takes more than a second for it.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.integer({ min: 0, max: last - surrogates }).map(
  (index) => String.fromCodePoint(index < surrogatesFrom ? index : index + surrogates),
  (character) => indexOf(character),
);

/** The inverse, with which fast-check also tries words such as `__proto__`; it throws for what is not a character, as fast-check asks. */
function indexOf(character: unknown): number {
  const [code, ...rest] = typeof character === 'string' ? Array.from(character, (each) => each.codePointAt(0)) : [];
  if (code === undefined || rest.length > 0) throw new Error('this is not one character');
  return code < surrogatesFrom ? code : code - surrogates;
}
