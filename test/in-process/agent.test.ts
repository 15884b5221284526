import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { PosternAgent } from '../../src/in-process/agent.ts';
import { send } from '../../src/in-process/send.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

describe('the agent of client options', () => {
  let world: TestServer;
  before(async () => {
    world = await startServer();
  });
  after(() => world[Symbol.asyncDispose]());

  const agentTo = (port: () => Promise<number>) =>
    new PosternAgent({
      ca: world.client.ca,
      isOurs: (hostname, at) => at === world.port && (hostname === 'localhost' || hostname.endsWith('.localhost')),
      port,
    });

  it('keeps a connection for the next request, and ends it when it is destroyed', async (t) => {
    let asked = 0;
    const agent = agentTo(async () => {
      asked += 1;
      return world.port;
    });
    t.after(() => agent.destroy());
    const url = `${world.client.home}/metadata/endpoints?api-version=2022-09-01`;
    assert.equal((await send(url, agent)).status, 200);
    assert.equal((await send(url, agent)).status, 200);
    assert.equal(asked, 1);
    agent.destroy();
    assert.equal((await send(url, agent)).status, 200);
    assert.equal(asked, 2);
  });

  it('fails a request with the reason why its place is not to be had', async (t) => {
    const agent = agentTo(async () => Promise.reject(new TypeError("There is no subnet 'blue/web'")));
    t.after(() => agent.destroy());
    await assert.rejects(send(`${world.client.home}/`, agent), {
      name: 'TypeError',
      message: "There is no subnet 'blue/web'",
    });
  });

  it('leaves other names and ports alone, and does not trust the authority for them', async (t) => {
    // The server's own certificate, at a name and at a port that are not its own.
    const { server } = world.folder.certificates;
    const foreign = createServer({ key: server.key, cert: server.certificate }, (_, response) => response.end('{}'));
    await once(foreign.listen(0, '127.0.0.1'), 'listening');
    t.after(() => foreign.close());
    let asked = 0;
    const agent = agentTo(async () => {
      asked += 1;
      return world.port;
    });
    t.after(() => agent.destroy());
    const { port } = foreign.address() as AddressInfo;
    for (const host of ['127.0.0.1', 'localhost']) {
      await assert.rejects(send(`https://${host}:${port}/`, agent), { code: /CERT|SELF_SIGNED|UNABLE_TO/ });
    }
    assert.equal(asked, 0);
  });
});
