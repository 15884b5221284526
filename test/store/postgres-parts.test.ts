import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { schemaSql } from '../../src/store/postgres/functions.ts';
import { elapsedMs, proveRead, proveServer, quietMs } from '../../src/store/postgres/proof.ts';
import { format, revision } from '../../src/store/postgres/tables.ts';
import { parseTarget } from '../../src/store/postgres/target.ts';
import { StoreRefused } from '../../src/store/refused.ts';
import { Trouble } from '../../src/store/postgres/trouble.ts';

const tcp = (host: string, port = 5432) => ({ kind: 'tcp', host, port });
const verified = { mode: 'verified', authorityFile: undefined };
const none = { mode: 'none' };

/** A URL, and its hosts, user, password, database and TLS. */
const read: readonly (readonly [string, unknown[]])[] = [
  ['postgres://u:p@db.example/postern', [[tcp('db.example')], 'u', 'p', 'postern', verified]],
  ['postgresql://u@db:6432/d', [[tcp('db', 6432)], 'u', undefined, 'd', verified]],
  ['postgres://u@a:1,b:2,c/d', [[tcp('a', 1), tcp('b', 2), tcp('c')], 'u', undefined, 'd', verified]],
  ['postgres://u@[::1]:7/d', [[tcp('::1', 7)], 'u', undefined, 'd', none]],
  ['postgres://u@localhost/d', [[tcp('localhost')], 'u', undefined, 'd', none]],
  ['postgres://u@127.0.0.1/d?sslmode=verify-full', [[tcp('127.0.0.1')], 'u', undefined, 'd', verified]],
  ['postgres://u@localhost,db/d', [[tcp('localhost'), tcp('db')], 'u', undefined, 'd', verified]],
  ['postgres://u@db/d?sslmode=disable', [[tcp('db')], 'u', undefined, 'd', none]],
  ['postgres://u@localhost.example/d', [[tcp('localhost.example')], 'u', undefined, 'd', verified]],
  ['postgres://a%40b:p%2Fq%3F@db/d%20e', [[tcp('db')], 'a@b', 'p/q?', 'd e', verified]],
  [
    'postgres:///d?host=/run/postgresql&user=u',
    [[{ kind: 'socket', path: '/run/postgresql/.s.PGSQL.5432' }], 'u', undefined, 'd', none],
  ],
  ['postgres://u@db?target_session_attrs=read-write&connect_timeout=3', [[tcp('db')], 'u', undefined, 'u', verified]],
];

const refused: readonly (readonly [string, RegExp])[] = [
  ['mysql://u@db/d', /its form is not postgres:\/\//],
  ['postgres://u@db/d#part', /its form is not/],
  ['postgres://u:a/b@db/d', /one of its hosts is not HOST.*percent-encode/],
  ['postgres://u@db:0/d', /port is not a number from 1 to 65535/],
  ['postgres://u@db:65536/d', /port is not a number from 1 to 65535/],
  ['postgres://u@/d', /names no host/],
  ['postgres://db', /names no database/],
  ['postgres://u@db/d?sslmode=require', /sslmode=require does not verify.*verify-full/],
  ['postgres://u@db/d?sslmode=prefer', /sslmode=prefer does not verify/],
  ['postgres://u:hun?ter2@db/d', /one of its (hosts|parameters) is not/],
  ['postgres://u@db/d?sslmode=hunter2', /its sslmode does not verify/],
  ['postgres://u@db/d?options=-c', /the parameter options is not one of/],
  ['postgres://u:%zz@db/d', /percent sign/],
  [`postgres://u@db/${'d'.repeat(5_000)}`, /its form/],
];

describe('the URL of a database', () => {
  for (const [url, expected] of read) {
    it(`is read: ${url}`, () => {
      const parsed = parseTarget(url);
      assert.ok(parsed.ok);
      const { hosts, user, password, database, tls } = parsed.target;
      assert.deepEqual([hosts, user, password, database, tls], expected);
    });
  }
  for (const [url, fault] of refused) {
    it(`is refused without being quoted: ${url.slice(0, 40)}`, () => {
      const parsed = parseTarget(url);
      assert.ok(!parsed.ok);
      assert.match(parsed.fault, fault);
      assert.equal(parsed.fault.includes(url), false);
      assert.doesNotMatch(parsed.fault, /hun|ter2|a\/b/);
    });
  }
});

describe('TLS to a database on loopback', () => {
  const modeOf = (url: string, verifies: boolean) => {
    const parsed = parseTarget(url, { verifies });
    return parsed.ok && parsed.target.tls.mode;
  };
  it('is meant where an authority is named, unless the URL says otherwise', () => {
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      assert.equal(modeOf(`postgres://u@${host}/d`, true), 'verified');
      assert.equal(modeOf(`postgres://u@${host}/d`, false), 'none');
      assert.equal(modeOf(`postgres://u@${host}/d?sslmode=disable`, true), 'none');
    }
  });
});

