import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AuditUnavailable } from '../../src/audit/log.ts';
import { Refused, refusalOf } from '../../src/edge/edge.ts';
import type { Done } from '../../src/edge/edge.ts';
import { answerOwn, ownConnection } from '../../src/edge/own-request.ts';
import { Conflict } from '../../src/store/store.ts';
import type { Reading } from '../../src/store/records.ts';
import { answering, connection, Model, modelEdge } from './model.ts';
import type { ModelRequest } from './model.ts';

// oxlint-disable-next-line require-yield -- it fails before
function* failing(error: unknown): Reading<Done> {
  throw error;
}

function ask(
  model: Model,
  asked: Partial<ModelRequest>,
  isThrown?: (error: unknown) => boolean,
  edge: Partial<typeof modelEdge> = {},
) {
  const request: ModelRequest = {
    requestId: 'own',
    connection: connection(),
    step: () => 'decided',
    once: () => 'received',
    requirements: () => [],
    work: () => answering('own'),
    renew: () => undefined,
    ...asked,
  };
  return answerOwn(model.turns, { edge: { ...modelEdge, ...edge }, services: model, request }, isThrown);
}

const isConflict = (error: unknown) => refusalOf(error).kind === 'tooManyConflicts';
const no = () => failing(new Refused({ kind: 'no' }));
const conflict = () => failing(new Conflict('a'));

suite("a request of the server's own", () => {
  test('is answered like any other, with its record', async () => {
    const model = new Model();
    assert.deepEqual(await ask(model, {}), { status: 200, body: 'own' });
    assert.deepEqual(model.written, [['own']]);
  });

  test('is decided in one turn with requests of clients', async () => {
    const model = new Model();
    await Promise.all([model.send('a'), ask(model, {}), model.send('b')]);
    assert.deepEqual(model.written, [['a', 'own', 'b']]);
  });

  test('resolves with a refusal, which has its record, unless isThrown says otherwise', async () => {
    for (const isThrown of [undefined, isConflict]) {
      const model = new Model();
      assert.deepEqual(await ask(model, { work: no }, isThrown), { status: 403, body: 'no' });
      assert.deepEqual(model.seen, ['own recorded']);
    }
  });

  test('that fails is rejected with an error for which isThrown is true, and has no record', async () => {
    const model = new Model();
    await assert.rejects(ask(model, { work: conflict }, isConflict), {
      name: 'Refused',
      refusal: { kind: 'tooManyConflicts' },
    });
    assert.deepEqual(model.seen, []);
    assert.deepEqual(model.written, []);
    await model.turns.close();
  });

  test('that fails in the same way is answered and recorded if there is no isThrown', async () => {
    const model = new Model();
    assert.deepEqual(await ask(model, { work: conflict }), { status: 409, body: 'tooManyConflicts' });
    assert.deepEqual(model.seen, ['own recorded']);
  });

  test('whose record cannot be written is answered 503, or rejected', async () => {
    const model = new Model();
    const full = new AuditUnavailable('the disk is full');
    model.write = () => {
      throw full;
    };
    assert.deepEqual(await ask(model, {}), { status: 503, body: 'recordUnavailable' });
    await assert.rejects(
      ask(model, {}, (error) => refusalOf(error).kind === 'recordUnavailable'),
      (error) => error === full,
    );
  });

  test('that cannot be answered at all is rejected', async () => {
    const model = new Model();
    const failed = () => {
      throw new Error('bad');
    };
    await assert.rejects(ask(model, { work: no }, undefined, { failed }), {
      message: 'a request of the server itself could not be answered',
    });
    await model.turns.close();
  });

  test('has a connection of its own, and pausing that has no effect', () => {
    ownConnection.pause();
    ownConnection.resume();
  });
});
