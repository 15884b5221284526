import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checked } from '../../src/supervisor/check.ts';
import { readConfiguration } from '../../src/supervisor/read-configuration.ts';
import { signed } from '../settings/operator-pair.ts';
import { newFolder } from './supervised.ts';

const postern = join(import.meta.dirname, '../../bin/postern');
const secrets = { password: 'a-long-password', secret: 's3cret-of-a-client' };

async function check(startedIn: string, ...argv: readonly string[]) {
  const place = { argv, startedIn, program: import.meta.filename };
  return checked(await readConfiguration(place), place);
}

test('what the server would run with is printed without secrets, and with what it would warn of', async (t) => {
  const folder = await newFolder(t);
  const { certificate, key } = await signed({ subject: 'x', dnsNames: ['vaults.example.org'] });
  writeFileSync(join(folder, 'a.pem'), certificate);
  writeFileSync(join(folder, 'b.pem'), key);
  writeFileSync(join(folder, 'master.key'), 'ab'.repeat(32));
  writeFileSync(join(folder, 'seed.json'), '{"vaults":{"app":{}}}');
  const config = {
    domain: 'vaults.example.org',
    data: 'data',
    tls: [{ certificate: 'a.pem', key: 'b.pem' }],
    masterKeyFile: 'master.key',
    seed: 'seed.json',
    health: { listen: '[::1]:0' },
    users: [{ userPrincipalName: 'ada@contoso.example', password: secrets.password }],
    clients: [{ clientId: '0f0e0d0c-0000-4000-8000-000000000001', secret: secrets.secret }],
  };
  writeFileSync(join(folder, 'postern.json'), JSON.stringify(config));
  const { output, faults, exitCode } = await check(folder, '--config', 'postern.json', '--port', '9443');
  assert.deepEqual([faults, exitCode], [[], 0]);
  for (const line of [
    'The configuration is valid. The server would run with:',
    '  port            9443',
    '  domain          vaults.example.org',
    `  data            ${join(folder, 'data')}`,
    `  masterKey       ${join(folder, 'master.key')}`,
    `  tls             ${join(folder, 'a.pem')} for vaults.example.org`,
    `  seed            ${join(folder, 'seed.json')}`,
    '  health          [::1]:0',
    '  users           1',
    `Warning: ${join(folder, 'a.pem')} does not cover *.vault.vaults.example.org: there the server shows the certificate of its own authority.`,
  ])
    assert.ok(output.split('\n').includes(line), `${line}\n${output}`);
  const inJson = await check(folder, '--config', 'postern.json', '--check', '--json');
  const parsed = JSON.parse(inJson.output) as {
    readonly valid: boolean;
    readonly settings: { readonly clients: number };
  };
  assert.deepEqual([parsed.valid, parsed.settings.clients], [true, 1]);
  for (const secret of [...Object.values(secrets), 'abab', key.split('\n')[1] ?? 'abab'])
    for (const printed of [output, inJson.output]) assert.ok(!printed.includes(secret), secret);
});

test('every member that is wrong is named with its file, its value and the rule, and so is every file', async (t) => {
  const folder = await newFolder(t);
  const at = (name: string) => join(folder, name);
  const write = (config: object) => writeFileSync(at('postern.json'), JSON.stringify(config));
  write({
    port: 'x',
    listen: [],
    loglevel: 'info',
    users: [{ userPrincipalName: 'a', password: 1 }],
    domain: 'ok.example',
  });
  const wrong = await check(folder, '--config=postern.json', '--json');
  assert.equal(wrong.exitCode, 1);
  const rules = [
    /^\S+\/postern\.json: port: "x" is not a whole number from 0 to 65535\.$/,
    /^\S+\/postern\.json: listen: \[\] must not be empty/,
    /^\S+\/postern\.json: the member loglevel is not known\. Did you mean logLevel\?/,
    /^\S+\/postern\.json: users\[0\]\.password: must be a non-empty string\.$/,
  ];
  assert.equal(wrong.faults.length, rules.length);
  for (const [index, rule] of rules.entries()) assert.match(wrong.faults[index] ?? '', rule);
  assert.deepEqual(JSON.parse(wrong.output), { valid: false, faults: wrong.faults });
  // Two members that do not go together are a fault of the start alone.
  write({ memory: true, data: 'd' });
  assert.match(
    (await check(folder, '--config', 'postern.json')).faults.join('\n'),
    /memory and data \(\S+\) cannot be used together/,
  );
  const usage = await check(folder, '--prot', '1');
  assert.deepEqual([usage.exitCode, usage.output], [2, '']);
  assert.match(usage.faults.join('\n'), /^the option --prot is not known\. Did you mean --port\?/);
  assert.match(
    (await check(folder, '--config', 'none.json')).faults.join('\n'),
    /^--config: the file cannot be read: ENOENT/,
  );

  const [own, other] = await Promise.all(
    ['own', 'other'].map((subject) => signed({ subject, dnsNames: ['localhost'] })),
  );
  assert.ok(own && other);
  writeFileSync(at('own.pem'), own.certificate);
  writeFileSync(at('other.pem'), other.key);
  writeFileSync(at('junk'), 'not-to-be-shown');
  const gateway = { listen: '127.0.0.1:1', clientCa: 'junk', certificate: 'own.pem', key: 'other.pem' };
  const clientId = '0f0e0d0c-0000-4000-8000-000000000001';
  write({ clients: [{ clientId, certificate: 'junk' }], gateways: { tls: gateway }, masterKeyFile: 'junk' });
  const files = await check(folder, '--config', 'postern.json');
  assert.deepEqual([files.exitCode, files.output], [1, '']);
  assert.deepEqual(files.faults, [
    `clients[0].certificate: ${at('junk')} has no certificate in PEM (-----BEGIN CERTIFICATE-----).`,
    `gateways.tls.clientCa: ${at('junk')} has no certificate in PEM (-----BEGIN CERTIFICATE-----).`,
    `gateways.tls.key: ${at('other.pem')} is not the key of ${at('own.pem')}.`,
    `masterKeyFile: ${at('junk')} must have 32 bytes as 64 hexadecimal digits or in base64 (openssl rand -base64 32).`,
  ]);
  write({ tls: [{ certificate: 'own.pem', key: 'other.pem' }] });
  const pair = await check(folder, '--config', 'postern.json');
  assert.match(pair.faults.join('\n'), /^tls\[0\]: \S+other\.pem is not the key of \S+own\.pem/);
  const lacking = [{ certificate: 'none.pem', key: 'other.pem' }];
  write({ tls: [...lacking, { certificate: 'own.pem', key: 'other.pem' }], masterKeyFile: 'none.key' });
  const missing = await check(folder, '--config', 'postern.json');
  const each = [
    /^masterKeyFile: the file \S+none\.key cannot be read: ENOENT/,
    /^tls\[0\]: \S+none\.pem cannot be read: ENOENT/,
    /^tls\[1\]: \S+other\.pem is not the key of \S+own\.pem/,
  ];
  assert.equal(missing.faults.length, each.length);
  for (const [index, fault] of each.entries()) assert.match(missing.faults[index] ?? '', fault);
});

