import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AssertionUses } from '../../src/authority/assertion-uses.ts';
import type { CodeGrant } from '../../src/authority/authorization-codes.ts';
import { DeviceCodes } from '../../src/authority/device-codes.ts';
import { Fleeting } from '../../src/authority/fleeting.ts';
import { OpaqueTokens } from '../../src/authority/opaque-tokens.ts';
import { SharedAttempts } from '../../src/authority/attempts-of-nodes.ts';
import { clocksDifferMs, SharedAssertionUses, SharedCodes, SharedDevices } from '../../src/authority/codes-of-nodes.ts';
import { SignInAttempts } from '../../src/authority/sign-in-attempts.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';

const start = Date.UTC(2026, 10, 27);

/** The memory of two nodes on one store. */
async function nodes() {
  const store = memoryStore();
  const clock = { ms: start };
  const [a, b] = await Promise.all([nodeOn(store, clock), nodeOn(store, clock)]);
  return { store, clock, a, b };
}

async function nodeOn(store: Store, clock: { readonly ms: number }) {
  const now = () => clock.ms;
  const opaqueTokens = await OpaqueTokens.open(store);
  const fleeting = new Fleeting(store, now);
  const parts = { fleeting, opaqueTokens, now };
  return {
    fleeting,
    codes: new SharedCodes(parts),
    devices: new SharedDevices(parts, new DeviceCodes(now)),
    assertions: new SharedAssertionUses(parts, new AssertionUses(now)),
    attempts: new SharedAttempts(parts, new SignInAttempts(now)),
  };
}

const grant: CodeGrant = {
  clientId: 'client',
  tenant: 'tenant',
  userId: 'user',
  authTime: 0,
  redirectUri: 'https://app.example/',
  confidential: true,
  challenge: 'challenge',
  scope: 'scope',
  nonce: 'nonce',
  page: false,
};

suite('authorization codes among nodes', () => {
  test('one node redeems what the other issued, once in the whole', async () => {
    const { a, b } = await nodes();
    const code = a.codes.issue(grant);
    const redeemed = await Promise.all([a, b, a, b].map(({ codes }) => codes.redeem(code)));
    assert.deepEqual(redeemed.map(({ kind }) => kind).toSorted(), ['granted', 'used', 'used', 'used']);
    const granted = redeemed.find(({ kind }) => kind === 'granted');
    assert.deepEqual(granted, { kind: 'granted', grant });
  });

  test('a used code is used also for a node whose clock is behind that of the one which forgets', async () => {
    const store = memoryStore();
    const [behind, ahead] = [{ ms: start }, { ms: start + 300_000 }];
    const [a, b] = await Promise.all([nodeOn(store, behind), nodeOn(store, ahead)]);
    const code = a.codes.issue(grant);
    assert.equal((await a.codes.redeem(code)).kind, 'granted');
    for (const clock of [behind, ahead]) clock.ms += 400_000;
    await b.fleeting.sweep();
    assert.equal((await a.codes.redeem(code)).kind, 'used');
  });

  test('another spelling of a used code is used, too', async () => {
    const { a, b } = await nodes();
    const code = a.codes.issue(grant);
    assert.equal((await a.codes.redeem(code)).kind, 'granted');
    for (const spelling of [`${code}=`, `${code} `, code.replaceAll('-', '+').replaceAll('_', '/')])
      assert.notEqual((await b.codes.redeem(spelling)).kind, 'granted');
  });

  test('near misses: one that expired, and one that no node issued; nothing is stored for them', async () => {
    const { store, clock, a, b } = await nodes();
    const code = a.codes.issue(grant);
    clock.ms += 600_000;
    assert.equal((await b.codes.redeem(code)).kind, 'expired');
    assert.equal((await b.codes.redeem('invented')).kind, 'unknown');
    assert.deepEqual(await store.list({ prefix: 'authority/fleeting/', limit: 10 }), []);
  });
});

