/**
 * `npm run faults`: what a machine can do to a server. Its processes are killed, its disk is full or fails, its folder
 * has links, its files are damaged; afterwards everything that it acknowledged must be there. Of networks that are removed
 * nothing may be left, whatever was killed.
 * `npm run faults -- kill --rounds 80` runs one part for longer. Ends with one line of figures.
 */
import { parseArgs } from 'node:util';
import { damagedFiles } from '../test/faults/damage.ts';
import { fullDiskInNamespace, inputOutputErrors } from '../test/faults/disk.ts';
import { lineOf } from '../test/faults/figures.ts';
import type { Figures } from '../test/faults/figures.ts';
import { killReaderRounds, killRounds } from '../test/faults/kill.ts';
import { linkedNames } from '../test/faults/links.ts';
import { networkRoundsOfUser } from '../test/faults/networks-of-a-user.ts';
import { networkRounds } from '../test/faults/networks.ts';
import { staleReads } from '../test/faults/stale-reads.ts';

const say = (text: string) => console.log(text);
/** Another one each time: the rounds print it. */
const newSeed = () => Date.now() % 100_000;

interface Part {
  /** The number without `--rounds`. */
  readonly rounds: number;
  readonly run: (rounds: number) => Figures | Promise<Figures>;
}

const parts: Readonly<Record<string, Part>> = {
  kill: { rounds: 12, run: (rounds) => killRounds(rounds, say) },
  readers: { rounds: 8, run: (rounds) => killReaderRounds(rounds, say) },
  'stale-reads': { rounds: 1_000, run: (tries) => staleReads(tries, say) },
  'full-disk': { rounds: 4, run: fullDiskInNamespace },
  eio: { rounds: 10, run: (rounds) => inputOutputErrors(rounds, say) },
  links: { rounds: 100, run: (rounds) => linkedNames(rounds, say) },
  damage: { rounds: 20, run: (rounds) => damagedFiles(rounds, say) },
  networks: { rounds: 24, run: (rounds) => networkRounds(rounds, { seed: newSeed(), progress: say }) },
  'networks-of-a-user': { rounds: 24, run: (rounds) => networkRoundsOfUser(rounds, newSeed()) },
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' } },
});
const unknown = positionals.filter((name) => parts[name] === undefined);
const rounds = options.rounds === undefined ? undefined : Number(options.rounds);
if (unknown.length > 0 || (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))) {
  console.error(`npm run faults -- [PART …] [--rounds N]; the parts are: ${Object.keys(parts).join(' ')}`);
  process.exitCode = 1;
} else {
  const done: Record<string, Figures> = {};
  for (const [name, part] of Object.entries(parts)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    console.log(`\n${name}`);
    done[name] = await part.run(rounds ?? part.rounds);
    for (const fault of done[name].faults) console.log(`!! ${fault}`);
  }
  for (const [name, { notRun }] of Object.entries(done)) {
    if (notRun !== undefined) console.log(`\n!! NOT RUN: ${name}: ${notRun}`);
  }
  console.log(`\n${lineOf(done)}`);
  process.exitCode = Object.values(done).some(({ faults }) => faults.length > 0) ? 1 : 0;
}
