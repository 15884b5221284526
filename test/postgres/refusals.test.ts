import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chown, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { lookIntoPostgres } from '../../src/store/postgres/look.ts';
import { encode } from '../../src/store/store.ts';
import { havePostgres, startPostgres } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { openStore } from './sessions.ts';
import { identityOf } from './user.ts';

const run = promisify(execFile);

const refusedAs = (kind: string, message: RegExp) => ({ name: 'StoreRefused', kind, message });

const asRole = (cluster: Cluster, role: string, database = 'postgres') =>
  cluster.url.replace('postgres@', `${role}@`).replace(/postgres$/, database);

/** Resolves when the server has read its settings again: the function only asks for that, and a busy server takes a while. */
async function reload(cluster: Cluster): Promise<void> {
  const read = () => cluster.psql('select pg_conf_load_time()');
  const before = await read();
  await cluster.psql('select pg_reload_conf()');
  while ((await read()) === before) await pause(20);
}

/** A certificate for 127.0.0.1 that vouches for itself; with it the server speaks TLS. */
async function speakTls(cluster: Cluster, name: string): Promise<string> {
  const { folder } = cluster.primary;
  const [key, certificate] = [join(folder, 'server.key'), join(folder, 'server.crt')];
  const subject = ['-subj', '/CN=database', '-addext', `subjectAltName=${name}`];
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await run('openssl', [...kind, ...subject, '-keyout', key, '-out', certificate]);
  const { uid, gid } = identityOf();
  if (uid !== undefined && gid !== undefined) for (const file of [key, certificate]) await chown(file, uid, gid);
  await cluster.psql('alter system set ssl = on');
  await reload(cluster);
  return readFile(certificate, 'utf8');
}

