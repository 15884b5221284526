import { generateMasterKey } from '../crypto/master-key.ts';
import { readSettings } from '../settings/settings.ts';
import type { Settings } from '../settings/settings.ts';
import type { PosternOptions } from './postern.ts';

/**
 * The settings of a server in memory, on one loopback address; `port` is left open. Nothing comes from the environment.
 * @throws {TypeError} for an option that is refused
 */
export function settingsOf({ config, ruleProfile }: PosternOptions, folder: string): Settings {
  const profile = ruleProfile === undefined ? [] : ['--rules', ruleProfile];
  const file = config === undefined ? [] : ['--config', 'config'];
  const read = readSettings({
    argv: ['--memory', '--port', '0', '--listen', '127.0.0.1', ...profile, ...file],
    environment: { POSTERN_MASTER_KEY: generateMasterKey() },
    readFile: () => JSON.stringify(config),
    folder,
  });
  if (!read.ok) throw new TypeError(`startPostern: ${read.message}`);
  return read.settings;
}
