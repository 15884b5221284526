import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { FabricLab, Joined } from './fabric-lab.ts';
import { vault } from './fabric-lab.ts';

/** The answer that a client in a place gets of the vault, at its public address and by Azure's name for it. */
export async function reach(lab: FabricLab, { namespace, anchor }: Joined): Promise<string> {
  const token = await lab.client.token('https://vault.azure.net');
  const program = join(import.meta.dirname, 'ask-vault.ts');
  const authority = join(lab.place.folder, 'fabric-ca.pem');
  const enter = anchor === undefined ? [] : ['nsenter', '-t', `${anchor}`, '-U', '-m', '-n', '--preserve-credentials'];
  const inside = ['ip', 'netns', 'exec', namespace, process.execPath, program, vault, authority];
  const [command = '', ...parameters] = [...enter, ...inside];
  const { stdout } = spawnSync(command, parameters, { encoding: 'utf8', input: token });
  return stdout.trim();
}
