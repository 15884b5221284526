/**
 * Run by `disk.ts` in a mount namespace, as `full-disk.ts FOLDER ROUNDS`; the last line that it prints is its figures.
 */
import { fullDisk } from './disk.ts';

const [folder = '', rounds = '1'] = process.argv.slice(2);
const say = (text: string) => process.stdout.write(`${text}\n`);
say(JSON.stringify(await fullDisk(folder, Number(rounds), say)));
