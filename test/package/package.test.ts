/** The archive of `npm pack`, in an empty project of an ordinary user without a network. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { programNames } from '../../src/programs/programs.ts';
import type { ProgramName } from '../../src/programs/programs.ts';
import { notRun } from '../not-run.ts';
import { startCollector } from '../delivery/collector.ts';
import { pinnedTo } from '../readers/pinned.ts';
import { dataFolder, startCommand, until } from '../world/process.ts';
import { Installation, oldestNode } from './installation.ts';
import type { NodeOnPath } from './installation.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const isRoot = process.geteuid?.() === 0;

/** As a user types it. */
const start = ['npx', 'postern', 'start', '--json', '--memory', '--port', '0'];

/** Beside the documents in `docs/`. */
const mayHold = new Set([
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'bin',
  'dist',
  'docs',
  'examples',
  'package.json',
]);

/** A program in Node, without packages: finds the vault as `postern run` lets it, asks for a token and reads a secret. */
const application = `
const vault = process.env.KEYVAULT_URL;
const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header } = process.env;
const resource = encodeURIComponent('https://vault.azure.net');
const asked = await fetch(endpoint + '?api-version=2019-08-01&resource=' + resource, { headers: { 'x-identity-header': header } });
const { access_token: token } = await asked.json();
const read = await fetch(vault + '/secrets/greeting?api-version=7.4', { headers: { authorization: 'Bearer ' + token } });
console.log((await read.json()).value);
`;

/** Opens the portal, and the first script that its page names. */
const visit = `
const page = await fetch(process.env.PORTAL_URL);
const [path] = /[/]portal[/]assets[/][^"]+[.]js/.exec(await page.text());
const script = await fetch(new URL(path, process.env.PORTAL_URL));
console.log(page.status, script.status);
`;

/** The entry for `require` is a CommonJS module. */
const fileOf = (name: ProgramName) => (name === 'required' ? 'required.cjs' : `${name}.js`);

