import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { memberOf } from '../../src/http/request.ts';
import { notRun } from '../not-run.ts';
import { freePort } from '../world/free-port.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';

const examples = join(import.meta.dirname, '../../examples/prometheus');

const hasPrometheus = ['prometheus', 'promtool'].every((name) => spawnSync(name, ['--version']).status === 0);
const whyNot = 'Prometheus is not installed (Debian: apt-get install prometheus)';

function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: examples, input, encoding: 'utf8' });
  assert.equal(status, 0, `${args.join(' ')}\n${stdout}${stderr}`);
  return stdout + stderr;
}

if (!hasPrometheus) {
  notRun('a real Prometheus scrapes a server, and its rules are checked', whyNot);
} else {
  test('the example is a configuration, and its alerts begin when they should', () => {
    assert.match(promtool(['check', 'config', 'prometheus.yml']), /is valid/);
    assert.match(promtool(['check', 'rules', 'alerts.yml']), /SUCCESS: 9 rules found/);
    assert.match(promtool(['test', 'rules', 'alerts.test.yml']), /SUCCESS/);
  });

  test('a real Prometheus scrapes a real server by the example', async () => {
    using folder = dataFolder();
    await using server = await startPostern(['--data', folder.path, '--health', '127.0.0.1:0']);
    const connection: unknown = JSON.parse(readFileSync(join(folder.path, 'connection.json'), 'utf8'));
    const health = String(memberOf(connection, 'health'));
    // One that is counted.
    await server.client.token('vault');
    const exposed = await (await fetch(`${health}/metrics`)).text();
    assert.equal(promtool(['check', 'metrics'], exposed), '');
    const config = readFileSync(join(examples, 'prometheus.yml'), 'utf8')
      .replaceAll('127.0.0.1:9464', new URL(health).host)
      .replace('alerts.yml', join(examples, 'alerts.yml'))
      .replace('scrape_interval: 15s', 'scrape_interval: 1s');
    writeFileSync(join(folder.path, 'prometheus.yml'), config);
    const at = `127.0.0.1:${await freePort()}`;
    const prometheus = spawn(
      'prometheus',
      [
        `--config.file=${join(folder.path, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder.path, 'tsdb')}`,
        `--web.listen-address=${at}`,
      ],
      { stdio: 'ignore' },
    );
    const ended = once(prometheus, 'exit');
    try {
      const valueOf = async (query: string): Promise<string | undefined> => {
        const answer = await fetch(`http://${at}/api/v1/query?query=${encodeURIComponent(query)}`).catch(
          () => undefined,
        );
        const read: unknown = await answer?.json().catch(() => undefined);
        const [first] = listOf(memberOf(memberOf(read, 'data'), 'result'));
        return listOf(memberOf(first, 'value')).map(String)[1];
      };
      await until(async () => (await valueOf('up{job="postern"}')) === '1', 'the first scrape');
      assert.equal(await valueOf('sum(postern_check_ok)'), '3');
      const tokens = 'postern_requests_total{operation="POST /:tenant/oauth2/v2.0/token",status="200"}';
      const before = (await valueOf(tokens)) ?? '';
      assert.ok(Number(before) >= 1, before);
      await server.client.token('arm');
      await until(async () => (await valueOf(tokens)) === String(Number(before) + 1), 'the next request in a scrape');
    } finally {
      prometheus.kill('SIGKILL');
      await ended;
    }
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
