import { fstatSync, fsyncSync } from 'node:fs';
import { isatty } from 'node:tty';
import { archiveEnd } from '../../backup/tar.ts';
import { reportOf } from '../backup/report.ts';
import { askForBackup, destination, writeBackup } from '../backup/take.ts';
import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { CommandFailed, WrongUsage } from '../failed.ts';
import { faultOfWriting } from '../standard-output.ts';

const standardOutput = 1;

export const backup: Command = {
  name: 'backup',
  synopsis:
    'Makes a backup of the running server, with every write that it has acknowledged, as the user who started it. Prints the file. The master key is not in it.',
  options: {
    file: { help: 'file to write, or folder for a file named by the time; - is standard output', takes: 'file' },
  },
  required: ['file'],
  flags: {
    'with-master-key': 'with the master key: whoever has the file can then read everything in it',
    'without-log': 'without the audit log',
    json: 'as JSON: file, and what its manifest says',
  },
  progress: 'Making the backup',
  async run({ file = '', data = 'postern-data' }, { flags }) {
    const toOutput = file === '-';
    if (toOutput && isatty(standardOutput))
      throw new WrongUsage('A backup cannot be shown in a terminal.', 'Redirect it: postern backup --file - > FILE');
    const path = toOutput ? file : destination(file, Date.now());
    const connection = readConnection(data);
    const asked = { withMasterKey: flags.has('with-master-key'), withoutLog: flags.has('without-log') };
    const socket = await askForBackup(connection, asked);
    if (asked.withMasterKey)
      process.stderr.write('The backup has the master key: whoever can read it can read every secret in it.\n');
    if (toOutput) {
      await pass(socket);
      return '';
    }
    const checked = await writeBackup(socket, path, connection.dataDir);
    return { json: { file: path, ...reportOf(checked) }, text: path };
  },
};

const notWhole = 'What was written of it is not whole: remove it.';

/** Passes a backup on to standard output. Its last bytes show that it is whole. */
async function pass(socket: AsyncIterable<unknown>): Promise<void> {
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of socket) {
    if (!Buffer.isBuffer(chunk)) continue;
    const fault = await faultOfWriting(chunk);
    if (fault !== undefined)
      throw new CommandFailed(`The backup was not written to standard output: ${fault.message}`, notWhole);
    tail = Buffer.concat([tail, chunk]).subarray(-archiveEnd.length);
  }
  if (!tail.equals(archiveEnd))
    throw new CommandFailed("The server ended before the backup was whole; the server's log says why.");
  if (fstatSync(standardOutput).isFile()) fsyncSync(standardOutput);
}
