import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { longTurns } from '../../tools/long-turns.ts';
import { attribute, folderVariable, judge, describeTurn, watched } from '../../tools/turns.ts';
import type { Turn } from '../../tools/turns.ts';

const root = 'file:///checkout/';

/** A stack from the outermost frame to the innermost one; each is `function path`, or the name that V8 gives. */
type Stack = readonly string[];

/** A profile of these samples, each 10 ms after the one before; it begins at 1 s. */
function profileOf(stacks: readonly Stack[]): Profiler.Profile {
  const nodes: (Profiler.ProfileNode & { children: number[] })[] = [];
  const nodeOf = (frame: string, parent: number | undefined): number => {
    const [functionName = '', path] = frame.startsWith('(') ? [frame] : frame.split(' ');
    const url = path === undefined ? '' : path.startsWith('node:') ? path : `${root}${path}`;
    const id = nodes.length + 1;
    const callFrame = { functionName, url, scriptId: '1', lineNumber: 0, columnNumber: 0 };
    nodes.push({ id, children: [], callFrame });
    if (parent !== undefined) nodes[parent - 1]?.children.push(id);
    return id;
  };
  const base = nodeOf('(root)', undefined);
  const samples = stacks.map((stack) => {
    let at = base;
    for (const frame of stack) at = nodeOf(frame, at);
    return at;
  });
  const startTime = 1_000_000;
  return {
    nodes,
    samples,
    timeDeltas: samples.map(() => 10_000),
    startTime,
    endTime: startTime + 10_000 * samples.length,
  };
}

const times = (count: number, stack: Stack): readonly Stack[] => Array.from({ length: count }, () => stack);
const served: Stack = ['onRequest node:http', 'dispatch src/http/host.ts', 'parse src/http/body.ts'];
const tested: Stack = ['run node:internal/async_hooks', 'property test/http/body.test.ts', 'parse src/http/body.ts'];

describe('whose turn of the event loop it was', () => {
  const whole = { fromUs: 0, ms: 300 };

  it('is the server’s where its frames are the outermost of ours', () => {
    assert.deepEqual(attribute(profileOf(times(30, served)), whole, root), {
      ms: 300,
      serverMs: 300,
      where: 'dispatch src/http/host.ts',
      within: 'parse src/http/body.ts',
    });
  });

  it('is not the server’s where a test called it, or where none of ours is in it', () => {
    for (const stack of [tested, ['(program)'], ['compile node_modules/find-my-way/index.js']]) {
      assert.equal(attribute(profileOf(times(30, stack)), whole, root).serverMs, 0, stack.join());
    }
  });

  it('is the longest stretch of them that no test interrupts; what the collector of garbage takes is in it', () => {
    const stacks = [
      ...times(5, served),
      ...times(1, tested),
      ...times(10, served),
      ...times(5, ['(garbage collector)']),
    ];
    const more = [...stacks, ...times(5, served), ...times(4, ['(program)'])];
    assert.equal(attribute(profileOf(more), whole, root).serverMs, 200);
  });

  it('is not the server’s where fast-check or the runner goes on by itself', () => {
    for (const url of ['node_modules/fast-check/lib/runner.js', 'node:internal/test_runner/test']) {
      const stack = [`next ${url}`, 'parse src/http/body.ts'];
      assert.equal(attribute(profileOf(times(30, stack)), whole, root).serverMs, 0, url);
    }
  });

  it('leaves out what was before it', () => {
    const stacks = [...times(20, served), ...times(10, tested)];
    const late = { fromUs: 1_000_000 + 200_000, ms: 100 };
    assert.equal(attribute(profileOf(stacks), late, root).serverMs, 0);
    assert.equal(attribute(profileOf(stacks), { ...late, fromUs: 1_000_000 + 190_000 }, root).serverMs, 100 / 11);
  });

  it('names a module that is loaded', () => {
    const [turn] = [attribute(profileOf(times(3, ['run node:internal/modules', ' src/main.ts'])), whole, root)];
    assert.equal(turn?.where, '(module) src/main.ts');
    assert.ok(longTurns.some(({ where }) => where.test(turn?.where ?? '')));
  });
});

