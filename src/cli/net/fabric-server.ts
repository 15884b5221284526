import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { FabricServer } from '../../fabric/fabric-server.ts';
import { openedFolder, portFor, readConnection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { readPlainFile } from '../plain-file.ts';
import { systemRoots } from '../run/roots.ts';

/**
 * The server of a fabric, read from its data folder. The folder may belong to the worker, which may then have changed
 * everything in it: the files are read as contents and by no link, and the control socket is that of this folder.
 */
export async function readFabricServer(data: string): Promise<FabricServer> {
  const own = process.geteuid?.();
  const opened = openedFolder(data);
  const { uid, path } = opened;
  const { reader, fabricCaFile, controlSocket, caFile, ...connection } = readConnection(data, opened);
  if (reader === undefined || fabricCaFile === undefined) {
    throw new CommandFailed(
      `The server of ${data} was started by an older version: it has no reader of networks.`,
      'Start it again with this version.',
    );
  }
  const isForeign = uid !== own;
  if (isForeign && own !== 0) {
    throw new CommandFailed(`${data} belongs to another user, uid ${uid}.`, 'Run it as that user, or with sudo.');
  }
  const pem = (file: string, name: string): string =>
    isForeign ? readPlainFile(join(path, name), uid) : readFileSync(file, 'utf8');
  const { home, address, tenantId } = connection;
  const port = portFor(connection, new URL(home));
  const fabricAuthority = pem(fabricCaFile, 'fabric-ca.pem');
  return {
    networkReader: { home, address, port, tenantId, reader, authority: pem(caFile, authorityName(caFile)) },
    controlSocket,
    fabricAuthority,
    roots: `${(await systemRoots()).trimEnd()}\n${fabricAuthority}`,
  };
}

/** Of the connection, which the worker may have written, one of two names is taken. */
function authorityName(caFile: string): string {
  return basename(caFile) === 'trusted.pem' ? 'trusted.pem' : 'ca.pem';
}
