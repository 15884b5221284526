import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  attributesBody,
  attributesFault,
  draftOf,
  fieldOf,
  plainAttributes,
  secondsOf,
} from '../../src/portal/objects/attributes.ts';
import { dataPath, filtered, newestFirst, rowOf, statusOf } from '../../src/portal/objects/collections.ts';
import { readErrorBody } from '../../src/portal/error-body.ts';
import { pointInTime } from '../../src/portal/ui/point-in-time.ts';
import { statedAddress, vaultRefusalOf } from '../../src/portal/objects/refusal.ts';

describe('rows of a list', () => {
  it('are read from secrets, keys and versions, with their times', () => {
    const attributes = { enabled: false, nbf: 1, exp: 2, created: 3, updated: 4 };
    const secret = rowOf({ id: 'https://v.vault.localhost:8443/secrets/db', attributes, contentType: 'text/plain' });
    assert.deepEqual(
      [secret.name, secret.version, secret.enabled, secret.notBefore, secret.expires, secret.created, secret.updated],
      ['db', '', false, 1, 2, 3, 4],
    );
    const key = rowOf({ kid: 'https://v.vault.localhost:8443/keys/disk/0123', managed: true });
    assert.deepEqual([key.name, key.version, key.managed, key.enabled], ['disk', '0123', true, true]);
    const deleted = rowOf({ id: 'https://v.vault.localhost:8443/secrets/old', deletedDate: 5, scheduledPurgeDate: 6 });
    assert.deepEqual([deleted.name, deleted.deleted, deleted.purged], ['old', 5, 6]);
  });

  it('are filtered by name, content type and tag, in capitals or not', () => {
    const row = (name: string, more = {}) => rowOf({ id: `https://v.vault.localhost/secrets/${name}`, ...more });
    const rows = [
      row('db-password'),
      row('api-key', { contentType: 'text/DB' }),
      row('other', { tags: { owner: 'ada' } }),
      row('near'),
    ];
    const names = (filter: string) => filtered(rows, filter).map(({ name }) => name);
    assert.deepEqual(names('db'), ['db-password', 'api-key']);
    assert.deepEqual(names(' OWNER=Ada '), ['other']);
    assert.deepEqual(names('owner=bob'), []);
    assert.equal(names('').length, 4);
  });

  it('have one status at a time, and the switch comes before the dates', () => {
    const at = (row: { enabled: boolean; notBefore?: number; expires?: number }) =>
      statusOf({ notBefore: undefined, expires: undefined, ...row }, 100);
    assert.equal(at({ enabled: true }), 'Enabled');
    assert.equal(at({ enabled: false, expires: 1 }), 'Disabled');
    assert.equal(at({ enabled: true, expires: 100 }), 'Expired');
    assert.equal(at({ enabled: true, expires: 101 }), 'Enabled');
    assert.equal(at({ enabled: true, notBefore: 101 }), 'Not active yet');
    assert.equal(at({ enabled: true, notBefore: 100 }), 'Enabled');
  });

  it('are versions, the newest first', () => {
    const row = (version: string, created: number) =>
      rowOf({ id: `https://v.vault.localhost/secrets/a/${version}`, attributes: { created } });
    assert.deepEqual(
      newestFirst([row('a', 1), row('b', 3), row('c', 2)]).map(({ version }) => version),
      ['b', 'c', 'a'],
    );
  });

  it('have paths whose every segment is encoded', () => {
    assert.equal(dataPath(['secrets', '../keys', 'a?b']), 'secrets/..%2Fkeys/a%3Fb?api-version=7.6');
  });
});