describe('the proof of an answer of the database', () => {
  const stamp = { timeline: 2, life: 'a' };
  const begun = { monotonicMs: 1_000, wallMs: 50_000 };
  const known = { highest: 2, accepted: stamp, heartbeat: { stamp, begun } };
  const at = (ms: number, wallMs = 50_000 + ms) => ({ known, now: { monotonicMs: 1_000 + ms, wallMs }, mostMs: 2_000 });

  it('is a heartbeat that was begun at most 2 seconds ago', () => {
    assert.deepEqual(proveRead(stamp, at(2_000)), { verdict: 'proved' });
    const late = proveRead(stamp, at(2_001));
    assert.deepEqual(late, {
      verdict: 'wait',
      reason: 'the last acknowledged heartbeat is 2001 ms old, and 2000 ms are allowed',
    });
  });

  it('counts by the clock that has gone further: a machine that was suspended, and one whose clock was set back', () => {
    assert.equal(proveRead(stamp, at(10, 60_000)).verdict, 'wait');
    assert.equal(proveRead(stamp, at(5_000, 50_001)).verdict, 'wait');
    assert.equal(elapsedMs(begun, { monotonicMs: 1_010, wallMs: 40_000 }), 10);
  });

  it('is of the server that was accepted: neither a standby, nor a former primary, nor one that was restarted', () => {
    const standby = proveRead({ timeline: undefined, life: 'a' }, at(1));
    assert.deepEqual(standby, { verdict: 'refused', reason: 'the server is a standby, and no primary' });
    const former = proveServer({ timeline: 1, life: 'a' }, known);
    assert.deepEqual(former, {
      verdict: 'refused',
      reason: 'the server is on timeline 1, and 2 was seen: it is a former primary',
    });
    for (const other of [
      { timeline: 2, life: 'b' },
      { timeline: 3, life: 'a' },
    ]) {
      assert.equal(proveServer(other, known).verdict, 'wait');
      assert.equal(proveRead(other, at(1)).verdict, 'wait');
    }
    assert.equal(proveServer(stamp, known).verdict, 'proved');
    assert.equal(proveRead(stamp, { ...at(1), known: { ...known, heartbeat: undefined } }).verdict, 'wait');
  });

  it('is waited for on a timeline that is new: as long as others may go on, and a tenth', () => {
    assert.equal(quietMs({ ageMs: 1_000_000, mostMs: 2_000, wasElsewhere: true }), 2_200);
    assert.equal(quietMs({ ageMs: 0, mostMs: 2_000, wasElsewhere: false }), 2_200);
    assert.equal(quietMs({ ageMs: 2_000, mostMs: 2_000, wasElsewhere: false }), 200);
    assert.equal(quietMs({ ageMs: 2_201, mostMs: 2_000, wasElsewhere: false }), 0);
    assert.equal(quietMs({ ageMs: -5_000, mostMs: 2_000, wasElsewhere: false }), 2_200);
  });
});

describe('trouble with a database', () => {
  const at = (ms: number) => ({ now: { monotonicMs: ms, wallMs: ms }, isFirst: false });

  it('is told when it begins and ends, and at most each ten seconds when its reason changes', () => {
    const notices: string[] = [];
    const trouble = new Trouble((message) => notices.push(message));
    const reasons = () => notices.map((message) => /asked: (one|other)\./.exec(message)?.[1] ?? message);
    for (let ms = 0; ms < 25_000; ms += 1_000) trouble.begin(ms % 2_000 === 0 ? 'one' : 'other', at(ms));
    assert.deepEqual(reasons(), ['one', 'other', 'one']);
    assert.equal(trouble.why, 'one');
    trouble.end();
    trouble.begin('other', at(25_500));
    assert.deepEqual(reasons().slice(3), ['The database can be asked again.', 'other']);
  });

  it('counts again when the database answers, but where that was refused for what only an operator ends', () => {
    const sinceOf = (cause: unknown) => {
      const trouble = new Trouble(() => undefined);
      trouble.begin('why', { ...at(0), cause });
      trouble.renew(at(5_000).now);
      return trouble.since?.monotonicMs;
    };
    assert.equal(sinceOf(new StoreRefused('olderCopy', 'it is behind')), 0);
    assert.equal(sinceOf(new StoreRefused('wrongMasterKey', 'it is under another key')), 0);
    assert.equal(sinceOf(new StoreRefused('standby', 'it may be promoted')), 5_000);
    assert.equal(sinceOf(new Error('ECONNREFUSED')), 5_000);
  });

  it('of the opening is left to the opening', () => {
    const notices: string[] = [];
    const trouble = new Trouble((message) => notices.push(message));
    trouble.begin('one', { ...at(0), isFirst: true });
    trouble.end();
    assert.deepEqual(notices, []);
  });
});

/** SHA-256 of the SQL of each format and revision. */
const made: Readonly<Record<string, string>> = {
  '1.1': '49b4d5199a426d429105990b8cea4df1efb36a01e2d37abe474dee60358744a0',
};

it('SQL that differs has another revision, because a database that is there keeps its own until then', () => {
  const sql = createHash('sha256').update(schemaSql('postern')).digest('hex');
  const remedy = 'raise the revision, or the format where nodes of the one before do not understand the functions';
  assert.equal(sql, made[`${format}.${revision}`], remedy);
});