test('the authorities that the URLs of a database name are read, unless store.caFile takes their place', async (t) => {
  const folder = await newFolder(t);
  const at = (name: string) => join(folder, name);
  const faultsOf = async (store: object) => {
    writeFileSync(at('postern.json'), JSON.stringify({ store, node: 'a' }));
    return (await check(folder, '--config', 'postern.json')).faults;
  };
  const { certificate } = await signed({ subject: 'authority', dnsNames: ['db.example'] });
  writeFileSync(at('ca.pem'), certificate);
  writeFileSync(at('junk'), 'not-to-be-shown');
  const url = (file: string) => `postgres://u@db.example/d?sslmode=verify-full&sslrootcert=${file}`;
  assert.deepEqual(await faultsOf({ url: url(at('ca.pem')), listenUrl: url('system') }), []);
  const [missing = '', ...others] = await faultsOf({ url: url(at('none.pem')), listenUrl: url(at('ca.pem')) });
  assert.match(missing, /^sslrootcert in store\.url: the file \S+none\.pem cannot be read: ENOENT/);
  assert.deepEqual(others, []);
  assert.deepEqual(await faultsOf({ url: url(at('ca.pem')), listenUrl: url(at('junk')) }), [
    `sslrootcert in store.listenUrl: ${at('junk')} has no certificate in PEM (-----BEGIN CERTIFICATE-----).`,
  ]);
  assert.deepEqual(await faultsOf({ url: url(at('none.pem')), caFile: 'ca.pem' }), []);
});

test('a folder for the commit mark that is not there is a warning, and refuses the start', async (t) => {
  const folder = await newFolder(t);
  const config = join(folder, 'postern.json');
  writeFileSync(config, JSON.stringify({ data: 'data', port: 0, commitMarkFile: 'mark/commit-mark' }));
  const rule = /commitMarkFile: there is no folder \S+mark, and no start without it\. Make it/;
  const { output, exitCode } = await check(folder, '--config', 'postern.json');
  assert.equal(exitCode, 0);
  assert.match(output, rule);
  const started = spawnSync(postern, ['start', '--config', config], { encoding: 'utf8' });
  assert.equal(started.status, 1);
  assert.match(started.stderr, rule);
  mkdirSync(join(folder, 'mark'));
  assert.doesNotMatch((await check(folder, '--config', 'postern.json')).output, rule);
});

test('postern config check has the words of postern start, and changes nothing', async (t) => {
  const folder = await newFolder(t);
  const data = join(folder, 'data');
  const words = ['config', 'check', '--data', data, '--nat', '10.0.0.0/24=203.0.113.0/24', '--nat', '::1=2001:db8::1'];
  const { status, stdout, stderr } = spawnSync(postern, words, { encoding: 'utf8', cwd: folder });
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^ {2}nat {13}10\.0\.0\.0\/24=203\.0\.113\.0\/24; ::1=2001:db8::1$/m);
  assert.ok(!existsSync(data));
});

test('names from a file that the reader did not write cannot move the cursor of the terminal', async (t) => {
  const folder = await newFolder(t);
  writeFileSync(join(folder, 'postern.json'), JSON.stringify({ 'a\u001B[2Jb\u009Bc\u202Ed': 1, logLevel: 'e' }));
  const words = ['config', 'check', '--config', 'postern.json'];
  const { status, stderr } = spawnSync(postern, words, { encoding: 'utf8', cwd: folder });
  assert.equal(status, 1);
  assert.match(stderr, /postern\.json: the member a\?\[2Jb\?c\?d is not known\..*\npostern: .*logLevel/);
});