const device = { clientId: 'cli', tenant: 'tenant', scope: 'scope', site: '192.0.2.1' };
const approval = { userId: 'user', tenant: 'tenant', authTime: start };

async function begun(devices: SharedDevices) {
  const codes = await devices.begin(device);
  assert.ok(typeof codes !== 'string');
  return codes;
}

suite('devices among nodes', () => {
  test('begin on one node, are approved on the other, and get their tokens once', async () => {
    const { a, b } = await nodes();
    const { deviceCode, userCode } = await begun(a.devices);
    assert.equal((await b.devices.poll(deviceCode, 'cli')).kind, 'pending');
    assert.deepEqual(await b.devices.find(userCode.toLowerCase()), device);
    assert.equal(await b.devices.approve(userCode, approval), true);
    assert.equal(await a.devices.approve(userCode, approval), false);
    assert.equal(await a.devices.find(userCode), undefined);
    assert.equal((await a.devices.poll(deviceCode, 'another')).kind, 'unknown');
    const polls = await Promise.all([a, b, a].map(({ devices }) => devices.poll(deviceCode, 'cli')));
    assert.deepEqual(polls.map(({ kind }) => kind).toSorted(), ['approved', 'unknown', 'unknown']);
  });

  test('the code of the user alone gets nothing', async () => {
    const { a, b } = await nodes();
    const { userCode } = await begun(a.devices);
    await b.devices.approve(userCode, approval);
    for (const guess of [`x.${userCode}`, userCode, `.${userCode}`])
      assert.equal((await b.devices.poll(guess, 'cli')).kind, 'unknown');
  });

  test('that poll too fast are slowed down, and expired ones are told', async () => {
    const { clock, a } = await nodes();
    const { deviceCode, userCode } = await begun(a.devices);
    const poll = async () => (await a.devices.poll(deviceCode, 'cli')).kind;
    assert.equal(await poll(), 'pending');
    assert.equal(await poll(), 'slowDown');
    clock.ms += 900_000;
    assert.equal(await poll(), 'expired');
    assert.equal(await a.devices.find(userCode), undefined);
  });

  test('of strangers make at most twenty records in a second of a node', async () => {
    const { store, clock, a, b } = await nodes();
    const sites = Array.from({ length: 50 }, (_, at) => ({ ...device, site: `192.0.2.${at}` }));
    const found = await Promise.all(sites.map((one) => a.devices.begin(one)));
    assert.equal(found.filter((codes) => codes !== 'full').length, 20);
    assert.equal((await store.list({ prefix: 'authority/fleeting/device/', limit: 100 })).length, 20);
    // Another node, and the next second.
    await begun(b.devices);
    clock.ms += 1000;
    await begun(a.devices);
  });

  test('of one site make at most ten records, and no more of them keep another site from its own', async () => {
    const { store, a } = await nodes();
    const found = await Promise.all(Array.from({ length: 50 }, () => a.devices.begin(device)));
    assert.equal(found.filter((codes) => codes === 'siteFull').length, 40);
    assert.equal((await store.list({ prefix: 'authority/fleeting/device/', limit: 100 })).length, 10);
    assert.notEqual(typeof (await a.devices.begin({ ...device, site: '192.0.2.2' })), 'string');
  });
});

suite('assertions among nodes', () => {
  const use = { clientId: 'client', jti: 'jti', resource: 'r', forgetAt: start + 600_000 };

  test('a repetition within a minute is MSAL’s, and later a replay on every node', async () => {
    const { clock, a, b } = await nodes();
    assert.equal(await a.assertions.use(use), 'fresh');
    clock.ms += 59_999;
    assert.equal(await b.assertions.use(use), 'fresh');
    clock.ms += 1;
    assert.equal(await b.assertions.use({ ...use, resource: 'another' }), 'fresh');
    assert.equal(await a.assertions.use(use), 'replayed');
    const third = await nodeOn(memoryStore(), clock);
    assert.equal(await third.assertions.use(use), 'fresh', 'another store knows nothing of it');
  });

  test('a node that never saw it refuses the replay', async () => {
    const { clock, a, b } = await nodes();
    assert.equal(await a.assertions.use(use), 'fresh');
    clock.ms += 60_000;
    assert.equal(await b.assertions.use(use), 'replayed');
  });
});

