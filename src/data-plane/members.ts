import type { Outcome } from '../objects/object.ts';
import { wrong } from '../shape/fault.ts';
import { anything, array, boolean, number, object, partial, string } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import { readAs } from './body.ts';

const strings: Shape<readonly string[]> = (value) => {
  const read = array(string)(value);
  return read.ok ? read : wrong(value, 'an array of strings');
};

/** What a member may be, and what it is then; `anything` is read by whoever asks for it. */
const kinds = { text: string, flag: boolean, number, texts: strings, anything } as const;

type Kinds = typeof kinds;
type Known = Readonly<Record<string, keyof Kinds>>;
type Shaped<S extends Known> = { readonly [K in keyof S]?: Kinds[S[K]] extends Shape<infer T> ? T : never };

/**
 * A JSON object with members of these kinds and no others; `null` is as good as absent. `at` is where it stands, for the
 * messages: `key_props.`, or nothing for the body itself.
 */
export function readMembers<S extends Known>(value: unknown, at: string, known: S): Outcome<Shaped<S>> {
  const shape = object(partial(Object.fromEntries(Object.entries(known).map(([name, kind]) => [name, kinds[kind]]))));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the names and kinds of `known`, which `fromEntries` forgets
  return readAs(shape as Shape<Shaped<S>>, value, at.slice(0, -1));
}