describe('the attributes of a form', () => {
  it('keep every minute that a field can show', () => {
    // A field has minutes, so what it keeps is the minute.
    const minutes = fc.integer({ min: 0, max: 66_000_000 });
    fc.assert(fc.property(minutes, (minute) => secondsOf(fieldOf(minute * 60)) === minute * 60));
    assert.equal(fieldOf(undefined), '');
    assert.equal(secondsOf(''), undefined);
    assert.equal(secondsOf('tomorrow'), undefined);
  });

  it('become a body with what was given', () => {
    assert.deepEqual(attributesBody(plainAttributes), { attributes: { enabled: true }, tags: {} });
    const tags = [
      { name: '__proto__', value: 'x' },
      { name: '', value: 'left out' },
      { name: 'b', value: '' },
    ];
    const body = attributesBody({ enabled: false, activation: '2026-01-01T00:00', expiry: '', tags });
    assert.deepEqual(Object.entries(body.tags), [
      ['__proto__', 'x'],
      ['b', ''],
    ]);
    assert.deepEqual(Object.keys(body.attributes), ['enabled', 'nbf']);
  });

  it('refuse what a vault would not do as it looks', () => {
    const dated = { ...plainAttributes, activation: '2026-01-02T00:00', expiry: '2026-01-02T00:01' };
    assert.equal(attributesFault(dated), undefined);
    assert.match(attributesFault({ ...dated, expiry: dated.activation }) ?? '', /before it is active/);
    assert.match(attributesFault({ ...dated, expiry: '' }, dated) ?? '', /not taken away/);
    assert.equal(attributesFault({ ...dated, expiry: '' }), undefined);
    const twice = [
      { name: 'a', value: '1' },
      { name: 'a', value: '2' },
    ];
    assert.match(attributesFault({ ...plainAttributes, tags: twice }) ?? '', /tag a is there twice/);
    assert.equal(
      attributesFault({
        ...plainAttributes,
        tags: [twice[0], { name: 'A', value: '' }].filter((tag) => tag !== undefined),
      }),
      undefined,
    );
  });

  it('come back from a row as they were', () => {
    const row = rowOf({ id: 'x/x/x/x/a', attributes: { enabled: false, exp: 60 }, tags: { a: 'b' } });
    const draft = draftOf(row, 'secrets');
    assert.deepEqual(attributesBody(draft), { attributes: { enabled: false, exp: 60 }, tags: { a: 'b' } });
  });
});

describe('the dates of a certificate', () => {
  it('are not in a form nor in its body, because a vault refuses them', () => {
    const row = rowOf({ id: 'x/x/x/x/a', attributes: { enabled: true, nbf: 60, exp: 120 } });
    assert.deepEqual(attributesBody(draftOf(row, 'certificates')).attributes, { enabled: true });
    assert.deepEqual(attributesBody(draftOf(row, 'keys')).attributes, { enabled: true, nbf: 60, exp: 120 });
  });
});

describe('the refusal of a vault', () => {
  const refused = (status: number, innerCode: string | undefined, message = '') => ({ status, innerCode, message });
  const sentence =
    'Client address is not authorized and caller is not a trusted service.\r\nClient address: 203.0.113.8\r\nCaller: appid=x';

  it('is the firewall’s, with the address that the vault states', () => {
    const refusal = vaultRefusalOf(refused(403, 'ForbiddenByFirewall', sentence));
    assert.deepEqual(refusal, { gate: 'firewall', address: '203.0.113.8' });
    assert.equal(statedAddress('Client address: unknown\r\n'), undefined);
    assert.equal(statedAddress('Caller: Client address: 198.51.100.1'), undefined);
  });

  it('is that of public access, or of a permission', () => {
    assert.deepEqual(vaultRefusalOf(refused(403, 'ForbiddenByConnection')), { gate: 'publicAccess' });
    assert.deepEqual(vaultRefusalOf(refused(403, 'AccessDenied')), { gate: 'permission' });
    assert.deepEqual(vaultRefusalOf(refused(403, 'ForbiddenByRbac')), { gate: 'permission' });
  });

  it('is not a gate’s where something else failed', () => {
    assert.equal(vaultRefusalOf(refused(403, 'SecretDisabled')), undefined);
    assert.equal(vaultRefusalOf(refused(404, 'ForbiddenByFirewall')), undefined);
    assert.equal(vaultRefusalOf(refused(403, undefined)), undefined);
  });
});

describe('the body of a refusal', () => {
  it('is read from JSON as the services write it', () => {
    const error = { code: 'Forbidden', message: 'No.', innererror: { code: 'ForbiddenByPolicy' } };
    const read = { code: 'Forbidden', message: 'No.', innerCode: 'ForbiddenByPolicy' };
    assert.deepEqual(readErrorBody(JSON.stringify({ error })), read);
  });

  for (const body of [
    '',
    'null',
    '<h1>500</h1>',
    '[]',
    '{"error":null}',
    '{"error":"no"}',
    '{"error":{"code":{"a":1},"message":2,"innererror":null}}',
    '{"__proto__":{"error":{"code":"x"}}}',
  ]) {
    it(`says nothing where it is ${body === '' ? 'empty' : body}`, () => {
      assert.deepEqual(readErrorBody(body), {});
    });
  }
});

describe('a point in time', () => {
  const last = 8_640_000_000_000_000;

  it('is shown to its end', () => {
    assert.equal(pointInTime(0, false)?.exact, '1970-01-01T00:00:00.000Z');
    assert.equal(pointInTime(last, true)?.exact, '+275760-09-13T00:00:00.000Z');
  });

  it('is not where no calendar has it', () => {
    for (const ms of [last + 1, Infinity, Number.NaN]) assert.equal(pointInTime(ms, true), undefined, String(ms));
  });
});
