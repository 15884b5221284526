import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SecretCheck, generateClientSecret, hashClientSecret } from '../../src/directory/secret.ts';
import { registerClient } from '../../src/directory/client-registration.ts';
import { findClient } from '../../src/directory/clients.ts';
import { decode } from '../../src/store/store.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { clientId, objectId, secret, selfSigned, tenant } from '../authority/world.ts';

const registration = { clientId, objectId, tenantId: tenant, displayName: 'ci' };

test('a client is found in any letter case, and has only hashes of its secrets', async () => {
  const store = memoryStore();
  const { certificate } = await selfSigned();
  const client = await registerClient(store, { ...registration, secrets: [secret], certificates: [certificate] });
  assert.deepEqual(await findClient(store, tenant, clientId.toUpperCase()), client);
  const records = await store.list({ prefix: 'directory/', limit: 100 });
  assert.ok(records.length > 0);
  for (const record of records) assert.equal(JSON.stringify(decode(record)).includes(secret), false);
  assert.match(client.secrets[0]?.hash ?? '', /^scrypt\$4096\$8\$1\$/);
  assert.match(client.certificates[0]?.sha256 ?? '', /^[\w-]{43}$/);
  for (const nobody of [objectId, '', 'x', `${clientId}/x`, 'é'])
    assert.equal(await findClient(store, tenant, nobody), undefined);
});

test('a client id is registered once', async () => {
  const store = memoryStore();
  await registerClient(store, registration);
  await assert.rejects(registerClient(store, { ...registration, displayName: 'other' }), { name: 'Conflict' });
});

test('an invalid registration is refused with what to change', async () => {
  const store = memoryStore();
  const ec = await selfSigned({ curve: 'prime256v1' });
  const cases = [
    [{ ...registration, objectId: 'x' }, /objectId x is not a GUID in lower case/],
    [{ ...registration, clientId: clientId.toUpperCase() }, /clientId A1111111-.* is not a GUID in lower case/],
    [{ ...registration, secrets: ['1', '2', '3', '4', '5'] }, /has 5 secrets: give it at most 4/],
    [{ ...registration, secrets: [''] }, /none of them empty/],
    [{ ...registration, certificates: [ec.certificate] }, /it has a key of type ec: use an RSA key/],
    [{ ...registration, certificates: [ec.privateKey] }, /it is not an X\.509 certificate/],
  ] as const;
  for (const [wrong, message] of cases)
    await assert.rejects(registerClient(store, wrong), { name: 'RangeError', message });
});

test('generated secrets have 240 bits and differ from each other', () => {
  const [one, two] = [generateClientSecret(), generateClientSecret()];
  assert.match(one, /^[\w-]{40}$/);
  assert.notEqual(one, two);
});

const requester = { site: '192.0.2.1', name: 'a' };

test('a generated secret does not begin with a hyphen, which az would take for an option', () => {
  // 0xf8 at the beginning is '-' in base64url, 0xf7 is '9'.
  const drawn = [0xf8, 0xfb, 0xf7].map((first) => Buffer.alloc(30, first));
  const made = generateClientSecret(() => drawn.shift() ?? Buffer.alloc(0));
  assert.match(made, /^9[\w-]{39}$/);
  assert.equal(drawn.length, 0);
});

test('a secret matches its own hash and no other, also when it is cached', async () => {
  const check = new SecretCheck(() => 0);
  const [hash, other] = await Promise.all([hashClientSecret(secret), hashClientSecret('other')]);
  assert.equal(await check.check(secret, [other, hash], requester), 'right');
  assert.equal(await check.check(secret, [hash], requester), 'right');
  assert.equal(await check.check(secret, [other], requester), 'wrong');
  assert.equal(await check.check(`${secret} `, [hash], requester), 'wrong');
  assert.equal(await check.check(secret, [], requester), 'wrong');
});

test('wrong secrets beyond the number that may wait are refused, and the others are answered', async () => {
  const check = new SecretCheck(() => 0);
  const hash = await hashClientSecret(secret);
  const verdicts = await Promise.all(
    Array.from({ length: 70 }, (_, index) => check.check(`wrong ${index}`, [hash], requester)),
  );
  assert.equal(verdicts.filter((verdict) => verdict === 'wrong').length, 66);
  assert.equal(verdicts.filter((verdict) => verdict === 'busy').length, 4);
  assert.equal(await check.check(secret, [hash], requester), 'right');
});

test('many wrong secrets do not delay other requesters, and the requester with the most waiting is refused', async () => {
  const check = new SecretCheck(() => 0);
  const hash = await hashClientSecret(secret);
  const ended: string[] = [];
  const show = async (shown: string, who: typeof requester) => {
    const verdict = await check.check(shown, [hash], who);
    ended.push(`${who.site} ${who.name} ${verdict}`);
  };
  const flood = Array.from({ length: 90 }, (_, index) => show(`wrong ${index}`, requester));
  const others = [
    show(secret, { site: '192.0.2.1', name: 'b' }),
    show('wrong', { site: '192.0.2.2', name: 'a' }),
    show('wrong', { site: '192.0.2.2', name: 'b' }),
  ];
  await Promise.all([...flood, ...others]);
  const turns = ended.filter((line) => !line.endsWith('busy'));
  const placeOf = (line: string) => turns.indexOf(line);
  for (const line of ['192.0.2.1 b right', '192.0.2.2 a wrong', '192.0.2.2 b wrong']) {
    assert.ok(placeOf(line) >= 0 && placeOf(line) < 10, `${line} was number ${placeOf(line)}`);
  }
  const turnedAway = new Set(ended.filter((line) => line.endsWith('busy')));
  assert.deepEqual(turnedAway, new Set(['192.0.2.1 a busy']));
});
