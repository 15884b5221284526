import { spawnSync } from 'node:child_process';

/** A requirement of a command besides the checkout: why it cannot be run on this machine, or `undefined`. */
interface Need {
  readonly of: RegExp;
  readonly missing: () => string | undefined;
}

const names = 'demo.vault.localhost';

/** An ordinary user, who follows a page where root runs the tests. */
export const readerUid = 61_347;

/** Runs a command as that user. */
export const asReader = ['setpriv', `--reuid=${readerUid}`, `--regid=${readerUid}`, '--clear-groups', '--'];

function runs(program: string, ...parameters: readonly string[]): boolean {
  return spawnSync(program, parameters, { stdio: 'ignore', timeout: 60_000 }).status === 0;
}

const needs: readonly Need[] = [
  {
    of: /^(?!.*(?:--connect-to|postern run|postern exec|^from )).*\bnode (?!--print)|\bpython3 examples|^\s*az |\bansible-playbook\b/m,
    missing: () =>
      runs('getent', 'hosts', names)
        ? undefined
        : 'names below localhost are not resolved (Debian: apt-get install libnss-myhostname)',
  },
  {
    of: /\bpython3 examples/,
    missing: () =>
      runs('/usr/bin/python3', '-c', 'import azure.identity, azure.keyvault.secrets')
        ? undefined
        : 'there are no clients for /usr/bin/python3 (Debian: apt-get install python3-azure)',
  },
  {
    of: /^\s*az |\bsetup\.sh$/m,
    missing: () => (runs('az', 'version') ? undefined : 'there is no az (Debian: apt-get install azure-cli)'),
  },
  {
    of: /\bansible-playbook\b/,
    missing: () =>
      runs('/usr/bin/python3', '-c', 'import ansible_collections.azure.azcollection, azure.cli.core')
        ? undefined
        : 'there is no azure.azcollection for /usr/bin/python3 (Debian: apt-get install ansible azure-cli)',
  },
  {
    of: /\bcurl\b/,
    missing: () => (runs('curl', '--version') ? undefined : 'there is no curl (Debian: apt-get install curl)'),
  },
  {
    of: /\bpostern trust\b/,
    missing: () =>
      runs('which', 'certutil') ? undefined : 'there is no certutil (Debian: apt-get install libnss3-tools)',
  },
  { of: /\bpostern (?:net|exec)\b/, missing: whyNoFabric },
  { of: /\bip netns\b|^\s*haproxy /m, missing: whyNoNamespaces },
  {
    of: /\bnft --file/,
    missing: () => (runs('nft', '--version') ? undefined : 'there is no nft (Debian: apt-get install nftables)'),
  },
  {
    of: /^\s*haproxy |\bexec \S+ haproxy /m,
    missing: () => (runs('haproxy', '-v') ? undefined : 'there is no haproxy (Debian: apt-get install haproxy)'),
  },
];

/** Why the commands of this kind cannot be run here; each is asked once. */
const known = new Map<Need, string | undefined>();

/** Why this command cannot be run here; `undefined`: it can. */
export function whyNotRun(command: string): string | undefined {
  for (const need of needs) {
    if (!need.of.test(command)) continue;
    if (!known.has(need)) known.set(need, need.missing());
    const why = known.get(need);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** Why there are no network namespaces in which a page could be tried; `undefined`: there are. */
export function whyNoNamespaces(): string | undefined {
  if (process.geteuid?.() !== 0) return 'network namespaces of its own take root';
  const missing = ['ip', 'unshare', 'nsenter'].find((program) => !runs(program, program === 'ip' ? '-V' : '--version'));
  if (missing !== undefined) return `there is no ${missing} (Debian: apt-get install iproute2 util-linux)`;
  return runs('unshare', '-mn', 'true') ? undefined : 'root may not make network namespaces here';
}

/** Why there can be no networks of `postern net up` here; `undefined`: there can. */
function whyNoFabric(): string | undefined {
  const programs = { ip: ['-V'], nft: ['--version'], conntrack: ['--version'], unshare: ['--version'] };
  const missing = Object.entries(programs).find(([program, asked]) => !runs(program, ...asked))?.[0];
  if (missing !== undefined) {
    return `there is no ${missing} (Debian: apt-get install iproute2 nftables conntrack util-linux)`;
  }
  const allowed = runs(
    'env',
    ...(process.geteuid?.() === 0 ? asReader : []),
    'unshare',
    '--user',
    '--map-root-user',
    '--net',
    'true',
  );
  return allowed ? undefined : 'ordinary users may not make network namespaces here';
}
