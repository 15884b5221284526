import { spawnSync } from 'node:child_process';

/** Why the real Azure CLI cannot be used against this server on this machine; `undefined` where it can. */
export function withoutAzureCli(): string | undefined {
  if (spawnSync('az', ['version'], { stdio: 'ignore' }).error !== undefined) {
    return 'there is no az on PATH (Debian: apt-get install azure-cli)';
  }
  if (spawnSync('getent', ['hosts', 'lock-down.vault.localhost'], { stdio: 'ignore' }).status !== 0) {
    return 'names below localhost are not resolved for Python (Debian: apt-get install libnss-myhostname)';
  }
  return undefined;
}