if (havePostgres('the refusals of the store in PostgreSQL')) {
  describe('a database that cannot hold the store', () => {
    it('is refused with what to do: another format, another encoding, no durability', async () => {
      await using cluster = await startPostgres();
      await using store = await openStore(cluster.url);
      await store.transact({ put: [{ key: 'a', value: encode(1) }] });
      const two = { node: { id: 'two', name: 'two', details: {} } };
      await cluster.psql('update postern.store set format = 7');
      await assert.rejects(
        openStore(cluster.url, two),
        refusedAs('otherFormat', /has format 7, and this release has 1/),
      );
      await cluster.psql('update postern.store set format = 1');
      await cluster.psql("create database latin encoding 'LATIN1' locale 'C' template template0");
      await assert.rejects(
        openStore(asRole(cluster, 'postgres', 'latin')),
        refusedAs('wrongServer', /encoding LATIN1.*ENCODING 'UTF8'/),
      );
      for (const name of ['fsync', 'full_page_writes']) {
        await cluster.psql(`alter system set ${name} = off`);
        await reload(cluster);
        await assert.rejects(
          openStore(cluster.url, two),
          refusedAs('wrongServer', new RegExp(`${name} = off.*set ${name} = on`)),
        );
        await cluster.psql(`alter system set ${name} = on`);
        await reload(cluster);
      }
      await using again = await openStore(cluster.url, two);
      assert.equal((await again.read({ get: ['a'] })).length, 1);
    });

    it('is refused to a role without rights, and used once an administrator has made the schema', async () => {
      await using cluster = await startPostgres();
      await cluster.psql('create role postern login');
      const url = asRole(cluster, 'postern');
      await assert.rejects(
        openStore(url),
        refusedAs('noRights', /role postern may not.*CREATE SCHEMA postern AUTHORIZATION "postern";/),
      );
      await cluster.psql('create schema postern authorization postern');
      await using store = await openStore(url);
      await store.transact({ put: [{ key: 'a', value: encode(1) }] });
      assert.equal((await store.read({ get: ['a'] })).length, 1);
    });

    it('is used by a role that has the documented rights alone, and refused with the name of what is missing', async () => {
      await using cluster = await startPostgres();
      for (const role of ['maker', 'server']) await cluster.psql(`create role ${role} login`);
      await cluster.psql('create schema postern authorization maker');
      await using first = await openStore(asRole(cluster, 'maker'));
      await first.transact({ put: [{ key: 'a', value: encode(1) }] });
      const node = { node: { id: 'two', name: 'two', details: {} } };
      const url = asRole(cluster, 'server');
      await assert.rejects(openStore(url, node), refusedAs('noRights', /permission denied for schema postern/));
      await cluster.psql('grant usage on schema postern to server');
      await assert.rejects(openStore(url, node), refusedAs('noRights', /permission denied for table store/));
      await cluster.psql('grant select, insert, update, delete on all tables in schema postern to server');
      await using store = await openStore(url, node);
      await store.transact({ put: [{ key: 'b', value: encode(2) }], delete: ['a'] });
      (await store.turnOf('b')).leave();
      assert.deepEqual(
        (await store.read({ get: ['a', 'b'] })).map((record) => record?.key),
        [undefined, 'b'],
      );
      await cluster.psql('revoke execute on function pg_control_system() from public');
      await assert.rejects(
        openStore(url, node),
        refusedAs('noRights', /permission denied for function pg_control_system/),
      );
    });

    it('is refused with a wrong password, which no message has', async () => {
      await using cluster = await startPostgres();
      await cluster.psql("create role postern login password 'right'");
      const rules = join(cluster.primary.folder, 'pg_hba.conf');
      await writeFile(rules, `host all postern 127.0.0.1/32 scram-sha-256\n${await readFile(rules, 'utf8')}`);
      await reload(cluster);
      await cluster.psql('create schema postern authorization postern');
      const url = asRole(cluster, 'postern');
      await assert.rejects(openStore(url, { password: 'hunter2' }), (error) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, /refuses the role: password authentication failed for user "postern"/);
        assert.doesNotMatch(`${error.message} ${JSON.stringify(error)} ${error.stack}`, /hunter2/);
        return true;
      });
      await using store = await openStore(url, { password: 'right' });
      assert.equal(store.state().reachable, true);
    });

    it('is refused when it is a standby, or does not answer', async () => {
      await using cluster = await startPostgres({ standby: 'async' });
      const { primary, standby } = cluster;
      const soon = { startMs: 300 };
      await assert.rejects(openStore(standby?.url ?? '', soon), refusedAs('standby', /is a standby.*name the primary/));
      const standbyFirst = cluster.bothUrl.replace(/@(.*),(.*)\//, '@$2,$1/');
      await using store = await openStore(standbyFirst);
      assert.equal(store.state().reachable, true);
      const node = { id: 'two', name: 'two', details: {} };
      const look = await lookIntoPostgres({ url: standbyFirst, node, now: Date.now, startMs: 300 });
      await look.store.close();
      assert.equal(look.nodes.nodes.length, 1);
      await primary.stop();
      await assert.rejects(openStore(primary.url, soon), refusedAs('unreachable', /cannot be reached: .*ECONNREFUSED/));
    });
  });

  describe('TLS to the database', () => {
    it('is verified: by the authority that is named, and for the host', async () => {
      await using cluster = await startPostgres();
      const ca = await speakTls(cluster, 'IP:127.0.0.1');
      const url = `${cluster.url}?sslmode=verify-full`;
      const soon = { startMs: 1 };
      await assert.rejects(
        openStore(url, soon),
        refusedAs('unreachable', /DEPTH_ZERO_SELF_SIGNED_CERT.*store\.caFile/),
      );
      await using store = await openStore(url, { ca });
      await store.transact({ put: [{ key: 'a', value: encode(1) }] });
      const used =
        'select count(*) > 0 from pg_stat_ssl join pg_stat_activity using (pid) where ssl and application_name = ';
      assert.equal(await cluster.psql(`${used}'postern'`), 't');
      const other = await speakTls(cluster, 'DNS:elsewhere');
      await assert.rejects(
        openStore(url, { ...soon, ca: other }),
        refusedAs('unreachable', /ERR_TLS_CERT_ALTNAME_INVALID/),
      );
    });

    it('is not given up where the server has none', async () => {
      await using cluster = await startPostgres();
      const url = `${cluster.url}?sslmode=verify-full`;
      await assert.rejects(openStore(url, { startMs: 1 }), refusedAs('unreachable', /cannot be reached/));
    });
  });
}