describe('a long turn', () => {
  const turn = (serverMs: number, where = 'dispatch src/http/host.ts'): Turn => ({
    program: 'src/main.ts',
    ms: 1000,
    serverMs,
    where,
    within: where,
  });

  it('is refused above 200 ms of the server’s processor time, not at it', () => {
    assert.deepEqual(judge([turn(200), turn(201), turn(0)]), {
      longest: [turn(201), turn(200), turn(0)],
      refused: [turn(201)],
    });
  });

  it('is not where it is listed, with the reason', () => {
    const listed = [{ where: /^openServer src\/worker\/server\.ts$/, why: 'a start' }];
    const start = turn(900, 'openServer src/worker/server.ts');
    assert.deepEqual(judge([start, turn(900, 'openServer src/worker/other.ts')], listed).refused.length, 1);
    assert.deepEqual(judge([start], listed).longest, [start]);
  });

  it('says how long it was, where, and in which program', () => {
    const text = describeTurn({ ...turn(250.4), within: 'parse src/http/body.ts' });
    assert.equal(text, '250 ms of 1000 ms: dispatch src/http/host.ts, within parse src/http/body.ts (src/main.ts)');
  });
});

describe('the watch', () => {
  const crc32c = new URL('../../src/ingress/crc32c.ts', import.meta.url).href;
  // As much work as it takes to be too long on a fast machine; whose it is depends on the outermost frame.
  const head = [
    "import { it } from 'node:test';",
    "import { setTimeout as sleep } from 'node:timers/promises';",
    `import { crc32c } from '${crc32c}';`,
    'const much = Buffer.alloc(120_000_000);',
  ].join('\n');
  const tests: Readonly<Record<string, string>> = {
    'held.test.ts': `${head}\nit('passes', async () => { setTimeout(crc32c, 0, much); await sleep(20); });\n`,
    'called.test.ts': `${head}\nit('passes', async () => { await sleep(20); crc32c(much); await sleep(20); });\n`,
  };
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-watch-'));
    for (const [path, text] of Object.entries(tests)) writeFileSync(join(folder, path), text);
  });
  after(() => rmSync(folder, { recursive: true }));

  const run = (file: string) => {
    const { NODE_TEST_CONTEXT: _, ...outer } = process.env;
    const program = fileURLToPath(new URL('../../tools/test.ts', import.meta.url));
    const env = { ...outer, INIT_CWD: folder };
    return spawnSync(process.execPath, [program, file], { encoding: 'utf8', env });
  };

  it('fails a run in which the server’s code held the event loop, though every test passed', () => {
    const { status, stdout } = run('held.test.ts');
    assert.match(stdout, /^ℹ fail 0$/m);
    assert.match(stdout, /in 1 watched processes:\n {2}\d+ ms of \d+ ms: crc32c src\/ingress\/crc32c\.ts \(/);
    assert.match(stdout, /^!! THE EVENT LOOP WAS HELD FOR MORE THAN 200 ms OF PROCESSOR TIME: .*crc32c/m);
    assert.equal(status, 1);
  });

  it('lets a test work as long as it likes, also with the server’s code', () => {
    const { status, stdout } = run('called.test.ts');
    assert.match(stdout, /^ℹ fail 0$/m);
    assert.doesNotMatch(stdout, /!!/);
    assert.equal(status, 0);
  });

  it('is also over the processes that a test starts', async () => {
    const reports = join(folder, 'reports');
    mkdirSync(reports);
    const script = join(folder, 'child.ts');
    writeFileSync(script, `import { crc32c } from '${crc32c}';\nsetTimeout(crc32c, 0, Buffer.alloc(120_000_000));\n`);
    const child = spawn(process.execPath, [script], {
      env: watched(process.env, { [folderVariable]: reports }),
      stdio: 'inherit',
    });
    await new Promise((resolve) => {
      child.on('exit', resolve);
    });
    const [name = ''] = readdirSync(reports);
    assert.equal(name, `${child.pid}.jsonl`);
    const turns = readFileSync(join(reports, name), 'utf8').trim().split('\n');
    const found = turns.map((line) => JSON.parse(line) as Turn).filter(({ where }) => where.startsWith('crc32c '));
    assert.equal(judge(found).refused.length, 1, turns.join('\n'));
  });

  it('leaves a process alone that nobody wants to have watched', () => {
    const { [folderVariable]: _, ...environment } = process.env;
    assert.equal(watched(environment, environment), environment);
  });
});
