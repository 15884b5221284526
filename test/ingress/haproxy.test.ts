import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { notRun } from '../not-run.ts';
import { testAuthority } from './certificates.ts';
import { anyPort, ask, ended, openGate, portOf, refusals, secure, subnetA, vnetA, vnetB, type Gate } from './gate.ts';

/** A real gateway, set up as an operator would: HAProxy with the subnet's incarnation in TLV 0xE1. */
async function startHaproxy(t: TestContext, gate: Gate, sections: string): Promise<void> {
  const file = join(gate.folder, 'haproxy.cfg');
  const defaults = ['connect', 'client', 'server'].map((side) => `  timeout ${side} 5s`).join('\n');
  await writeFile(file, `global\n  nbthread 1\n  maxconn 100\ndefaults\n  mode tcp\n${defaults}\n${sections}\n`);
  const haproxy = spawn('haproxy', ['-db', '-q', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  t.after(async () => {
    const exited = once(haproxy, 'exit');
    haproxy.kill('SIGKILL');
    await exited;
  });
}

/** HAProxy opens its path a moment after it has started. */
async function dialWhenOpen(path: string) {
  for (;;) {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

const tag = `send-proxy-v2 proxy-v2-options crc32c set-proxy-v2-tlv-fmt(0xE1) %[so_name]`;

async function fromHaproxy(t: TestContext, gate: Gate, sections: string) {
  const path = join(gate.folder, 'workload.sock');
  // Source and destination are set as if the connection had come over TCP from the workload.
  const front = ['src str(10.0.0.4)', 'dst str(198.51.100.10)'].map((end) => `  tcp-request connection set-${end}\n`);
  const bind = `frontend se\n  bind unix@${path} name ${subnetA.incarnation}\n`;
  await startHaproxy(t, gate, bind + front.join('') + sections);
  return dialWhenOpen(path);
}

const seen = {
  kind: 'subnet',
  ...subnetA,
  address: { family: 4, value: 0x0a000004, text: '10.0.0.4' },
  assurance: 'enforced',
};

function testHaproxy(): void {
  test('HAProxy on this host names the subnet over a unix socket', async (t) => {
    const gate = await openGate(t);
    const path = join(gate.folder, 'in.sock');
    await gate.ingress.addUnixGateway(path, { vnet: vnetA });
    const sections = `  default_backend vault\nbackend vault\n  server v unix@${path} ${tag}`;
    const client = await secure(await fromHaproxy(t, gate, sections), gate.authority.cert);
    assert.deepEqual(await ask(client), seen);
    client.destroy();
    assert.deepEqual(gate.refused, []);
  });

  test('HAProxy on another host does so inside mutual TLS, in two stages, for its own network only', async (t) => {
    for (const vnet of [vnetA, vnetB]) {
      const gate = await openGate(t);
      const gateways = await testAuthority('gateways');
      const port = portOf(await gate.ingress.addTlsGateway(anyPort, { clientCa: gateways.cert, domain: 'localhost' }));
      const own = await gateways.issue({ uris: [`spiffe://localhost/vnet/${vnet}`] });
      const [pem, ca, wrap] = ['gateway.pem', 'ca.pem', 'wrap.sock'].map((name) => join(gate.folder, name));
      await writeFile(String(pem), own.cert + '\n' + own.key);
      await writeFile(String(ca), gate.authority.cert);
      // `send-proxy-v2` on a line with `ssl` is sent unencrypted, before the handshake: so the second stage wraps the
      // first.
      const sections =
        `  default_backend tag\nbackend tag\n  server w unix@${wrap} ${tag}\n` +
        `frontend wrap\n  bind unix@${wrap} mode 600\n  default_backend vault\n` +
        `backend vault\n  server v 127.0.0.1:${port} ssl crt ${pem} ca-file ${ca} verify required verifyhost localhost`;
      const socket = await fromHaproxy(t, gate, sections);
      if (vnet === vnetA) {
        const client = await secure(socket, gate.authority.cert);
        assert.deepEqual(await ask(client), seen);
        client.destroy();
      } else {
        await assert.rejects(secure(socket, gate.authority.cert));
        await ended(socket);
        assert.deepEqual(await refusals(gate), [{ kind: 'subnetOfAnotherVnet', incarnation: subnetA.incarnation }]);
      }
    }
  });
}

if (spawnSync('haproxy', ['-v']).status === 0) testHaproxy();
else notRun('gateways through HAProxy', 'there is no haproxy on PATH (Debian: apt-get install haproxy)');
