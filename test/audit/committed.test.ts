import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Committed } from '../../src/audit/committed.ts';

let committed: Committed;

beforeEach(() => {
  committed = new Committed();
});

const begin = (key: string, text = key) =>
  committed.begin(key, { category: 'AuditEvent', resourceId: 'A VAULT', text });

const taken = (count = 10) => committed.take(count).map(({ key, line }) => `${key} ${line.text}`);

describe('committed records that are kept', () => {
  it('are taken once, a number at a time, in the order in which they were staged', () => {
    for (const key of ['1', '2', '3', '4']) begin(key, `line ${key}`);
    for (const key of ['2', '1', '4']) committed.add(key);
    assert.deepEqual(taken(2), ['1 line 1', '2 line 2']);
    assert.deepEqual(taken(), ['4 line 4']);
    committed.add('3');
    assert.deepEqual(taken(), ['3 line 3']);
    assert.deepEqual(taken(), []);
    assert.ok(committed.isAll);
  });

  it('are not given while the store may hold others, and then only those committed after the next list', () => {
    begin('1');
    begin('2');
    committed.add('1');
    committed.doubt();
    committed.add('2');
    assert.ok(!committed.isAll);
    assert.deepEqual(taken(), []);
    committed.list();
    begin('3');
    committed.add('3');
    committed.listed(['1', '2'], true);
    assert.ok(committed.isAll);
    assert.deepEqual(taken(), ['3 3']);
  });

  it('do not have what a list had, whether the word of its commit came before or comes after it', () => {
    for (const key of ['1', '2', '3']) begin(key);
    committed.list();
    committed.add('1');
    committed.listed(['1', '2'], true);
    committed.add('2');
    committed.add('3');
    assert.deepEqual(taken(), ['3 3']);
  });

  it('are kept when another transaction was refused, and are not when one failed', () => {
    for (const key of ['1', '2', '3']) begin(key);
    committed.add('1');
    committed.refuse('2');
    assert.ok(committed.isAll);
    assert.deepEqual(taken(), ['1 1']);
    committed.add('2');
    assert.deepEqual(taken(), []);
    committed.fail('3');
    assert.ok(!committed.isAll);
  });

  it('are looked for again after a list that did not have all', () => {
    committed.list();
    begin('2');
    committed.add('2');
    committed.listed(['1'], false);
    assert.ok(!committed.isAll);
    assert.deepEqual(taken(), []);
  });

  it('are looked for when a transaction failed, which may have been committed', () => {
    begin('1');
    committed.fail('1');
    assert.ok(!committed.isAll);
  });

  it('are looked for when they take too much room', () => {
    for (const key of ['1', '2', '3']) begin(key, 'x'.repeat(400_000));
    committed.add('1');
    committed.add('2');
    assert.ok(committed.isAll);
    committed.add('3');
    assert.ok(!committed.isAll);
    assert.deepEqual(taken(), []);
  });

  it('have room again for what was taken', () => {
    for (let round = 0; round < 20; round += 1) {
      begin('1', 'x'.repeat(400_000));
      committed.add('1');
      assert.equal(taken().length, 1);
    }
    assert.ok(committed.isAll);
  });
});
