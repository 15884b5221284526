import type { FuzzTarget } from './target.ts';

/** A target with this fault for every input except the sample. */
const faulty = (fault: (text: string) => unknown, mostMs = 1_000): FuzzTarget => ({
  form: 'json',
  mostMs,
  samples: () => ({
    inputs: [Buffer.from('{"a":1}')],
    read: (input) => {
      const text = Buffer.from(input).toString();
      return /^\{(?!"a":1\}$)/.test(text) ? fault(text) : undefined;
    },
  }),
});

/** Readers with the faults that fuzzers must find. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  fine: faulty(() => undefined),
  throws: faulty(() => {
    throw new Error('a fault that nobody thought of');
  }),
  slow: faulty(() => {
    const { user, system } = process.threadCpuUsage();
    for (let now = { user, system }; now.user + now.system < user + system + 20_000;) now = process.threadCpuUsage();
  }, 5),
  endless: faulty((text) => {
    for (let length = text.length; length > 0;) length = text.length;
  }),
  greedy: faulty((text) => {
    for (const kept: string[][] = []; ;) kept.push(Array.from(text.repeat(10)));
  }, 1_000_000),
};
