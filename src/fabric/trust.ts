import { readFileSync } from 'node:fs';
import { formatIpv4 } from '../address/address.ts';
import { platformDns } from './addresses.ts';
import type { FabricServer } from './fabric-server.ts';
import type { RunFolder } from './run-folder.ts';

/** Writes the files that a workload has in place of the machine's: whom it asks for names, and whom it trusts. */
export function writeTrust(folder: RunFolder, { roots, fabricAuthority }: FabricServer): void {
  const files = {
    'resolv.conf': `nameserver ${formatIpv4(platformDns)}\n`,
    hosts: '127.0.0.1 localhost\n::1 localhost\n',
    'roots.pem': roots,
    'fabric-ca.pem': fabricAuthority,
  };
  for (const [name, contents] of Object.entries(files)) {
    if (contentsOf(folder.path(name)) !== contents) folder.write(name, contents);
  }
}

function contentsOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
