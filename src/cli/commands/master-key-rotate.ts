import { basename, dirname, join } from 'node:path';
import type { MasterKeyPlace } from '../../types/key-rotation.ts';
import type { Command } from '../command.ts';
import { openedFolder, readConnection } from '../connection.ts';
import { openSupervisor } from '../control.ts';
import type { Supervisor } from '../control.ts';
import { CommandFailed, WrongUsage } from '../failed.ts';
import { keepNextKey, keepOldKey, readCurrentKey, readKey } from '../keys/key-file.ts';
import { rotatedLine, rotationIn } from '../keys/rotation.ts';

export const masterKeyRotate: Command = {
  name: 'master-key rotate',
  synopsis:
    'Replaces the master key of the running server, where it is kept, and seals everything again under the new one. No key is printed.',
  options: {
    'new-key-file': { help: 'file with the new key (default: a new one is made)', takes: 'file' },
    'old-key-file': {
      help: 'file to keep the old key in, for backups from before; it must not exist',
      takes: 'file',
    },
  },
  required: [],
  flags: {
    'discard-old-key': 'keep the old key nowhere: no backup from before can be opened any more, unless it has the key',
    json: 'as JSON, in one line: { from, to, file } and oldFile, with the ids of the keys',
  },
  progress: 'Sealing everything again',
  async run({ data = 'postern-data', 'new-key-file': newFile, 'old-key-file': oldFile }, { flags }) {
    if ((oldFile === undefined) === !flags.has('discard-old-key')) throw new WrongUsage(undecided, choices);
    const given = newFile === undefined ? undefined : readKey(newFile, newFile).encoded;
    const connection = readConnection(data);
    using supervisor = await openSupervisor(connection);
    const place = placeIn(await supervisor.ask({ begin: 'masterKeyRotation' }));
    if (place.place === 'environment') throw new CommandFailed(inEnvironment, steps);
    const file = place.place === 'file' ? place.file : join(connection.dataDir, 'master.key');
    if (oldFile !== undefined) keepOldKey(oldFile, currentKey(place, file));
    const rotated = await rotate(supervisor, place, given);
    if (flags.has('json')) return JSON.stringify({ ...rotated, file, ...(oldFile !== undefined && { oldFile }) });
    return [rotatedLine('master key', rotated), `It is in ${file}.`, ofBackups(oldFile)].join('\n');
  },
};

async function rotate(supervisor: Supervisor, place: MasterKeyPlace, given: string | undefined) {
  if (place.place !== 'file') return rotationIn(await supervisor.ask({ rotate: 'masterKey', key: given }));
  const next = keepNextKey(place.file, given);
  const rotated = rotationIn(await supervisor.ask({ rotate: 'masterKey', key: next.key }));
  next.replace();
  return rotated;
}

function placeIn(answer: ReadonlyMap<string, unknown>): MasterKeyPlace {
  const [place, file] = [answer.get('place'), answer.get('file')];
  if (place === 'file' && typeof file === 'string') return { place, file };
  if (place === 'environment' || place === 'dataFolder') return { place };
  throw new CommandFailed('The supervisor did not say where the master key is.', 'Is it of another release?');
}

/** Read through the open folder: its path may lead elsewhere when it is read again. */
function currentKey(place: MasterKeyPlace, file: string): string {
  if (place.place === 'file') return readCurrentKey(file);
  return readKey(join(openedFolder(dirname(file)).path, basename(file)), file).encoded;
}

const undecided = 'Say what becomes of the old key. Nothing was changed.';
const choices = '--old-key-file FILE keeps it, for backups from before; --discard-old-key keeps it nowhere.';

const inEnvironment =
  'The master key is in POSTERN_MASTER_KEY, where only the one that starts the server can change it. Nothing was changed.';
const steps = [
  'Where that variable is set, for example in the EnvironmentFile of the service:',
  '  1. make a key: openssl rand -base64 32',
  '  2. set POSTERN_MASTER_KEY_PREVIOUS to the present key and POSTERN_MASTER_KEY to the new one, and restart the server:',
  '     the start seals everything under the new key, also if it is interrupted and repeated',
  '  3. remove POSTERN_MASTER_KEY_PREVIOUS (docs/how-to/rotate-master-key.md)',
].join('\n');

function ofBackups(oldFile: string | undefined): string {
  if (oldFile === undefined) return 'The old key is kept nowhere. Make a backup now: those from before need that key.';
  return `The old key is in ${oldFile}: backups from before need it. Move it away from this machine, and remove it with the last of them.`;
}
