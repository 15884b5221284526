import { mutateBytes } from './mutate-bytes.ts';
import { mutateDer } from './mutate-der.ts';
import { mutateJson } from './mutate-json.ts';
import { mutateText } from './mutate-text.ts';
import type { Random } from './random.ts';
import { jsonOf, textOf } from './target.ts';
import type { FuzzTarget } from './target.ts';

interface Given {
  readonly random: Random;
  readonly inputs: readonly Uint8Array[];
  readonly words: readonly string[];
}

type Mutate = (input: Uint8Array, given: Given) => Uint8Array;

const mutateAs: Readonly<Record<FuzzTarget['form'], Mutate>> = {
  bytes: (input, { random, inputs }) => mutateBytes(input, random, inputs),
  der: (input, { random, inputs }) => mutateDer(input, random, inputs),
  text: (input, given) => Buffer.from(asText(textOf(input), given)),
  json: (input, { random, words }) => Buffer.from(mutateJson(jsonOf(input), random, words)),
  request: (input, given) => {
    const text = textOf(input);
    const end = text.indexOf('\n');
    const [line, body] = [text.slice(0, end), text.slice(end + 1)];
    if (given.random.once(3) || body === '') return Buffer.from(`${asText(line, given)}\n${body}`);
    const parsed = jsonOf(Buffer.from(body));
    const changed = parsed === undefined ? asText(body, given) : mutateJson(parsed, given.random, given.words);
    return Buffer.from(`${line}\n${changed}`);
  },
};

function asText(text: string, { random, inputs, words }: Given): string {
  return mutateText(text, random, { words, other: textOf(random.pick(inputs)) });
}

/** One of the samples, slightly changed. */
export function mutated({ form, words = [] }: FuzzTarget, inputs: readonly Uint8Array[], random: Random): Uint8Array {
  return mutateAs[form](random.pick(inputs), { random, inputs, words });
}
