import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchHost, nameSet } from '../../src/http/host.ts';

const sets = [nameSet('localhost', 8443), nameSet('vaults.example.org', 443)];

test('a name set includes its port, unless that is 443', () => {
  assert.deepEqual(sets, [
    {
      vaultSuffix: '.vault.localhost:8443',
      homes: ['localhost:8443'],
      authority: 'https://localhost:8443',
      resourceManager: 'https://localhost:8443',
      graph: 'https://localhost:8443',
      vaultResource: 'https://vault.localhost:8443',
      cloud: {
        name: 'Postern',
        portal: 'https://localhost:8443/portal/',
        storage: 'storage.localhost:8443',
        registry: 'registry.localhost:8443',
        database: 'database.localhost:8443',
      },
    },
    {
      vaultSuffix: '.vault.vaults.example.org',
      homes: ['vaults.example.org'],
      authority: 'https://vaults.example.org',
      resourceManager: 'https://vaults.example.org',
      graph: 'https://vaults.example.org',
      vaultResource: 'https://vault.vaults.example.org',
      cloud: {
        name: 'Postern',
        portal: 'https://vaults.example.org/portal/',
        storage: 'storage.vaults.example.org',
        registry: 'registry.vaults.example.org',
        database: 'database.vaults.example.org',
      },
    },
  ]);
});

test('a host names a home or a vault of the set that it belongs to, in any case', () => {
  const [local, example] = sets;
  const hits = [
    ['localhost:8443', { kind: 'home', names: local }],
    ['LocalHost:8443', { kind: 'home', names: local }],
    ['vaults.example.org', { kind: 'home', names: example }],
    ['kv-1.vault.localhost:8443', { kind: 'vault', names: local, vault: 'kv-1' }],
    ['KV-1.Vault.LOCALHOST:8443', { kind: 'vault', names: local, vault: 'kv-1' }],
    ['kv.vault.vaults.example.org', { kind: 'vault', names: example, vault: 'kv' }],
    ['kv.vault.vaults.example.org:443', { kind: 'vault', names: example, vault: 'kv' }],
    ['vaults.example.org:443', { kind: 'home', names: example }],
    ['vault.vault.localhost:8443', { kind: 'vault', names: local, vault: 'vault' }],
  ] as const;
  for (const [host, match] of hits) assert.deepEqual(matchHost({ sets }, host), match, host);
});

test('a host that is close to one of our names does not match', () => {
  const misses = [
    '',
    'localhost',
    'localhost:8444',
    'localhost:08443',
    'localhost:8443 ',
    'localhost.:8443',
    'xlocalhost:8443',
    'a.localhost:8443',
    'vault.localhost:8443',
    '.vault.localhost:8443',
    'a.b.vault.localhost:8443',
    'a_b.vault.localhost:8443',
    'ä.vault.localhost:8443',
    'kv.vault.localhost',
    'kv.vault.localhost:443',
    'kvvault.localhost:8443',
    'kv.vault.localhost:8443:443',
    'localhost:8443:443',
    'vaults.example.org:443:443',
    'vaults.example.org:0443',
    'vaults.example.org:8443',
    'kv.vault.vaults.example.org.evil.example',
    'user@localhost:8443',
    `${'k'.repeat(128)}.vault.localhost:8443`,
  ];
  for (const host of misses) assert.equal(matchHost({ sets }, host), undefined, host);
});
