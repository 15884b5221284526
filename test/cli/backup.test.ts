/** `postern backup`, `verify` and `restore` against a running server. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { parsed } from '../backup/made.ts';
import { notRun } from '../not-run.ts';
import { onTinyDisk } from '../world/tiny-disk.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const program = join(import.meta.dirname, '../../bin/postern');
const folder = dataFolder();
const data = join(folder.path, 'data');
const backups = join(folder.path, 'backups');
const isRoot = process.geteuid?.() === 0;
let server: RunningPostern;
let file = '';

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}

before(async () => {
  mkdirSync(backups);
  const seed = join(folder.path, 'seed.json');
  // More than pipes and sockets hold, so that a reader who stops holds the server in the middle.
  const secrets = Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`s${index}`, 'x'.repeat(25_000)]));
  const locked = {
    rules: { defaultAction: 'Deny', ipRules: ['203.0.113.7'] },
    secrets: { greeting: 'hello', gone: 'x' },
  };
  writeFileSync(seed, JSON.stringify({ vaults: { big: { secrets }, locked } }));
  server = await startPostern(['--data', data, '--seed', seed]);
  const gone = await server.client.vault('locked', 'DELETE', '/secrets/gone', { from: '127.0.0.7' });
  assert.equal(gone.status, 200);
  const made = run(['backup', '--file', backups, '--data', data]);
  assert.deepEqual([made.status, made.stderr], [0, '']);
  file = made.stdout;
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

suite('postern backup', () => {
  test('writes a file of its user alone, named by the time, which verify finds whole', () => {
    assert.match(file, /\/backups\/postern-\d{8}T\d{6}Z\.backup$/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(backups), [file.slice(backups.length + 1)]);
    const { status, stdout } = run(['verify', '--file', file, '--data', data, '--json']);
    const report = parsed(stdout);
    assert.deepEqual([status, report['hasMasterKey']], [0, false]);
    assert.ok(Number(report['records']) > 140, String(report['records']));
    const words = run(['verify', '--file', file, '--data', data]).stdout;
    assert.match(words, /The audit log: \d+ records in 1 files\.\nIt is whole, and every record opens\.$/);
  });

  test('replaces nothing, and says what is missing', () => {
    const again = run(['backup', '--file', file, '--data', data]);
    assert.deepEqual(
      [again.status, again.stderr.split('\n')[0]],
      [1, `error: ${file} is there already, and a backup replaces nothing.`],
    );
    const nowhere = run(['backup', '--file', join(folder.path, 'no/file'), '--data', data]);
    assert.match(nowhere.stderr, /There is no folder .*\/no\./);
    const noFolder = run(['backup', '--file', join(folder.path, 'nightly/'), '--data', data]);
    assert.match(noFolder.stderr, /There is no folder .*\/nightly\/\./);
  });

  test('goes to standard output, with the master key and a warning where that is asked for', () => {
    const { status, stdout, stderr } = spawnSync(
      program,
      ['backup', '--file', '-', '--with-master-key', '--without-log', '--data', data],
      {
        maxBuffer: 1 << 26,
      },
    );
    assert.deepEqual(
      [status, String(stderr)],
      [0, 'The backup has the master key: whoever can read it can read every secret in it.\n'],
    );
    const copy = join(folder.path, 'with-key.backup');
    writeFileSync(copy, stdout);
    const report = parsed(run(['verify', '--file', copy, '--data', '/nowhere', '--json']).stdout);
    assert.deepEqual([report['hasMasterKey'], report['log']], [true, null]);
  });

  test('to standard output on a full disk is an error, also where a write takes a part', () => {
    const tiny = join(folder.path, 'tiny');
    mkdirSync(tiny);
    const onto = (size: string, command: string) =>
      onTinyDisk(tiny, ['sh', '-c', `exec "$0" ${command} > "$2"/x`, program, data, tiny], { size });
    const ran = onto('2m', 'backup --file - --data "$1"');
    if (ran === undefined) return notRun('output to a full disk', 'this user may not mount');
    const first = ran.stderr.split('\n')[0];
    const cause = 'ENOSPC: no space left on device, write';
    assert.deepEqual([ran.status, first], [1, `error: The backup was not written to standard output: ${cause}`]);
    // The last write takes a part.
    const short = onto('4k', 'completion bash');
    assert.deepEqual([short?.status, short?.stderr], [1, `error: The output cannot be written: ${cause}\n`]);
  });

  test('ends with an error when the worker is killed in the middle, and the next one makes backups', async () => {
    const child = spawn(program, ['backup', '--file', '-', '--data', data], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)));
    await once(child.stdout, 'readable');
    const worker = server.workerPid();
    process.kill(worker, 'SIGKILL');
    child.stdout.resume();
    assert.deepEqual(await once(child, 'exit'), [1, null]);
    assert.match(stderr, /The server ended before the backup was whole/);
    await until(() => !existsSync(`/proc/${worker}`), 'the end of the worker');
    const next = join(folder.path, 'next.backup');
    const made = run(['backup', '--file', next, '--data', data]);
    assert.deepEqual([made.status, made.stdout], [0, next]);
  });

  test('is made after requests whose commands went away at each moment', async () => {
    const { controlSocket } = parsed(readFileSync(join(data, 'connection.json'), 'utf8'));
    const operator = join(dirname(String(controlSocket)), 'operator.sock');
    for (const bytes of [0, 1, 200, 300_000]) {
      const socket = createConnection(operator);
      socket.end('{"ask":"backup","withMasterKey":false,"withoutLog":false}\n');
      for (let taken = 0; taken < bytes && !socket.closed;) {
        await once(socket, 'readable');
        for (let some: unknown = socket.read(); some !== null; some = socket.read())
          if (Buffer.isBuffer(some)) taken += some.length;
      }
      socket.destroy();
      await once(socket, 'close');
    }
    const next = join(folder.path, 'after.backup');
    // The server may be at the end of the last one.
    let tries = 0;
    const isMade = () => run(['backup', '--file', next, '--data', data]).status === 0;
    await until(() => isMade() || ++tries > 20, 'a backup');
    assert.ok(existsSync(next), 'the server went on with a backup that nothing takes');
  });

  test('that is killed leaves no file under its name, and what it leaves is gone with the next one', async () => {
    const [half, to] = [join(folder.path, 'half'), join(folder.path, 'to')];
    for (const path of [half, join(half, 'control'), to]) mkdirSync(path, { mode: 0o700 });
    const connection = parsed(readFileSync(join(data, 'connection.json'), 'utf8'));
    const controlSocket = join(half, 'control/supervisor.sock');
    writeFileSync(join(half, 'connection.json'), JSON.stringify({ ...connection, controlSocket, dataDir: half }));
    const whole = readFileSync(file);
    let answer: Buffer | undefined;
    const given: Socket[] = [];
    const giving = createServer((socket) => {
      given.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write('{"ok":true}\n');
        if (answer === undefined) socket.write(whole.subarray(0, 5_000));
        else socket.end(answer);
      });
    }).listen(join(half, 'control/operator.sock'));
    await once(giving, 'listening');
    const named = join(to, 'named.backup');
    const killed = spawn(program, ['backup', '--file', named, '--data', half], { stdio: 'ignore' });
    await until(() => readdirSync(to).some((name) => statSync(join(to, name)).size === 5_000), 'half a file');
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const left = readdirSync(to);
    assert.match(left.join(), /^\.postern-[0-9a-f]{8}\.partial$/);
    answer = whole;
    const later = spawn(program, ['backup', '--file', named, '--data', half], { stdio: 'ignore' });
    assert.deepEqual(await once(later, 'exit'), [0, null]);
    assert.deepEqual(readdirSync(to), ['named.backup']);
    assert.ok(readFileSync(named).equals(whole));
    answer = whole.subarray(0, 5_000);
    const cut = spawn(program, ['backup', '--file', join(to, 'cut.backup'), '--data', half], { stdio: 'ignore' });
    assert.deepEqual(await once(cut, 'exit'), [1, null]);
    assert.deepEqual(readdirSync(to), ['named.backup'], 'nothing is left of what the server did not finish');
    answer = undefined;
    const pair = ['one', 'two'].map((name) => join(to, name));
    const inodes = () =>
      readdirSync(to).flatMap((name) => (name.endsWith('partial') ? [statSync(join(to, name)).ino] : []));
    const begun = [];
    for (const path of pair) {
      const earlier = inodes().join();
      begun.push(spawn(program, ['backup', '--file', path, '--data', half], { stdio: 'ignore' }));
      await until(() => inodes().length === 1 && inodes().join() !== earlier, 'its partial file');
    }
    const [one, two] = begun;
    assert.ok(one !== undefined && two !== undefined);
    const [ofTwo] = inodes();
    const [firstGiven, secondGiven] = given.slice(-2);
    firstGiven?.end(whole.subarray(5_000));
    assert.deepEqual(await once(one, 'exit'), [1, null], 'another command has taken its place');
    assert.deepEqual(inodes(), [ofTwo]);
    secondGiven?.end(whole.subarray(5_000));
    assert.deepEqual(await once(two, 'exit'), [0, null]);
    assert.deepEqual(readdirSync(to).toSorted(), ['named.backup', 'two']);
    giving.close();
  });

  if (isRoot) {
    test('by root is written into no folder of another user', () => {
      const others = join(folder.path, 'others');
      mkdirSync(others);
      chownSync(others, 1234, 1234);
      const refused = run(['backup', '--file', join(others, 'x'), '--data', data]);
      assert.match(refused.stderr, /uid 1234 could lead root elsewhere/);
      assert.deepEqual(readdirSync(others), []);
      mkdirSync(join(others, 'ours'));
      const below = run(['backup', '--file', join(others, 'ours'), '--data', data]);
      assert.match(below.stderr, /uid 1234 could lead root elsewhere/);
      assert.deepEqual(readdirSync(join(others, 'ours')), []);
    });
  } else notRun('a backup by root into a folder of another user', 'this needs root');

  test('is refused by a server that keeps its records in memory', async () => {
    await using memory = await startPostern(['--memory', '--no-demo']);
    const refused = run(['backup', '--file', backups, '--data', memory.ready.dataDir]);
    assert.match(refused.stderr, /keeps its records in memory/);
  });
});

suite('postern verify', () => {
  test('names the key that is needed, and refuses another', () => {
    const { masterKeyId } = parsed(run(['verify', '--file', file, '--data', data, '--json']).stdout);
    const none = run(['verify', '--file', file, '--data', '/nowhere']);
    assert.equal(none.status, 1);
    assert.ok(
      none.stderr.includes(`under the master key ${String(masterKeyId)} (its id, not the key), which is not in it`),
      none.stderr,
    );
    const other = run(['verify', '--file', file], { POSTERN_MASTER_KEY: Buffer.alloc(32, 1).toString('base64') });
    assert.match(other.stderr, /was made under master key [0-9a-f]{16}, and what was given is [0-9a-f]{16}/);
    const whole = run(['verify', '--file', file, '--without-key']);
    assert.deepEqual(
      [whole.status, whole.stdout.split('\n').at(-1)],
      [0, 'It is whole. Its records were not opened, for lack of the key.'],
    );
  });

  test('says what is wrong with a file', () => {
    const cut = join(folder.path, 'cut.backup');
    writeFileSync(cut, readFileSync(file).subarray(0, 70_000));
    const refused = run(['verify', '--file', cut, '--data', data]);
    assert.deepEqual([refused.status, refused.stderr.includes('cut off after 70000 bytes')], [1, true], refused.stderr);
    assert.match(run(['verify', '--file', join(data, 'ca.pem'), '--data', data]).stderr, /is not a backup/);
    assert.match(run(['verify', '--file', folder.path]).stderr, /it is not a file/);
    const fifo = join(folder.path, 'fifo');
    assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
    assert.match(run(['verify', '--file', fifo]).stderr, /it is not a file/);
  });
});

suite('postern restore', () => {
  test('fills a new folder, on which a server has the secrets, the rules and what is deleted', async () => {
    const to = join(folder.path, 'restored');
    const key = join(folder.path, 'key');
    writeFileSync(key, readFileSync(join(data, 'master.key')), { mode: 0o600 });
    const { status, stdout, stderr } = run(['restore', '--file', file, '--data', to, '--master-key-file', key]);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(
      stdout,
      /The master key is not in it: start the server with a configuration whose masterKeyFile is the file that you gave\.$/,
    );
    assert.deepEqual(
      readdirSync(to).filter((name) => !name.endsWith('.lock')),
      ['audit', 'postern.db'],
    );
    assert.ok(existsSync(`${key}.commit-mark`));
    const config = join(folder.path, 'config.json');
    writeFileSync(config, JSON.stringify({ masterKeyFile: key }));
    await using next = await startPostern(['--data', to, '--config', config]);
    const read = (path: string, from: string) => next.client.vault('locked', 'GET', path, { from });
    assert.equal((await read('/secrets/greeting', '127.0.0.7')).body['value'], 'hello');
    assert.equal((await read('/secrets/greeting', '127.0.0.8')).status, 403);
    assert.equal((await read('/deletedsecrets/gone', '127.0.0.7')).status, 200);
    assert.equal(next.ready.clientSecret, server.ready.clientSecret);
    const restored = readFileSync(join(to, 'audit/audit.jsonl'), 'utf8');
    assert.match(restored, /POSTERN\.SERVER\/BACKUPS\/RESTORE\/ACTION/);
  });

  test('overwrites nothing, and moves a folder aside where that is asked for, with its key', async () => {
    const to = join(folder.path, 'replaced');
    const first = run(['restore', '--file', join(folder.path, 'with-key.backup'), '--data', to]);
    assert.deepEqual([first.status, first.stderr], [0, '']);
    const again = run(['restore', '--file', file, '--data', to]);
    assert.match(again.stderr, /is not empty, and a restore overwrites nothing\.\nhint: .*--replace/);
    const replaced = parsed(
      run(['restore', '--file', file, '--data', to, '--replace', '--without-log', '--json']).stdout,
    );
    assert.match(String(replaced['replaced']), /\/replaced\.replaced-\d{8}T\d{6}Z$/);
    assert.ok(existsSync(join(String(replaced['replaced']), 'postern.db')));
    assert.deepEqual(readFileSync(join(to, 'master.key')), readFileSync(join(data, 'master.key')));
    assert.deepEqual(readdirSync(join(to, 'audit')), []);
    if (isRoot)
      for (const name of ['.', 'postern.db', 'audit', 'master.key'])
        assert.notEqual(statSync(join(to, name)).uid, 0, name);
    const ofAnother = Buffer.alloc(32, 9).toString('base64');
    const key = readFileSync(join(to, 'master.key'));
    writeFileSync(join(to, 'master.key'), ofAnother);
    const foreign = run(['restore', '--file', join(folder.path, 'with-key.backup'), '--data', to, '--replace']);
    assert.match(foreign.stderr, /The master key in .*, is not the one of .*\. Anyone can have made that backup\./);
    assert.equal(readFileSync(join(to, 'master.key'), 'utf8'), ofAnother);
    writeFileSync(join(to, 'master.key'), key);
    await using next = await startPostern(['--data', to]);
    assert.equal(
      (await next.client.vault('locked', 'GET', '/secrets/greeting', { from: '127.0.0.7' })).body['value'],
      'hello',
    );
    const inUse = run(['restore', '--file', file, '--data', to, '--replace']);
    assert.match(inUse.stderr, /A server uses .*\/replaced, or another restore/);
  });

  test('with a key that another store’s mark is beside changes neither', () => {
    const key = join(folder.path, 'shared');
    writeFileSync(key, readFileSync(join(data, 'master.key')), { mode: 0o600 });
    writeFileSync(`${key}.commit-mark`, 'the mark of another');
    const to = join(folder.path, 'never');
    const { stderr } = run(['restore', '--file', file, '--data', to, '--master-key-file', key]);
    assert.match(
      stderr,
      /The commit mark .*shared\.commit-mark is not replaced: it was made with another master key, or is damaged/,
    );
    assert.equal(readFileSync(`${key}.commit-mark`, 'utf8'), 'the mark of another');
    assert.ok(!existsSync(to));
  });

  test('refuses a damaged backup before it touches anything', () => {
    const damaged = join(folder.path, 'damaged.backup');
    const bytes = readFileSync(file);
    // The next one of base64's alphabet.
    bytes[400_000] = bytes[400_000] === 0x61 ? 0x62 : 0x61;
    writeFileSync(damaged, bytes);
    const to = join(folder.path, 'never');
    const { status, stderr } = run(['restore', '--file', damaged, '--data', to], {
      POSTERN_MASTER_KEY: readFileSync(join(data, 'master.key'), 'utf8'),
    });
    assert.deepEqual(
      [status, stderr.includes('The backup is damaged: records/ is not what was written')],
      [1, true],
      stderr,
    );
    assert.ok(!existsSync(to));
  });
});
