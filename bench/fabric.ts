/**
 * The cost of the virtual networks of this machine: `npm run bench -- fabric` for all parts, `npm run bench -- fabric
 * switches 10 exec` for those that are named, with a number of rounds after the name. It takes root.
 */
import { whyNotInLab } from '../test/network/in-lab.ts';
import { notRun } from '../test/not-run.ts';
import { exec } from './fabric/exec.ts';
import { many } from './fabric/many.ts';
import { requests } from './fabric/requests.ts';
import type { Run } from './fabric/run.ts';
import { switches } from './fabric/switches.ts';

interface Part {
  readonly rounds: number;
  readonly measure: (run: Run) => Promise<void>;
}

const parts: Readonly<Record<string, Part>> = {
  requests: { rounds: 9, measure: requests },
  switches: { rounds: 40, measure: switches },
  exec: { rounds: 30, measure: exec },
  many: { rounds: 3, measure: many },
};

/** They lead the programs to other roots than the server's. */
const rootsVariables = /^(?:NODE_EXTRA_CA_CERTS|(?:\w+_)?SSL_CERT_(?:FILE|DIR)|\w+_CA_BUNDLE|\w+_CA_CERTS)$/;

const whyNot = whyNotInLab();
if (whyNot === undefined) await measureAll(chosen(process.argv.slice(2)));
else notRun('the bench of the fabric', whyNot);

/** The named parts with their rounds; all, when none is named. */
function chosen(words: readonly string[]): ReadonlyMap<string, Part> {
  const named = new Map<string, Part>();
  for (const [index, word] of words.entries()) {
    if (/^[1-9]\d*$/.test(word)) continue;
    const part = parts[word];
    if (part === undefined) throw new Error(`${word} is not one of the parts ${Object.keys(parts).join(', ')}`);
    const rounds = Number(words[index + 1]);
    named.set(word, Number.isNaN(rounds) ? part : { ...part, rounds });
  }
  return named.size === 0 ? new Map(Object.entries(parts)) : named;
}

/** A part that fails does not keep the others from being measured; a signal ends them all. */
async function measureAll(named: ReadonlyMap<string, Part>): Promise<void> {
  for (const name of Object.keys(process.env)) if (rootsVariables.test(name)) delete process.env[name];
  const interruption = new AbortController();
  // A second signal ends this process at once, and nothing is removed.
  const interrupt = (signal: NodeJS.Signals) => interruption.abort(new Error(`ended by ${signal}`));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  for (const [name, { rounds, measure }] of named) {
    if (interruption.signal.aborted) break;
    console.log(`### ${name}\n`);
    try {
      await using stack = new AsyncDisposableStack();
      await measure({ stack, rounds, stop: interruption.signal });
    } catch (error) {
      console.error(`the part ${name} failed:`, error);
      process.exitCode = 1;
    }
    console.log();
  }
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
}
