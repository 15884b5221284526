import { join } from 'node:path';
import { generateMasterKey } from '../crypto/master-key.ts';
import { readSeed } from '../seed/read-seed.ts';
import { profileOf } from '../settings/rule-profile.ts';
import { readSettings } from '../settings/settings.ts';
import { isForStart } from '../settings/start-config.ts';
import { describeType } from '../shape/fault.ts';
import type { SeedSetting, Settings } from '../settings/settings.ts';
import { checkClock } from './clock.ts';
import type { PosternOptions } from './postern.ts';

/**
 * The settings of a server in memory, on one loopback address; `port` is left open. Nothing comes from the environment.
 * @throws {TypeError} for an option that is refused
 */
export function settingsOf(options: PosternOptions, folder: string): Settings {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `startPostern: this is ${describeType(options)}; it must be an object, such as the contents of a seed file after JSON.parse.`,
    );
  }
  const { clock, config, ruleProfile } = options;
  const own = Object.keys(config ?? {}).find(isForStart);
  if (own !== undefined) {
    throw new TypeError(`startPostern: config: ${own} is for \`postern start\` alone: leave it out.`);
  }
  if (clock !== undefined) checkClock(clock);
  const profile = ruleProfile === undefined ? [] : ['--rules', ruleProfile];
  const file = config === undefined ? [] : ['--config', 'config'];
  const read = readSettings({
    argv: ['--memory', '--port', '0', '--listen', '127.0.0.1', ...profile, ...file],
    environment: { POSTERN_MASTER_KEY: generateMasterKey() },
    readFile: () => JSON.stringify(config),
    folder,
  });
  if (!read.ok) throw new TypeError(`startPostern: ${named(read.message, folder)}`);
  return { ...read.settings, seed: seedIn(options, read.settings) };
}

/** A message about the command line's settings, with the names of the options here. */
function named(message: string, folder: string): string {
  return message.replace(join(folder, 'config'), 'config').replace('--rules', 'ruleProfile');
}

/**
 * The world in the options; `undefined` where there is none.
 * @throws {TypeError} with the path of the first fault
 */
function seedIn(options: PosternOptions, settings: Settings): SeedSetting | undefined {
  const { clock, ruleProfile, config, ...world } = options;
  if (Object.values(world).every((member) => member === undefined)) return undefined;
  const read = readSeed(world, profileOf(settings));
  if (!read.ok) {
    // A member that a seed does not have may be meant as one of the options.
    const besides = read.path === '' ? ' Besides these there are clock, ruleProfile and config.' : '';
    throw new TypeError(`startPostern: ${read.message}${besides}`);
  }
  return { file: 'startPostern', seed: read.seed, prune: false };
}
