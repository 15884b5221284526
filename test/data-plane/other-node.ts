import { randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { openAudit } from '../../src/audit/audit.ts';
import { openAuditLog } from '../../src/audit/log.ts';
import { CertificateFiles } from '../../src/crypto/certificate-files.ts';
import { openKeyEngine } from '../../src/crypto/key-engine.ts';
import { defaultQuota } from '../../src/audit/quota.ts';
import { ownIssuers } from '../../src/authority/issuer.ts';
import { createIssuers } from '../../src/caller/issuers.ts';
import { createVerifier } from '../../src/caller/verify.ts';
import type { Verifier } from '../../src/caller/verify.ts';
import { createDataPlane } from '../../src/data-plane/data-plane.ts';
import type { Throttle } from '../../src/data-plane/throttle.ts';
import { Turns } from '../../src/edge/turns.ts';
import { dispatchByHost } from '../../src/http/host.ts';
import { Rulebook } from '../../src/rulebook/rulebook.ts';
import type { KeyEngine } from '../../src/types/key.ts';
import type { Source } from '../../src/types/source.ts';
import { connect } from '../world/client.ts';
import type { Client } from '../world/client.ts';
import { groupsOf } from '../caller/tokens.ts';
import { freePort } from '../world/free-port.ts';
import type { TestServer } from '../world/server.ts';

export interface OtherNode extends AsyncDisposable {
  readonly vault: Client['vault'];
}

export interface OtherNodeSetting {
  /** The source of every request. */
  readonly source: Source;
  readonly vaultsMax?: number;
  /** Closed with the node. */
  readonly engine?: KeyEngine;
  readonly throttle?: Throttle;
  /** Called before a token is verified, which takes some time. */
  readonly whileVerifying?: (rulebook: Rulebook) => Promise<void>;
}

/**
 * A second data plane on the store of a server. Its rulebook is not told of changes, so its answers are right only because
 * each is confirmed against the store.
 */
export async function startOtherNode(
  { client, folder, server, now }: TestServer,
  { source, vaultsMax = 100, engine = openKeyEngine(), throttle, whileVerifying }: OtherNodeSetting,
): Promise<OtherNode> {
  const { store, identity, certificates } = folder;
  const certificateFiles = new CertificateFiles();
  const rulebook = await Rulebook.open({ store, firewall: { acceptDeclared: false }, vaultsMax });
  const issuers = createIssuers(ownIssuers(identity.tenantId, server.signingKeys));
  const verifier = createVerifier({ issuers, now, cacheSize: 10, groupsOf });
  const notice = () => {};
  const log = openAuditLog({
    directory: join(folder.path, 'other-audit'),
    maxBytes: 1 << 20,
    files: 1,
    keepMs: 0,
    fsync: false,
    now,
    notice,
  });
  const audit = await openAudit({ store, log, now, random: randomBytes, quota: defaultQuota, notice });
  const slow: Verifier = {
    ...verifier,
    async verify(token) {
      await whileVerifying?.(rulebook);
      return verifier.verify(token);
    },
  };
  const dataPlane = createDataPlane({
    turns: new Turns({ store, audit, logError: () => {} }),
    rulebook,
    verifier: slow,
    engine,
    certificateFiles,
    throttle,
    transitionMs: 0,
    issueMs: 0,
    now,
    sourceOf: () => source,
    externalAudiences: [],
    acceptedIssuers: (tenant) => issuers.acceptedFor(tenant),
    pageOrigins: () => [],
    closeSubnets: () => undefined,
  });
  const { key, certificate } = certificates.server;
  const https = createServer(
    { key, cert: `${certificate}\n${certificates.authority.certificate}` },
    dispatchByHost(() => ({ sets: [server.names] }), {
      vault: dataPlane,
      home: (_request, response) => response.end(),
    }),
  );
  const port = await freePort();
  await new Promise<void>((resolve) => {
    https.listen(port, '127.0.0.1', resolve);
  });
  const other = connect({ port, domain: 'localhost', ca: client.ca, identity });
  return {
    // The names are the server's. Only the port of the connection differs.
    vault: (...call) => vaultCall(client, other, call),
    async [Symbol.asyncDispose]() {
      https.closeAllConnections();
      https.close();
      await engine.close();
      await certificateFiles.close();
      await audit.close();
    },
  };
}

async function vaultCall(
  names: Client,
  { send }: Pick<Client, 'send'>,
  [vault, method, path, sent]: Parameters<Client['vault']>,
) {
  const url = `${names.vaultOrigin(vault)}${path}${path.includes('?') ? '&' : '?'}api-version=7.4`;
  return send(url, { method, token: await names.token('vault'), ...sent });
}
