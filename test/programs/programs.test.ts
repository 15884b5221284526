import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { programs, programUrl, typedCommand } from '../../src/programs/programs.ts';

test('a program is found from the sources by its own path, and from the package beside the file that asks', () => {
  assert.equal(programUrl('worker', 'file:///a/src/programs/programs.ts').href, 'file:///a/src/main.ts');
  assert.equal(
    programUrl('responder', 'file:///a/src/programs/programs.ts').href,
    'file:///a/src/fabric/dns/responder.ts',
  );
  assert.equal(
    programUrl('responder', 'file:///a/dist/programs/cli.net-up.js').href,
    'file:///a/dist/programs/responder.js',
  );
});

test('each program is there in this checkout, once', () => {
  const names = Object.keys(programs) as (keyof typeof programs)[];
  assert.deepEqual(
    names.filter((name) => !existsSync(programUrl(name))),
    [],
  );
  assert.equal(new Set(names.map((name) => programUrl(name).href)).size, names.length);
});

test('the command is named as its user types it', () => {
  assert.equal(typedCommand(), './bin/postern');
  assert.equal(typedCommand('file:///a/node_modules/postern/dist/programs/worker.js'), 'npx postern');
});
