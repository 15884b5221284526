/** `postern audit query` and `audit tail`, on logs of a folder as the server writes them. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { LineReader, openLogFile } from '../../src/cli/audit/log-lines.ts';
import { until } from '../world/process.ts';

const postern = join(import.meta.dirname, '../../bin/postern');

/** The minutes and seconds of the records that were printed for people, a line each. */
function timesIn(printed: string): readonly string[] {
  return printed.split('\n').flatMap((text) => (text === '' ? [] : [text.slice(14, 19)]));
}

interface Made {
  readonly at: string;
  readonly vault?: string;
  readonly operation?: string;
  readonly address?: string;
  readonly because?: string;
  readonly allowed?: boolean;
  readonly permission?: boolean;
  readonly appid?: string;
  readonly name?: string;
  readonly service?: string;
}

function line({
  at,
  vault = 'demo',
  operation = 'SecretGet',
  address = '203.0.113.7',
  because,
  ...made
}: Made): string {
  const { allowed = true, permission = true, appid = 'app-1', name = 'greeting', service } = made;
  return `${JSON.stringify({
    time: `2026-01-31T12:${at}.0000000Z`,
    resourceId: `/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/${vault.toUpperCase()}`,
    category: 'AuditEvent',
    operationName: operation,
    callerIpAddress: address,
    identity: { claim: { oid: `of-${appid}`, appid } },
    properties: {
      httpStatusCode: allowed && permission ? 200 : 403,
      id: `https://${vault}.vault.localhost/secrets/${name}`,
      ...(allowed && { isAccessPolicyMatch: permission }),
      ...(service !== undefined && { trustedService: service }),
      verdict: { allowed, because: because ?? (allowed ? 'ipRule' : 'noIpRule') },
    },
  })}\n`;
}

let data = '';
const file = (name: string) => join(data, 'audit', name);

before(() => {
  data = mkdtempSync(join(tmpdir(), 'postern-audit-'));
  mkdirSync(join(data, 'audit'));
  writeFileSync(file('audit.2.jsonl'), line({ at: '00:01' }) + line({ at: '00:02', vault: 'other' }));
  writeFileSync(
    file('audit.1.jsonl'),
    `${line({ at: '10:01', allowed: false, address: '203.0.113.8' })}not a record\n`,
  );
  writeFileSync(
    file('audit.jsonl'),
    [
      line({ at: '20:01', permission: false, appid: 'app-2' }),
      line({ at: '20:02', operation: 'KeySign', address: '10.0.0.4', because: 'virtualNetworkRule' }),
      line({ at: '20:03', vault: 'demo-2', service: 'Azure Backup' }),
      '{"time":"2026-01-31T12:20:04.0000000Z","resourceId":"/S',
    ].join(''),
  );
});
after(() => rmSync(data, { recursive: true, force: true }));

function query(...options: readonly string[]) {
  const folder = options.includes('--data') ? [] : ['--data', data];
  const { status, stdout, stderr } = spawnSync(postern, ['audit', 'query', ...folder, ...options], {
    encoding: 'utf8',
  });
  return { status, stderr, lines: stdout.split('\n').filter((text) => text !== '') };
}

/** The minutes and seconds of the records that were found. */
function times(...options: readonly string[]): readonly string[] {
  return query(...options).lines.map((text) => text.slice(14, 19));
}

suite('the records that all options agree on, the oldest first', () => {
  const cases: readonly (readonly [options: readonly string[], expected: readonly string[]])[] = [
    [[], ['00:01', '00:02', '10:01', '20:01', '20:02', '20:03']],
    [
      ['--vault', 'Demo'],
      ['00:01', '10:01', '20:01', '20:02'],
    ],
    [['--vault', '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/demo-2'], ['20:03']],
    [['--address', '203.0.113.8'], ['10:01']],
    [
      ['--address', '203.0.113.0/29', '--vault', 'demo'],
      ['00:01', '20:01'],
    ],
    [['--caller', 'OF-APP-2'], ['20:01']],
    [['--caller', 'azure backup'], ['20:03']],
    [['--verdict', 'denied'], ['10:01']],
    [['--verdict', 'permission'], ['20:01']],
    [
      ['--verdict', 'allowed', '--vault', 'demo'],
      ['00:01', '20:02'],
    ],
    [['--verdict', 'virtualNetworkRule'], ['20:02']],
    [['--operation', 'keysign'], ['20:02']],
    [
      ['--since', '2026-01-31T12:10:01Z', '--until', '2026-01-31T12:20:01Z'],
      ['10:01', '20:01'],
    ],
    [['--since', '15m'], []],
  ];
  for (const [options, expected] of cases) {
    test(options.join(' ') || 'all', () => assert.deepEqual(times(...options), expected));
  }
});

test('a record is one line for people, and whole as JSON', () => {
  assert.deepEqual(query('--verdict', 'denied').lines, [
    '2026-01-31T12:10:01.000Z  403  noIpRule  SecretGet  demo/secrets/greeting  203.0.113.8  appid=app-1',
  ]);
  const { lines, stderr } = query('--verdict', 'denied', '--json');
  assert.deepEqual(lines, [line({ at: '10:01', allowed: false, address: '203.0.113.8' }).trim()]);
  assert.equal(stderr, '1 of 7 records\n');
});

test('what a client sent does not reach the terminal as control characters', () => {
  const text = line({ at: '30:01', name: 'a\u001B[2J\u202Eb', appid: 'x\u0007y' });
  writeFileSync(file('audit.3.jsonl'), text);
  const [printed] = query('--since', '2026-01-31T12:30:00Z').lines;
  rmSync(file('audit.3.jsonl'));
  assert.match(printed ?? '', /demo\/secrets\/a\?\[2J\?b {2}203\.0\.113\.7 {2}appid=x\?y$/);
});

test('in JSON every control character is escaped, and what the record says is the same', () => {
  const name = 'a\u009B2Jb\u007F\u202E\u2028\u{E0001}é\n\t\u001B';
  const raw = line({ at: '31:01', name }).replace(',', ',\r\t');
  writeFileSync(file('audit.3.jsonl'), raw);
  const { lines } = query('--since', '2026-01-31T12:31:00Z', '--json');
  rmSync(file('audit.3.jsonl'));
  assert.match(raw, /\u009B2Jb\u007F\u202E\u2028\u{E0001}é\\n/u);
  assert.match(lines[0] ?? '', /a\\u009b2Jb\\u007f\\u202e\\u2028\\udb40\\udc01é\\n\\t\\u001b"/);
  assert.doesNotMatch(lines.join(), /[\p{Cc}\p{Cf}]/u);
  assert.deepEqual(JSON.parse(lines.join()), JSON.parse(raw));
});

suite('where the records go', () => {
  const many = () => writeFileSync(file('audit.4.jsonl'), line({ at: '32:01', vault: 'many' }).repeat(3000));
  const shell = (rest: string) =>
    spawnSync(
      'bash',
      ['-c', `"$0" audit query --data "$1" --vault many ${rest}; echo "\${PIPESTATUS[0]}"`, postern, data],
      {
        encoding: 'utf8',
      },
    );
  before(many);
  after(() => rmSync(file('audit.4.jsonl')));

  test('a reader that had enough ends it, without an error', () => {
    const { stdout, stderr } = shell('| head -1');
    assert.match(stdout, /^2026-01-31T12:32:01[^\n]*\n0\n$/);
    assert.equal(stderr, '');
  });

  test('a slow reader gets all of them', () => {
    const { stdout, stderr } = shell('| (sleep 1; wc -l)');
    assert.equal(stdout, '3000\n0\n');
    assert.match(stderr, /^3,000 of [\d,]+ records\n$/);
  });

  test('a disk without room is an error', () => {
    const { stdout, stderr } = shell('> /dev/full');
    assert.equal(stdout, '1\n');
    assert.match(stderr, /^error: The output cannot be written: ENOSPC/);
  });
});

suite('is refused', () => {
  const cases: readonly (readonly [options: readonly string[], error: RegExp])[] = [
    [['--since', 'yesterday'], /^error: --since: 'yesterday' is not a time\.\nhint: Give 2026-01-31T12:00:00Z, or 15m/],
    [
      ['--address', '203.0.113.1/24x'],
      /^error: --address: '203\.0\.113\.1\/24x' is neither an address nor an IPv4 range/,
    ],
    [
      ['--verdict', 'noIpRules'],
      /^error: --verdict: 'noIpRules' is not a verdict\.\nhint: Give allowed, .*, noIpRule,/,
    ],
    [['--data', '/nowhere'], /^error: The audit log in \/nowhere\/audit cannot be read: ENOENT/],
  ];
  for (const [options, error] of cases) {
    test(options.join(' '), () => {
      const { status, stderr } = query(...options);
      assert.equal(status, options[0] === '--data' ? 1 : 2);
      assert.match(stderr, error);
    });
  }

  test('a link, and a file with a second name, in the place of a log', () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-audit-'));
    writeFileSync(join(folder, 'secret'), 'secret\n');
    symlinkSync(join(folder, 'secret'), join(folder, 'audit.jsonl'));
    assert.throws(() => openLogFile(join(folder, 'audit.jsonl')), /ELOOP/);
    linkSync(join(folder, 'secret'), join(folder, 'audit.1.jsonl'));
    assert.throws(() => openLogFile(join(folder, 'audit.1.jsonl')), /is not a plain file/);
    rmSync(folder, { recursive: true });
  });
});

test('a link in the place of the folder of the log leads nowhere', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-audit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'elsewhere'));
  writeFileSync(join(folder, 'elsewhere', 'audit.jsonl'), line({ at: '00:01', name: 'of-another' }));
  symlinkSync('elsewhere', join(folder, 'audit'));
  for (const command of ['query', 'tail']) {
    const { status, stdout, stderr } = spawnSync(postern, ['audit', command, '--data', folder], { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^error: The audit log .*\/audit(?:\/audit\.jsonl)? cannot be read: ENOTDIR/);
  }
  rmSync(join(folder, 'audit'));
  renameSync(join(folder, 'elsewhere'), join(folder, 'audit'));
  const { status, stdout } = spawnSync(postern, ['audit', 'query', '--data', folder], { encoding: 'utf8' });
  assert.equal(status, 0);
  assert.match(stdout, /of-another/);
});

test('lines are whole wherever a part of the file ends, and one without an end is passed over', () => {
  const path = file('long');
  const lines = Array.from({ length: 5000 }, (_, index) => `${index} ${'é'.repeat(index % 700)}`);
  writeFileSync(path, `${lines.join('\n')}\n${'x'.repeat(6_000_000)}\nlast\n`);
  const reader = new LineReader(openLogFile(path).descriptor);
  const read: string[] = [];
  for (let part = reader.next(); part !== undefined; part = reader.next()) read.push(...part);
  rmSync(path);
  assert.deepEqual(read.slice(0, lines.length), lines);
  assert.equal(read.at(-1), 'last');
  assert.ok(read.length <= lines.length + 2);
});

test('tail prints the last records and each new one, also after the file was put aside', async () => {
  const child = spawn(postern, ['audit', 'tail', '--data', data, '--vault', 'demo']);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const seen = () => timesIn(printed);
  await until(() => seen().length === 2, 'the last records');
  appendFileSync(file('audit.jsonl'), `\n${line({ at: '40:01' })}${line({ at: '40:02', vault: 'other' })}`);
  await until(() => seen().length === 3, 'a new record');
  appendFileSync(file('audit.jsonl'), line({ at: '40:03' }));
  renameSync(file('audit.jsonl'), file('audit.9.jsonl'));
  writeFileSync(file('audit.jsonl'), line({ at: '50:01' }));
  await until(() => seen().length === 5, 'the records of both files');
  child.kill();
  assert.deepEqual(seen(), ['20:01', '20:02', '40:01', '40:03', '50:01']);
});

test('log prints the last records and ends, and with --follow it is tail', async () => {
  const asked = ['log', '--data', data, '--vault', 'demo'];
  const { status, stdout, stderr } = spawnSync(postern, asked, { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(timesIn(stdout), ['50:01']);
  const child = spawn(postern, [...asked, '--follow']);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await until(() => timesIn(printed).length === 1, 'the last record');
  appendFileSync(file('audit.jsonl'), line({ at: '50:02' }));
  await until(() => timesIn(printed).length === 2, 'a new record');
  child.kill();
  assert.equal(timesIn(printed).at(-1), '50:02');
});