describe('the published package, installed into an empty project', () => {
  let installed: Installation;
  let here: string;
  let current: NodeOnPath;
  const nodes: NodeOnPath[] = [];

  before(async () => {
    installed = await Installation.make();
    here = join(installed.project, 'node_modules/postern');
    current = installed.nodeOnPath(process.execPath);
    const older = installed.nodeFromRegistry(oldestNode);
    nodes.push(current, ...(older === undefined ? [] : [older]));
    installed.npm(current, 'install', installed.archive);
  });
  after(() => installed[Symbol.dispose]());

  const filesIn = (folder: string) => readdirSync(join(here, folder), { recursive: true, encoding: 'utf8' });

  it('holds what it runs and its documents, and no sources, tests, tools or Node', () => {
    const holds = readdirSync(here);
    assert.deepEqual(holds.toSorted(), [...mayHold].toSorted());
    assert.deepEqual(readdirSync(join(here, 'bin')), ['main.mjs']);
    assert.deepEqual(readdirSync(join(here, 'dist')), ['THIRD-PARTY-LICENSES.md', 'portal', 'programs']);
    const built = filesIn('dist');
    for (const name of programNames) assert.ok(built.includes(`programs/${fileOf(name)}`), name);
    assert.deepEqual(
      built.filter((name) => /\.(?:ts|tsx|map)$|(?:^|\/)test\/|\.test\./.test(name)),
      ['programs/postern.d.ts'],
    );
  });

  it('is small: at most 2.25 MB to download and 7 MB on disk', () => {
    const bytes = filesIn('.').reduce((sum, name) => sum + statSync(join(here, name)).size, 0);
    assert.ok(statSync(installed.archive).size <= 2_250_000, `${statSync(installed.archive).size} bytes packed`);
    assert.ok(bytes <= 7_000_000, `${bytes} bytes unpacked`);
  });

  it('brings no other package and no node', () => {
    const packages = readdirSync(join(installed.project, 'node_modules')).filter((name) => !name.startsWith('.'));
    assert.deepEqual(packages, ['postern']);
    assert.deepEqual(readdirSync(join(installed.project, 'node_modules/.bin')), ['postern']);
  });

  it('has no path of the machine that built it', () => {
    const [home] = /^\/[^/]+\//.exec(root) ?? [];
    const telling = filesIn('dist').filter((name) => {
      const file = join(here, 'dist', name);
      if (!statSync(file).isFile()) return false;
      const text = readFileSync(file, 'latin1');
      return text.includes(root) || text.includes('/postern-packed-') || text.includes(`../${home?.slice(1)}`);
    });
    assert.deepEqual(telling, []);
  });

  it('has the license of every package whose code is in it', () => {
    const licenses = readFileSync(join(here, 'dist/THIRD-PARTY-LICENSES.md'), 'utf8');
    const sections = new Map(licenses.split(/^## /m).map((text) => [text.split(' ')[0], text]));
    // The bundler writes the name of each module above its code; the portal's are minified, so its imports count.
    const bundled = filesIn('dist/programs').flatMap((name) => {
      const modules = readFileSync(join(here, 'dist/programs', name), 'utf8').matchAll(/^\/\/ node_modules\/(\S+)$/gm);
      return [...modules].map(
        ([, module = '']) => /^(?:@[^/]+\/)?[^/]+/.exec(module.split('node_modules/').at(-1) ?? '')?.[0] ?? '',
      );
    });
    const wanted = new Set([...bundled, 'preact', 'oauth4webapi']);
    assert.ok(wanted.has('pino') && wanted.has('@opentelemetry/exporter-logs-otlp-http'), [...wanted].join(', '));
    for (const name of wanted)
      assert.match(sections.get(name) ?? '', /permission is|Apache License|to the public domain/i, name);
  });

  it('has one file for each program, which imports no package; the command line and startPostern load more later', () => {
    const names = filesIn('dist/programs');
    const files = new Set([...programNames.map(fileOf), 'postern.d.ts', 'postern.d.cts']);
    const others = names.filter((name) => !files.has(name));
    assert.ok(others.length > 0);
    const ofServer = others.filter((name) => name.startsWith('worker.'));
    assert.equal(ofServer.length, 1);
    assert.deepEqual(
      others.filter((name) => !/^imported\d*\./.test(name)),
      ofServer,
    );
    const loadMore = new Set<ProgramName>(['cli', 'imported', 'required', 'server-child']);
    for (const name of programNames.filter((each) => !loadMore.has(each))) {
      const ofProgram = ['worker', 'reader'].includes(name) ? ofServer : [];
      const read = (file: string) => readFileSync(join(here, `dist/programs/${file}`), 'utf8');
      const code = [fileOf(name), ...ofProgram].map(read).join('\n');
      const imports = [...code.matchAll(/^(?:(?:import|export)\b.*\bfrom |import )"([^"]*)"/gm)];
      assert.deepEqual(
        imports.map(([, file = '']) => file),
        ofProgram.map((file) => `./${file}`),
        name,
      );
      const used = [...code.matchAll(/\bgetBuiltinModule\("([^"]*)"\)/g)].map(([, builtin = '']) => builtin);
      assert.ok(used.length > 0 && used.every((builtin) => isBuiltin(builtin)), name);
      // The first code of a thread imports its entry from memory.
      const later = [...code.replaceAll("import('./entry')", '').matchAll(/\bimport\(\s*["']?([^"')]*)/g)];
      assert.deepEqual(
        later.map(([, what = '']) => what).filter((what) => !isBuiltin(what)),
        [],
        name,
      );
    }
  });

  it('says its version and its commands on each Node, through the links that npm makes', () => {
    installed.npm(current, 'install', '--global', '--prefix', join(installed.folder, 'global'), installed.archive);
    symlinkSync(join(installed.folder, 'global/bin/postern'), join(installed.folder, 'linked'));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
    const started = [
      ['node_modules/.bin/postern'],
      ['npx', 'postern'],
      ['../global/bin/postern'],
      ['../linked'],
      ['node', 'node_modules/postern/bin/main.mjs'],
    ];
    for (const node of nodes) {
      for (const command of started) {
        const said = installed.run(node, [...command, '--version']);
        assert.deepEqual(
          said,
          { status: 0, stdout: `${version}\n`, stderr: '' },
          `${node.version}: ${command.join(' ')}`,
        );
      }
      const { status, stdout, stderr } = installed.run(node, ['npx', 'postern', '--help']);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /\bpostern start\b/);
    }
  });

  it('serves on each Node: the portal is there, and the command and an application with postern/register read a secret', async () => {
    const app = join(installed.project, 'app.mjs');
    writeFileSync(app, application);
    const visitor = join(installed.project, 'visitor.mjs');
    writeFileSync(visitor, visit);
    for (const node of nodes) {
      await using server = await installed.serve(node, start);
      const { dataDir } = server.ready;
      const shown = installed.run(node, [
        'npx',
        'postern',
        'secret',
        'show',
        '--data',
        dataDir,
        '--vault',
        'open',
        '--name',
        'greeting',
      ]);
      assert.equal(shown.status, 0, shown.stderr);
      assert.match(shown.stdout, /"value": "hello from the open vault"/);
      const vault = `https://open${server.ready.vaultSuffix}`;
      const variables = { POSTERN_DATA: dataDir, KEYVAULT_URL: vault };
      const ran = installed.run(node, ['node', '--import', 'postern/register', app], variables);
      assert.deepEqual(ran, { status: 0, stdout: 'hello from the open vault\n', stderr: '' }, node.version);
      const visited = installed.run(node, ['node', '--import', 'postern/register', visitor], {
        POSTERN_DATA: dataDir,
        PORTAL_URL: server.ready.portal.url,
      });
      assert.deepEqual(visited, { status: 0, stdout: '200 200\n', stderr: '' }, node.version);
    }
  });

  it('makes keys, delivers to a collector and has readers; as root also where the worker, without rights, cannot read it', async () => {
    await using collector = await startCollector();
    const configuration = join(installed.folder, 'postern.json');
    const otlp = [{ name: 'test', endpoint: collector.endpoint, everything: true }];
    writeFileSync(configuration, JSON.stringify({ audit: { otlp } }));
    const main = join(isRoot ? closedCopy(installed, here) : here, 'bin/main.mjs');
    if (!isRoot) notRun('the package where the worker cannot read it', 'needs root');
    using data = dataFolder();
    const options = ['--data', data.path, '--readers', '1', '--config', configuration];
    await using server = await startCommand([process.execPath, main, 'start', ...options]);
    assert.equal(statSync(`/proc/${server.workerPid()}`).uid !== 0, true);
    using reader = await pinnedTo(server, 'reader');
    assert.equal(statSync(`/proc/${reader.pid}`).uid !== 0, true);
    const key = await server.client.vault('demo', 'POST', '/keys/k/create', {
      from: '127.0.0.7',
      agent: reader.agent,
      body: { kty: 'RSA', key_size: 2048 },
    });
    assert.equal(key.status, 200, JSON.stringify(key.body));
    await until(() => collector.taken.some(({ body }) => body.includes('KeyCreate')), 'the record of the new key');
  });

  it('makes networks as an ordinary user, and runs a program in a subnet, on each Node', async () => {
    const tried = ['unshare', '--user', '--map-root-user', '--mount', '--net', 'nft', '--check', 'list', 'ruleset'];
    const { status: able } = installed.run(current, tried);
    if (able !== 0) {
      notRun('networks from the package', `"${tried.join(' ')}" does not run for an ordinary user`);
      return;
    }
    for (const node of nodes) {
      await using server = await installed.serve(node, start);
      const postern = (...words: readonly string[]) => {
        const { status, stdout, stderr } = installed.run(node, ['npx', 'postern', ...words]);
        assert.equal(status, 0, `${node.version}: ${words.join(' ')}: ${stderr}`);
        return stdout;
      };
      const data = ['--data', server.ready.dataDir];
      try {
        postern('net', 'up', '--detach', ...data);
        const asking = ['curl', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}'];
        const asked = [...asking, 'https://demo.vault.azure.net/healthstatus'];
        assert.equal(postern('exec', '--subnet', 'demo-blue/workloads', ...data, '--', ...asked), '200');
      } finally {
        assert.match(postern('net', 'down', ...data), /removed/);
      }
    }
  });

  it('names on an older Node the command that brings a newer one, with the same arguments', () => {
    const old = installed.oldNode();
    const words = ['start', '--config', "it's mine.json"];
    const { status, stdout, stderr } = installed.run(old, ['node_modules/.bin/postern', ...words]);
    const [, remedy = ''] = /: (npx .*)\n$/.exec(stderr) ?? [];
    assert.match(stderr, /^postern: needs Node 24 or newer, and this is \d+\.\d+\.\d+\. [^\n]*\n$/);
    assert.equal(stdout, '');
    assert.equal(status, 1);
    assert.equal(remedy, `npx -p node@24 -p postern postern start --config 'it'\\''s mine.json'`);
    const read = spawnSync('sh', ['-c', `npx() { printf '%s\\n' "$@"; }; ${remedy}`], { encoding: 'utf8' });
    assert.deepEqual(read.stdout.trim().split('\n'), ['-p', 'node@24', '-p', 'postern', 'postern', ...words]);
  });

  it('lets an application on an older Node find the server, if that Node is told the authority at its start', async () => {
    const old = installed.oldNode();
    const app = join(installed.project, 'app.mjs');
    writeFileSync(app, application);
    await using server = await installed.serve(current, start);
    const { caFile, dataDir, vaultSuffix } = server.ready;
    const variables = { POSTERN_DATA: dataDir, KEYVAULT_URL: `https://open${vaultSuffix}` };
    const command = ['node', '--import', 'postern/register', app];
    const told = installed.run(old, command, { ...variables, NODE_EXTRA_CA_CERTS: caFile });
    assert.deepEqual(told, { status: 0, stdout: 'hello from the open vault\n', stderr: '' });
    if (Number(/^v(\d+)/.exec(old.version)?.[1]) >= 24) return;
    assert.match(
      installed.run(old, command, variables).stderr,
      /Start the program with NODE_EXTRA_CA_CERTS=.*, or with Node 24\.5/,
    );
  });

  it('is not what a checkout needs: that one starts on its own Node, also through a link', () => {
    symlinkSync(join(root, 'bin/postern'), join(installed.folder, 'checkout'));
    const { status, stdout, stderr } = installed.run(installed.oldNode(), ['../checkout', '--help']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /\bpostern start\b/);
  });
});

/** Root's own, in a folder that only root can enter. */
function closedCopy({ folder }: Installation, from: string): string {
  const closed = join(folder, 'closed');
  for (const command of [
    ['cp', '-r', from, closed],
    ['chown', '-R', 'root', closed],
    ['chmod', '0700', closed],
  ]) {
    const [program = '', ...words] = command;
    assert.equal(spawnSync(program, words).status, 0, command.join(' '));
  }
  return closed;
}
