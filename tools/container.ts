/**
 * `npm run container`: builds the image of the `Dockerfile` without an engine's daemon or a registry of images, and runs
 * `examples/container/compose.yaml` with it, in network namespaces of its own (`container-run.ts`). The base is Debian as
 * `debootstrap` makes it, with the Node of this checkout. Minutes, a gigabyte of packages, 4 GB of disk; it leaves nothing.
 * `--base FOLDER` keeps the base for the next time, `--keep` the image and its store.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../', import.meta.url));
const roots = '/etc/ssl/certs/ca-certificates.crt';
const { values: options } = parseArgs({ options: { base: { type: 'string' }, keep: { type: 'boolean' } } });

/** By the Debian package that has it. */
const needed: Readonly<Record<string, string>> = {
  buildah: '/usr/bin/buildah',
  podman: '/usr/bin/podman',
  crun: '/usr/bin/crun',
  netavark: '/usr/lib/podman/netavark',
  'aardvark-dns': '/usr/lib/podman/aardvark-dns',
  'podman-compose': '/usr/bin/podman-compose',
  debootstrap: '/usr/sbin/debootstrap',
  curl: '/usr/bin/curl',
  npm: '/usr/bin/npm',
};

const lacking = Object.keys(needed).filter((name) => !existsSync(needed[name] ?? ''));
if (process.geteuid?.() !== 0 || lacking.length > 0) {
  console.error('NOT RUN: the image is built and run by root, with programs of Debian.');
  console.error(`sudo apt-get install ${lacking.length === 0 ? Object.keys(needed).join(' ') : lacking.join(' ')}`);
  process.exitCode = 1;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'postern-container-'));
  try {
    buildImage(folder);
    const inside = ['--mount', '--net', process.execPath, join(root, 'tools/container-run.ts'), folder];
    run('unshare', inside, environmentOf(folder));
  } finally {
    if (options.keep === true) console.log(`kept: ${folder}`);
    else remove(folder);
  }
}

function buildImage(folder: string): void {
  for (const [name, text] of Object.entries(configuration(folder))) writeFileSync(join(folder, name), text);
  const base = options.base ?? join(folder, 'base');
  if (!existsSync(join(base, 'usr/local/bin/node'))) makeBase(base);
  const environment = environmentOf(folder);
  importFolder(base, 'postern-base', environment);
  const final = join(folder, 'final');
  makeFinal(base, final);
  importFolder(final, 'postern-final', environment);
  const build = ['build', '--isolation', 'chroot', '--format', 'docker', ...limits()];
  run(
    'buildah',
    [
      ...build,
      '--build-arg',
      'BASE=localhost/postern-base',
      '--build-arg',
      'FINAL=localhost/postern-final',
      '--tag',
      'localhost/postern',
      root,
    ],
    environment,
  );
}

/** Debian with Node, npm, and what this machine trusts: npm must reach the registry from inside as it does here. */
function makeBase(base: string): void {
  mkdirSync(base, { recursive: true });
  run('debootstrap', ['--variant=minbase', '--include=ca-certificates,libatomic1', 'trixie', base, ...mirror()]);
  for (const folder of ['bin', 'etc', 'lib/node_modules'])
    mkdirSync(join(base, 'usr/local', folder), { recursive: true });
  cpSync(process.execPath, join(base, 'usr/local/bin/node'));
  const npm = output('npm', ['root', '--global']);
  cpSync(join(npm, 'npm'), join(base, 'usr/local/lib/node_modules/npm'), { recursive: true, verbatimSymlinks: true });
  run('ln', ['-sf', '../lib/node_modules/npm/bin/npm-cli.js', join(base, 'usr/local/bin/npm')]);
  cpSync(roots, join(base, roots));
  writeFileSync(join(base, 'usr/local/etc/npmrc'), `cafile=${roots}\n`);
  for (const cache of ['var/cache/apt/archives', 'var/lib/apt/lists']) rmSync(join(base, cache), { recursive: true });
}

/** Node, `env` for the first line of the program, what they link to, and no shell. */
function makeFinal(base: string, final: string): void {
  const programs = ['/usr/local/bin/node', '/usr/bin/env'];
  const linked = programs.flatMap((program) =>
    [...output('chroot', [base, 'ldd', program]).matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path),
  );
  for (const path of new Set([...programs, ...linked])) {
    mkdirSync(join(final, dirname(path)), { recursive: true });
    cpSync(realpathSync(join(base, path)), join(final, path));
  }
  for (const name of ['etc', 'proc', 'sys', 'dev', 'tmp']) mkdirSync(join(final, name), { recursive: true });
}

function importFolder(from: string, image: string, environment: NodeJS.ProcessEnv): void {
  const container = output('buildah', ['from', 'scratch'], environment);
  run('cp', ['-a', `${from}/.`, output('buildah', ['mount', container], environment)], environment);
  run('buildah', ['umount', container], environment);
  run('buildah', ['commit', '--rm', '--quiet', container, `localhost/${image}`], environment);
}

/** The mirror that apt uses here. */
function mirror(): readonly string[] {
  const folder = '/etc/apt/sources.list.d';
  const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  const found = lines.map((line) => /^URIs: *(https?:\S+)/.exec(line)?.[1]).find((uri) => uri !== undefined);
  return found === undefined ? [] : [found];
}

/** Buildah raises the limits of what it runs, which a machine may not allow: these are the hard ones here. */
function limits(): readonly string[] {
  const table = readFileSync('/proc/self/limits', 'utf8');
  const names = { nofile: 'Max open files', nproc: 'Max processes' };
  return Object.entries(names).flatMap(([name, words]) => {
    const most = new RegExp(`^${words} +\\S+ +(\\d+)`, 'm').exec(table)?.[1];
    return most === undefined ? [] : ['--ulimit', `${name}=${most}:${most}`];
  });
}

/** Images, containers, volumes and networks in a folder of this run. */
function configuration(folder: string): Readonly<Record<string, string>> {
  return {
    'storage.conf': `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/store"\nrunroot = "${folder}/run"\n`,
    'containers.conf': [
      '[engine]',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      `tmp_dir = "${folder}/tmp"`,
      `volume_path = "${folder}/volumes"`,
      '[network]',
      `network_config_dir = "${folder}/networks"`,
      '[containers]',
      'cgroups = "disabled"',
      'pids_limit = 0',
      '',
    ].join('\n'),
  };
}

function environmentOf(folder: string): NodeJS.ProcessEnv {
  const files = {
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
    CONTAINERS_CONF: join(folder, 'containers.conf'),
  };
  return { ...process.env, ...files, PODMAN_IGNORE_CGROUPSV1_WARNING: '1' };
}

/** The layers of the store are mounted while a container is. */
function remove(folder: string): void {
  spawnSync('buildah', ['umount', '--all'], { env: environmentOf(folder) });
  spawnSync('umount', [join(folder, 'store/overlay')]);
  rmSync(folder, { recursive: true, force: true });
}

function run(program: string, argv: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  console.log(`\n$ ${[program, ...argv].join(' ')}`);
  const { status, signal, error } = spawnSync(program, argv, { stdio: 'inherit', env });
  if (error !== undefined) throw error;
  const code = status ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  if (code !== 0) throw new Error(`${program} ended with ${code}: see above`);
}

function output(program: string, argv: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const { stdout, stderr, status } = spawnSync(program, argv, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${program} ${argv.join(' ')}: ${stderr}`);
  return stdout.trim();
}
