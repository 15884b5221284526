import { networkRounds } from '../faults/networks.ts';

/** Rounds with an ordinary user's networks: test/faults/networks-of-a-user.ts starts this program as one, and reads the figures. */
const [rounds = '1', seed = '1'] = process.argv.slice(2);
const progress = (text: string): void => void process.stderr.write(`${text}\n`);
const figures = await networkRounds(Number(rounds), { seed: Number(seed), progress });
process.stdout.write(`${JSON.stringify(figures)}\n`);
