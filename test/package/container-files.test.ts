/** The files for containers: what they say is what the program reads. `npm run container` builds and runs them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { parseAddress, parseRange } from '../../src/address/address.ts';
import { ruleProfiles } from '../../src/firewall/profiles.ts';
import { compileNat, translate } from '../../src/ingress/nat.ts';
import { parseSeed } from '../../src/seed/read-seed.ts';
import { readSettings } from '../../src/settings/settings.ts';
import type { Settings } from '../../src/settings/settings.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const example = 'examples/container';

/** The settings as the image reads them in a container with this address. */
function settingsOf(file: string, cidr = '172.17.0.2/16'): Settings {
  const answer = readSettings({
    argv: ['--config', `/etc/postern/${file}`],
    environment: {},
    readFile: (path) => read(path.replace('/etc/postern/', `${example}/`)),
    folder: '/',
    interfaces: () => ({ eth0: [{ address: cidr.split('/')[0] ?? '', cidr, internal: false }] }),
  });
  assert.ok(answer.ok, answer.ok ? '' : answer.message);
  return answer.settings;
}

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The instructions before the first stage, and each stage. */
const stages: Instruction[][] = [[]];
for (const line of read('Dockerfile').replaceAll(/\\\n/g, ' ').split('\n')) {
  const [, name = '', rest = ''] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
  if (name === 'FROM') stages.push([]);
  if (name !== '') stages.at(-1)?.push({ name, rest });
}
const [choices = [], build = [], image = []] = stages;
const of = (name: string) => image.filter((line) => line.name === name).map(({ rest }) => rest);
const words = (rest: string | undefined) => JSON.parse(rest ?? '') as readonly string[];

describe('the image', () => {
  it('has two stages on a base that can be chosen, and the last runs no command', () => {
    assert.deepEqual(
      [...choices, build[0], image[0]].map((line) => `${line?.name} ${line?.rest}`),
      ['ARG BASE=node:24-slim', 'ARG FINAL=${BASE}', 'FROM ${BASE} AS build', 'FROM ${FINAL}'],
    );
    assert.equal(stages.length, 3);
    assert.deepEqual(of('RUN'), []);
    assert.deepEqual(of('ADD'), []);
    for (const rest of of('COPY')) assert.match(rest, /^--from=build /);
  });

  it('has a numeric user, which is the one that the server has by default, and a folder of its own for data', () => {
    const [uid = '', gid] = of('USER').join().split(':');
    assert.deepEqual([uid, gid], ['61043', '61043']);
    assert.match(read('docs/reference/command-line.md'), new RegExp(`else ${uid}`));
    assert.deepEqual(of('VOLUME'), ['/data']);
    assert.ok(of('COPY').includes(`--from=build --chown=${uid}:${gid} /folders /`));
  });

  it('starts without a shell, with settings that the server reads', () => {
    const entry = words(of('ENTRYPOINT')[0]);
    assert.deepEqual(entry, ['node', '/opt/postern/bin/main.mjs', 'start', '--config', '/etc/postern/postern.json']);
    assert.ok(existsSync(join(root, 'bin/main.mjs')));
    assert.ok(build.some(({ rest }) => rest.includes(`cp ${example}/image.json /image/etc/postern/postern.json`)));
    const { dataFolder, listen, port, publicPort, nat, domain } = settingsOf('image.json');
    assert.deepEqual(
      { dataFolder, listen, port, publicPort, nat, domain },
      { dataFolder: '/data', listen: ['0.0.0.0'], port: 8443, publicPort: 'any', nat: [], domain: 'localhost' },
    );
    assert.deepEqual(of('EXPOSE'), [String(port)]);
    assert.deepEqual(of('ENV'), [`POSTERN_DATA=${dataFolder}`]);
  });

  it('asks its own health listener, without a shell', () => {
    const [, command] = /^((?:--\S+ +)*)CMD +(.*)$/.exec(of('HEALTHCHECK')[0] ?? '')?.slice(1) ?? [];
    const [node, flag, program = ''] = words(command);
    assert.deepEqual([node, flag], ['node', '-e']);
    const url = new URL(/'(http:[^']+)'/.exec(program)?.[1] ?? '');
    for (const file of ['image.json', 'postern.json']) {
      const { address, port } = settingsOf(file).health?.listen ?? {};
      assert.deepEqual([address, String(port), '/readyz'], [url.hostname, url.port, url.pathname], file);
    }
  });

  it('is built from what is there, and from nothing else of this machine', () => {
    const lines = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    assert.equal(lines[0], '*');
    for (const line of lines.slice(1)) {
      assert.match(line, /^!/);
      assert.ok(existsSync(join(root, line.slice(1))), line);
    }
    const { files } = JSON.parse(read('package.json')) as { readonly files: readonly string[] };
    const needed = files.filter((file) => !file.startsWith('dist/'));
    for (const path of [...needed, 'package-lock.json', 'src', 'tools', 'tsconfig.json', example])
      assert.ok(
        lines.some((line) => `${path}/`.startsWith(`${line.slice(1)}/`)),
        path,
      );
  });
});