suite('wrong passwords among nodes', () => {
  const guess = (site: string) => ({ name: 'ann', exists: true, site });

  test('ten on whichever node lock the name on all', async () => {
    const { clock, a, b } = await nodes();
    for (let wrong = 0; wrong < 10; wrong += 1) {
      const { attempts } = wrong % 2 === 0 ? a : b;
      assert.equal(await attempts.begin(guess('192.0.2.1')), 'go');
      await attempts.end(guess('192.0.2.1'), 'wrong');
    }
    assert.equal(await a.attempts.begin(guess('192.0.2.2')), 'locked');
    assert.equal(await b.attempts.begin(guess('192.0.2.2')), 'locked');
    assert.equal(await b.attempts.begin({ ...guess('192.0.2.2'), name: 'bob' }), 'go');
    clock.ms += 60_000;
    assert.equal(await b.attempts.begin(guess('192.0.2.2')), 'go');
  });

  test('a right one on one node ends the count of all, and one that was not compared counts nowhere', async () => {
    const { a, b } = await nodes();
    const twice = async (outcome: 'right' | 'wrong' | 'notCompared', times: number) => {
      for (let count = 0; count < times; count += 1) {
        const { attempts } = count % 2 === 0 ? a : b;
        assert.equal(await attempts.begin(guess('192.0.2.1')), 'go');
        await attempts.end(guess('192.0.2.1'), outcome);
      }
    };
    await twice('wrong', 9);
    await twice('notCompared', 4);
    await twice('right', 1);
    await twice('wrong', 9);
    assert.equal(await b.attempts.begin(guess('192.0.2.1')), 'go');
  });

  test('of names that no user has make a bounded number of records, and lock as those of users do', async () => {
    const { store, a, b } = await nodes();
    // So few that chance locks none of them: ten must share a record for that.
    for (let count = 0; count < 5_000; count += 1) {
      const stranger = { name: `invented-${count}`, exists: false, site: undefined };
      assert.equal(await a.attempts.begin(stranger), 'go');
      await a.attempts.end(stranger, 'wrong');
    }
    const { length } = await store.list({ prefix: 'authority/fleeting/attempts/', limit: 5_000 });
    assert.ok(length > 2_500 && length <= 4_096, String(length));
    assert.equal(await b.attempts.begin(guess('192.0.2.1')), 'go', 'a user is not locked by them');
    const one = { name: 'nobody', exists: false, site: undefined };
    for (let wrong = 0; wrong < 10; wrong += 1) await b.attempts.end(one, 'wrong');
    assert.equal(await a.attempts.begin(one), 'locked');
  });

  test('that end at the same moment are all counted', async () => {
    const { a, b } = await nodes();
    const both = [a, b, a, b, a, b, a, b, a, b];
    for (const { attempts } of both) assert.equal(await attempts.begin(guess('192.0.2.1')), 'go');
    await Promise.all(both.map(({ attempts }) => attempts.end(guess('192.0.2.1'), 'wrong')));
    assert.equal(await a.attempts.begin(guess('192.0.2.1')), 'locked');
  });
});

test('what is over is forgotten by whichever node sweeps, and the rest is kept', async () => {
  const { store, clock, a, b } = await nodes();
  await a.assertions.use({ clientId: 'c', jti: 'old', resource: 'r', forgetAt: start + 10 });
  await a.assertions.use({ clientId: 'c', jti: 'new', resource: 'r', forgetAt: start + 100_000 });
  clock.ms += 10 + clocksDifferMs;
  await b.fleeting.sweep();
  assert.equal((await store.list({ prefix: 'authority/fleeting/', limit: 10 })).length, 1);
});
