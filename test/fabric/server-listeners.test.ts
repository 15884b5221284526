import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ControlConnection } from '../../src/fabric/control-connection.ts';
import {
  closeListeners,
  compareListeners,
  openListeners,
  type WantedListener,
} from '../../src/fabric/server-listeners.ts';
import { serveLines } from '../../src/lines/serve.ts';

const metadata: WantedListener = { kind: 'metadata', port: 20_001, subnet: '/subnets/Web', incarnation: 'A' };
const vaults: WantedListener = {
  kind: 'subnet',
  port: 10_001,
  subnet: '/subnets/Web',
  incarnation: 'A',
  serves: 'vaults',
};
const held = { id: '1', key: 'v1 7 metadata 20001 /subnets/web a' };

test('a listener that is held is not opened again, in whatever case its subnet is written', () => {
  const { missing, spare } = compareListeners([{ namespace: 'v1', life: 7, listeners: [metadata, vaults] }], [held]);
  assert.deepEqual(missing, [{ namespace: 'v1', life: 7, listeners: [vaults] }]);
  assert.deepEqual(spare, []);
});

test('a listener in another life of its namespace is closed, and one is opened in this life', () => {
  const wanted = [{ namespace: 'v1', life: 8, listeners: [metadata] }];
  assert.deepEqual(compareListeners(wanted, [held]), { missing: wanted, spare: [held] });
});

test('a listener of another life of its subnet is closed', () => {
  const again = { ...metadata, incarnation: 'B' };
  const wanted = [{ namespace: 'v1', life: 7, listeners: [again] }];
  assert.deepEqual(compareListeners(wanted, [held]), { missing: wanted, spare: [held] });
});

test('nothing is wanted of a namespace whose listeners are all held', () => {
  assert.deepEqual(compareListeners([{ namespace: 'v1', life: 7, listeners: [metadata] }], [held]).missing, []);
});

test('many listeners are opened and closed with requests of a size that the supervisor takes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-listeners-'));
  const requests: string[] = [];
  const server = await serveLines(join(folder, 'sock'), {
    lineLengthMax: 1024 * 1024,
    answer(line) {
      const { open, close, listeners = [], ids = [] } = JSON.parse(line) as Asked;
      requests.push(`${open === undefined ? `close ${close}` : `open ${open}`} ${listeners.length + ids.length}`);
      const opened = listeners.map(({ port }) =>
        port === 7 ? { ok: false, message: 'taken\u001b' } : { ok: true, id: `${port}` },
      );
      return Promise.resolve({ ok: true, listeners: opened });
    },
  });
  try {
    using connection = await ControlConnection.open(join(folder, 'sock'));
    const listeners = Array.from({ length: 1_200 }, (_, port) => ({ ...metadata, port }));
    const { held: opened, problems } = await openListeners(
      connection,
      { namespace: 'v1', life: 7, listeners },
      undefined,
    );
    assert.deepEqual(problems, ['/subnets/Web: the server opened no listener: taken\\u001b']);
    assert.deepEqual([opened.length, opened[7]?.id, opened.at(-1)?.id], [1_199, '8', '1199']);
    await closeListeners(connection, opened);
    const [one, two, three, ...closing] = requests;
    assert.deepEqual([one, two, three], ['open listeners 500', 'open listeners 500', 'open listeners 200']);
    assert.deepEqual(closing, ['close listeners 500', 'close listeners 500', 'close listeners 199']);
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});

interface Asked {
  readonly open?: string;
  readonly close?: string;
  readonly listeners?: readonly { readonly port: number }[];
  readonly ids?: readonly string[];
}