interface Service {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
  readonly networks?: { readonly inside: { readonly ipv4_address: string; readonly aliases?: readonly string[] } };
}

interface Compose {
  readonly services: Readonly<Record<'postern' | 'trust' | 'let-in' | 'locked-out', Service>>;
  readonly volumes: object;
  readonly networks: {
    readonly inside: { readonly ipam: { readonly config: readonly [{ readonly subnet: string }] } };
  };
}

describe('the compose file', () => {
  const { services, volumes, networks } = parse(read(`${example}/compose.yaml`), {
    strict: true,
    merge: true,
  }) as Compose;
  const { subnet } = networks.inside.ipam.config[0];
  const addressOf = (service: Service) => service.networks?.inside.ipv4_address ?? '';
  const settings = settingsOf('postern.json', `${addressOf(services.postern)}/${subnet.split('/')[1]}`);
  const world = parseSeed(read(`${example}/world.json`), ruleProfiles.documented);
  assert.ok(world.ok);
  const vault = world.seed.vaults['app'];

  it('lets one program in, by the address that the server sees it with, and locks the other out', () => {
    const range = parseRange(subnet);
    assert.ok(range.ok);
    const seen = (service: Service) => {
      const address = parseAddress(addressOf(service));
      assert.ok(address?.family === 4 && address.value > range.range.first && address.value < range.range.last);
      return translate(compileNat(settings.nat), address).text;
    };
    assert.equal(vault?.rules?.defaultAction, 'Deny');
    const rules = vault.rules.ipRules.map(String);
    assert.deepEqual(rules, [seen(services['let-in'])]);
    assert.deepEqual(seen(services['locked-out']), '203.0.113.9');
    const { networks: _inside, ...letIn } = services['let-in'];
    const { networks: _other, ...lockedOut } = services['locked-out'];
    assert.deepEqual(letIn, lockedOut, 'they differ in nothing else');
  });

  it('gives the programs the names, the port and the identity of the server', () => {
    const { VAULT_URL = '', IDENTITY_ENDPOINT = '', IDENTITY_HEADER } = services['let-in'].environment ?? {};
    const aliases = services.postern.networks?.inside.aliases ?? [];
    for (const url of [VAULT_URL, IDENTITY_ENDPOINT]) {
      assert.ok(aliases.includes(new URL(url).hostname), url);
      assert.equal(Number(new URL(url).port), settings.port);
    }
    assert.deepEqual(aliases, [settings.domain, `app.vault.${settings.domain}`]);
    const [client] = settings.clients;
    assert.equal(client?.identityHeader, IDENTITY_HEADER);
    assert.deepEqual(Object.keys(vault?.access ?? {}), [client?.objectId]);
    assert.match(services.postern.ports?.[0] ?? '', new RegExp(`:${settings.port}$`));
  });

  it('gives no container a right that it does not need, and the keys to the server alone', () => {
    for (const [name, service] of Object.entries(services)) {
      assert.deepEqual([service.image, service.read_only, service.cap_drop], ['postern', true, ['ALL']], name);
      for (const volume of service.volumes) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('./')) assert.ok(existsSync(join(root, example, source)), volume);
        else assert.ok(Object.hasOwn(volumes, source), volume);
      }
    }
    const keys = Object.entries(services).filter(([, service]) =>
      service.volumes.some((line) => line.startsWith('data:')),
    );
    assert.deepEqual(
      keys.map(([name, { volumes: lines }]) => [name, lines[0]]),
      [
        ['postern', 'data:/data'],
        ['trust', 'data:/data:ro'],
      ],
    );
  });
});
