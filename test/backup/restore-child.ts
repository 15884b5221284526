/** Restores the backup FILE into FOLDER and is killed once so many bytes of it were read: `restore-child.ts FILE FOLDER BYTES`. */
import { openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { ByteSource } from '../../src/backup/byte-source.ts';
import { restoreInto } from '../../src/worker/restore.ts';
import { keyText, masterKey } from './made.ts';

const [, , file = '', folder = '', bytes = ''] = process.argv;
const descriptor = openSync(file, 'r');
let position = 0;
await restoreInto({
  source: new ByteSource((into) => {
    if (position >= Number(bytes)) process.kill(process.pid, 'SIGKILL');
    const read = readSync(descriptor, into, 0, Math.min(into.length, Number(bytes) - position), position);
    position += read;
    return read;
  }),
  folder,
  masterKey,
  masterKeyText: keyText,
  markFile: join(folder, 'commit-mark'),
  withoutLog: false,
  nowMs: Date.now(),
});
// The last step is missing.
process.kill(process.pid, 'SIGKILL');
