import { wholeNumber } from '../shape/shape.ts';
import { OptionRefused, SettingRefused } from './refused.ts';

/** Each takes a processor, and the worker writes the records of all. */
export const readersMax = 64;

export const readersCount = wholeNumber(0, readersMax);

interface ReadersGiven {
  /** The option `--readers`. */
  readonly asked: number | undefined;
  /** The member of the configuration file. */
  readonly inFile: number | undefined;
  /** The settings that exclude readers, and whether each is given. */
  readonly with: Readonly<Record<keyof typeof against, boolean>>;
}

/** The settings that exclude readers, and why. */
const against = {
  memory: "readers are processes that open the database's file",
  store: 'a database that several servers share has nodes instead',
  throttling: 'one process must count what a vault has used',
} as const;

/**
 * How many processes answer reads beside the worker.
 * @throws {SettingRefused}
 */
export function readersOf({ asked, inFile, with: others }: ReadersGiven): number {
  const count = asked ?? inFile ?? 0;
  const found = Object.entries(against).find(([name]) => isOf(name) && others[name]);
  if (count === 0 || found === undefined) return count;
  const [name, why] = found;
  const given = `${asked === undefined ? 'readers' : '--readers'} ${count}`;
  const message = `${given} and ${name} cannot be used together, because ${why}: leave one of them out.`;
  throw asked === undefined ? new SettingRefused(message) : new OptionRefused(message);
}

function isOf(name: string): name is keyof typeof against {
  return Object.hasOwn(against, name);
}
