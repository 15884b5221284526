import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { RowCache } from '../../src/store/row-cache.ts';

/** The state of the database; each commit changes `data_version`, and adds one to SQLite's own count. */
let cache: RowCache;
let commits: number;
let dataVersion: number;

beforeEach(() => {
  cache = new RowCache();
  commits = 7;
  dataVersion = 1;
});

const commit = (count = 1): void => {
  commits += count;
  dataVersion += 1;
};

function look(): void {
  const before = cache.isLost ? commits : undefined;
  cache.enter({ dataVersion, before, after: () => commits });
}

/** The value of `key`: from the cache, or `database`. */
const read = (key: string, database = 'database') =>
  cache.row(key, () => ({ key, version: database, value: Buffer.from(database) }))?.version;

const writes = (key: string, version: string) =>
  cache.writes({ put: [{ key, version, value: Buffer.from(version) }], delete: [] });

/** A batch of ours that is committed and acknowledged. */
function ours(...transactions: ReturnType<typeof writes>[]): void {
  cache.begin();
  commit();
  cache.end({ commits: 1, transactions });
}

describe('rows that are kept', () => {
  it('stay, with what was written, when all commits since were our own', () => {
    look();
    assert.deepEqual([read('a', 'A'), read('b', 'B')], ['A', 'B']);
    ours(writes('a', 'A2'));
    ours();
    look();
    assert.deepEqual([read('a'), read('b')], ['A2', 'B']);
  });

  it('are read again when there was one commit more than our own', () => {
    look();
    read('a', 'A');
    ours(writes('a', 'A2'));
    commit();
    look();
    assert.equal(read('a', 'theirs'), 'theirs');
  });

  it('are bypassed while a commit of our own may be among those that were counted, and used again after it', () => {
    look();
    read('a', 'A');
    const written = writes('a', 'A2');
    cache.begin();
    commit();
    look();
    assert.equal(read('a', 'A2'), 'A2');
    assert.equal(read('b', 'B'), 'B');
    assert.equal(cache.knows(['a']), false);
    cache.end({ commits: 1, transactions: [written] });
    look();
    assert.deepEqual([read('a'), read('b', 'B2')], ['A2', 'B2']);
  });

  it('are dropped when a commit that counted as our own was not', () => {
    look();
    read('a', 'A');
    cache.begin();
    commit();
    look();
    cache.end({ commits: 0, transactions: [] });
    look();
    assert.equal(read('a', 'theirs'), 'theirs');
  });

  it('are dropped when the result of a batch is unknown', () => {
    look();
    read('a', 'A');
    cache.begin();
    commit();
    cache.end('unknown');
    look();
    assert.equal(read('a', 'A2'), 'A2');
  });

  it('are not counted from a commit of which it is not known whether it came before the snapshot', () => {
    cache.enter({ dataVersion, before: commits - 1, after: () => commits });
    read('a', 'A');
    ours();
    look();
    assert.equal(read('a', 'A2'), 'A2');
  });

  it('are not counted from a commit of our own that is not acknowledged: it would count twice', () => {
    cache.begin();
    commit();
    look();
    read('a', 'A');
    cache.end({ commits: 1, transactions: [] });
    commit();
    look();
    assert.equal(read('a', 'theirs'), 'theirs');
  });

  it('are not overwritten by a batch that may be older', () => {
    const written = writes('a', 'ours');
    cache.begin();
    commit(2);
    look();
    assert.equal(read('a', 'theirs'), 'theirs');
    cache.end({ commits: 1, transactions: [written] });
    look();
    assert.equal(read('a', 'theirs'), 'theirs');
  });

  it('are used without a check until the next commit of our own', () => {
    look();
    read('a', 'A');
    assert.ok(cache.knows(['a']));
    assert.ok(!cache.knows(['a', 'b']));
    ours();
    assert.ok(!cache.knows(['a']));
    look();
    assert.ok(cache.knows(['a']));
  });
});

describe('what a transaction writes', () => {
  it('is kept only of rows that were kept when it came; others are read', () => {
    look();
    const written = writes('late', 'ours');
    read('late', 'before');
    ours(written);
    look();
    assert.equal(read('late', 'ours'), 'ours');
  });

  it('is a copy', () => {
    look();
    read('a', 'A');
    const value = Buffer.from('A2');
    const written = cache.writes({ put: [{ key: 'a', version: 'A2', value }], delete: [] });
    value.fill(0);
    ours(written);
    look();
    const kept = cache.row('a', () => assert.fail('it is known'));
    assert.equal(Buffer.from(kept?.value ?? []).toString(), 'A2');
  });

  it('may be too large for the cache', () => {
    look();
    read('a', 'A');
    ours(cache.writes({ put: [{ key: 'a', version: 'A2', value: Buffer.alloc(5_000) }], delete: [] }));
    look();
    assert.equal(read('a', 'A2'), 'A2');
  });

  it('may be that there is no record', () => {
    look();
    read('a', 'A');
    cache.version('a', () => 'A');
    ours(cache.writes({ put: [], delete: ['a'] }));
    look();
    assert.equal(
      cache.row('a', () => assert.fail('it is known')),
      undefined,
    );
    assert.equal(
      cache.version('a', () => assert.fail('it is known')),
      null,
    );
  });
});
