import assert from 'node:assert/strict';
import { test } from 'node:test';
import { azureNames, matchHost, nameSet } from '../../src/http/host.ts';
import { isOwnResource, ownNames, pageOrigins, setsBeside } from '../../src/http/own-names.ts';
import { servedBy } from '../../src/worker/hosts.ts';

const own = ownNames('localhost', { port: 8443 });
const mapped = ownNames('localhost', { port: 8443, publicPort: 18_443 });
const any = ownNames('localhost', { port: 8443, publicPort: 'any' });
const [atAnother] = [nameSet('localhost', 18_443)];

test('the server tells its public port, and its own port where that is any or not given', () => {
  assert.deepEqual(
    [own, mapped, any].map(({ told }) => told.authority),
    ['https://localhost:8443', 'https://localhost:18443', 'https://localhost:8443'],
  );
});

test('a fixed public port replaces the port of the listeners, and 443 stays', () => {
  assert.deepEqual(matchHost(mapped, 'localhost:18443'), { kind: 'home', names: atAnother });
  assert.deepEqual(matchHost(mapped, 'kv.vault.localhost'), { kind: 'vault', names: mapped.sets[1], vault: 'kv' });
  for (const host of ['localhost:8443', 'kv.vault.localhost:8443', 'localhost:18444', 'localhost:1844'])
    assert.equal(matchHost(mapped, host), undefined, host);
});

test('with any, the set has the port that the request names', () => {
  for (const port of [1, 80, 442, 444, 8444, 18_443, 65_535]) {
    const names = nameSet('localhost', port);
    assert.deepEqual(matchHost(any, `LocalHost:${port}`), { kind: 'home', names });
    assert.deepEqual(matchHost(any, `KV-1.vault.localhost:${port}`), { kind: 'vault', names, vault: 'kv-1' });
  }
  assert.equal(matchHost(any, 'localhost:8443')?.names, any.told);
  assert.equal(matchHost(any, 'kv.vault.localhost:443')?.names, any.sets[1]);
});

test('with any, what is close to a host of ours with a port does not match', () => {
  const misses = [
    'localhost:',
    'localhost:0',
    'localhost:08443',
    'localhost:65536',
    'localhost:99999999999',
    'localhost:-1',
    'localhost:+1',
    'localhost:8e3',
    'localhost: 8444',
    'localhost:8444 ',
    'localhost:٨٤٤٤',
    'localhost:8443:8444',
    'localhost:8444:443',
    'localhost:443:443',
    'localhost.:8444',
    'a.localhost:8444',
    'vault.localhost:8444',
    'a.b.vault.localhost:8444',
    'kv:1.vault.localhost:8444',
    'evil.example:8444',
    'localhost.evil.example:8444',
    'user@localhost:8444',
    '[::1]:8444',
    '127.0.0.1:8444',
    ':8444',
    '',
  ];
  for (const host of misses) assert.equal(matchHost(any, host), undefined, host);
});

test("the listeners of Azure's names serve those without a port, also with any", () => {
  const connection = {};
  const served = servedBy({ servesOn: () => 'vaults' }, any)(connection as never);
  assert.deepEqual(served, { sets: [azureNames], only: 'vaults' });
  assert.notEqual(matchHost(served, 'kv.vault.azure.net'), undefined);
  for (const host of ['kv.vault.azure.net:8443', 'localhost:8444'])
    assert.equal(matchHost(served, host), undefined, host);
  const everyone = servedBy({ servesOn: () => undefined }, any)(connection as never);
  assert.notEqual(matchHost(everyone, 'localhost:8444'), undefined);
});

test('a token is issued for our resources at a port of ours, and with any at each', () => {
  const ofPort = (port: string) => [`https://vault.localhost${port}`, `https://localhost${port}/`];
  for (const resource of [...ofPort(':18443'), ...ofPort('')]) {
    assert.ok(isOwnResource(resource, mapped), resource);
    assert.ok(isOwnResource(resource, any), resource);
  }
  for (const resource of ofPort(':8443')) {
    assert.ok(!isOwnResource(resource, mapped), resource);
    assert.ok(isOwnResource(resource, any), resource);
  }
  const near = [
    'https://localhost:0',
    'https://localhost:443',
    'https://localhost:018443',
    'https://localhost:65536',
    'https://localhost:18443//',
    'https://localhost:18443/x',
    'http://localhost:18443',
    'https://a.vault.localhost:18443',
    'https://evil.example:18443',
    'https://vault.azure.net:18443',
    'https://localhost:8444:18443',
    'https://x@localhost:18443',
  ];
  for (const resource of near) assert.ok(!isOwnResource(resource, any), resource);
});

test('a page may call the vaults of its own port, and one at another port of this host may not', () => {
  assert.deepEqual(pageOrigins(own.told, own), ['https://localhost:8443', 'https://localhost']);
  assert.deepEqual(pageOrigins(mapped.told, mapped), ['https://localhost:18443', 'https://localhost']);
  const matched = matchHost(any, 'kv.vault.localhost:18443');
  assert.ok(matched !== undefined);
  assert.ok(pageOrigins(matched.names, any).includes('https://localhost:18443'));
  assert.ok(!pageOrigins(matched.names, any).includes('https://localhost:18444'));
  assert.ok(!pageOrigins(azureNames, any).includes(azureNames.authority));
});

test('one authority has the sets whose ports are known, and that of the request', () => {
  assert.deepEqual(setsBeside(own.told, own), own.sets);
  assert.deepEqual(setsBeside(atAnother, any), [atAnother, ...any.sets]);
  assert.deepEqual(setsBeside(azureNames, any), [azureNames]);
});
