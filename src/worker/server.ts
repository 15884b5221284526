import type { Server as HttpServer } from 'node:http';
import type { Logger } from 'pino';
import type { Audit } from '../audit/audit.ts';
import { tokenLifetimeSeconds } from '../authority/access-token.ts';
import { ownIssuers } from '../authority/issuer.ts';
import { OpaqueTokens } from '../authority/opaque-tokens.ts';
import { SigningKeys } from '../authority/signing-keys.ts';
import { clockSkewSeconds, createVerifier } from '../caller/verify.ts';
import { createIssuers } from '../caller/issuers.ts';
import { remoteKeys } from '../caller/key-sources.ts';
import { CertificateFiles } from '../crypto/certificate-files.ts';
import { openKeyEngine } from '../crypto/key-engine.ts';
import { openControlPlane } from '../control-plane/control-plane.ts';
import { createDataPlane } from '../data-plane/data-plane.ts';
import { readSecretForDeployment } from '../data-plane/deployment-secret.ts';
import type { DataPlaneServices } from '../data-plane/data-plane.ts';
import { resourceObjects } from '../data-plane/resource-objects.ts';
import { directoryIds } from '../directory/objects.ts';
import { groupsOf } from '../directory/memberships.ts';
import { ruleProfiles, withLimits } from '../firewall/profiles.ts';
import type { RuleProfile } from '../firewall/profiles.ts';
import { Turns } from '../edge/turns.ts';
import { dispatchByHost, nameSet } from '../http/host.ts';
import type { NameSet } from '../http/host.ts';
import { countRequests, createHttp, Drain } from '../http/http-server.ts';
import { Ingress } from '../ingress/ingress.ts';
import { compileNat } from '../ingress/nat.ts';
import { clearPurged } from '../resources/vaults/purge.ts';
import { Rulebook } from '../rulebook/rulebook.ts';
import type { OperationSubject } from '../schedule/due.ts';
import type { DueHandler } from '../schedule/handler.ts';
import { Scheduler } from '../schedule/scheduler.ts';
import type { Settings } from '../settings/settings.ts';
import type { ServerCertificates } from '../setup/certificates.ts';
import type { Identity } from '../setup/identity.ts';
import type { SealedStore } from '../store/sealed.ts';
import type { Store } from '../store/store.ts';
import { signInEdges } from './sign-in.ts';
import type { AuthorityParts } from './sign-in.ts';
import { dueHandlers } from './due-handlers.ts';
import type { DueServices } from './due-handlers.ts';
import { ending } from './ending.ts';
import type { Ending } from './ending.ts';
import { FailureLog } from './failure-line.ts';
import { Renewals, serverChain } from './renewals.ts';
import { replaceFile } from './files.ts';
import { openHosts } from './hosts-file.ts';
import { watchedStore, openServerAudit } from './server-audit.ts';
import { throttleOf } from './throttle.ts';

/** How long a replaced signing key verifies: a token's lifetime plus twice the clock skew. */
const keepSigningKeysMs = (tokenLifetimeSeconds + 2 * clockSkewSeconds) * 1000;
const verifiedTokensMax = 20_000;
const compiledVaultsMax = 1_000_000;
/** About the interval at which Azure's clients poll. */
const defaultTransitionMs = 500;
/** How long an issuer takes: long enough for a client to cancel. */
const defaultIssueMs = 500;
/** TEST-NET-2 (RFC 5737), so that no real address is assigned. */
const defaultPublicAddressPool = '198.51.100.0/24';

export interface ServerParts {
  readonly settings: Settings;
  /** The port of the public listeners. */
  readonly port: number;
  readonly store: SealedStore;
  /** See `folder.ts`. */
  readonly rows: Pick<Store, 'list'>;
  readonly identity: Identity;
  readonly certificates: ServerCertificates;
  /** The file with the authorities for clients to trust; relative to the working directory. */
  readonly authorityFile: string;
  /** The operator's certificate for gateways, PEM. */
  readonly gatewayCertificate?: string | Buffer | undefined;
  /** The folder of the audit log, relative to the working directory, because after the privilege drop absolute paths may not work. */
  readonly auditDirectory: string;
  /** The folder for copies of its records from diagnostic settings; relative likewise. */
  readonly storageDirectory: string;
  /** Where the names of the vaults are kept for programs on this machine; relative likewise. */
  readonly hostsFile: string;
  readonly now: () => number;
  readonly log: Logger;
}

/** The assembled server. Only the ingress's listeners are added later. */
export interface Server extends Ending {
  readonly ingress: Ingress;
  readonly rulebook: Rulebook;
  readonly signingKeys: SigningKeys;
  readonly names: NameSet;
  readonly scheduler: Scheduler;
  /**
   * Started by the process, not here: a server whose clock a test changes would otherwise get certificates that its clients
   * find not valid yet.
   */
  readonly renewals: Renewals;
}

interface SharedServices extends Omit<DataPlaneServices, 'acceptedIssuers' | 'corsOrigins' | 'throttle'> {
  readonly store: Store;
  readonly audit: Audit;
  readonly logError: (error: unknown, requestId: string) => void;
  readonly authority: AuthorityParts;
  readonly names: readonly NameSet[];
  readonly ingress: Ingress;
  readonly destroyLeftovers: () => Promise<void>;
  readonly schedule: Scheduler;
}

export async function openServer(parts: ServerParts): Promise<Server> {
  const { settings, store, now } = parts;
  const threads = { engine: openKeyEngine(settings.keys), certificateFiles: new CertificateFiles() };
  const names = [nameSet(settings.domain, parts.port), nameSet(settings.domain, 443)] as const;
  const audit = await openServerAudit(parts);
  const rulebook = await Rulebook.open({
    store,
    acceptDeclared: settings.acceptDeclared,
    vaultsMax: compiledVaultsMax,
  });
  const { verifier, ...authority } = await openAuthority(parts);
  const drain = new Drain();
  const http = createHttp(undefined, drain);
  const ingress = openIngress(parts, rulebook, http);
  const destroyLeftovers = () => clearPurged(store, (domain) => store.destroyDomain(domain));
  const { transitionMs = defaultTransitionMs } = settings.softDelete ?? {};
  const { issueMs = defaultIssueMs } = settings.certificates ?? {};
  const scheduler = openScheduler(parts, {
    audit,
    vaults: { store, engine: threads.engine, transitionMs, issueMs, names: names[0], destroyLeftovers },
    operation: (...work) => edges.longRunning.carryOut(...work),
  });
  const hosts = await openHosts(parts, names[0]);
  const base = { store: watchedStore(store, { scheduler, audit, hosts }), audit, logError: requestFailed(parts) };
  const turns = new Turns(base);
  const services = {
    ...base,
    turns,
    rulebook,
    verifier,
    externalAudiences: settings.issuers.flatMap(({ audiences }) => audiences),
    ...threads,
    schedule: scheduler,
    transitionMs,
    issueMs,
    sourceOf: ingress.sourceOf.bind(ingress),
    closeSubnets: (incarnations: readonly string[]) => incarnations.forEach((one) => ingress.closeSubnet(one)),
    now,
  };
  const edges = openEdges(parts, { ...services, authority, names, ingress, destroyLeftovers });
  countRequests(http, [drain, ingress]);
  http.on('request', edges.dispatch);
  const renewals = openRenewals(parts, ingress, authority.signingKeys);
  await renewals.look();
  scheduler.start();
  return {
    ingress,
    rulebook,
    signingKeys: authority.signingKeys,
    names: names[0],
    scheduler,
    renewals,
    ...ending({
      ingress,
      http,
      connections: drain,
      closeables: [turns, hosts, edges.longRunning, scheduler, renewals, ...Object.values(threads), audit, store],
    }),
  };
}

function requestFailed({ log, now }: ServerParts) {
  const failures = new FailureLog({ write: (line) => log.error(line, 'a request failed'), now });
  return (error: unknown, requestId: string) => failures.add(error, requestId);
}

interface DueParts {
  readonly audit: Audit;
  readonly vaults: DueServices;
  readonly operation: DueHandler<OperationSubject>;
}

function openScheduler({ store, now, log }: ServerParts, { audit, vaults, operation }: DueParts): Scheduler {
  return new Scheduler({
    store,
    audit,
    handlers: { ...dueHandlers(vaults), operation },
    now,
    // Both stores have a single process: a file is locked, and memory is private.
    alone: true,
    logError: (error, work) => log.error({ err: error, work }, 'scheduled work failed and will be tried again'),
  });
}

/** Opens what answers requests: the vaults, and the services under the server's own names. */
function openEdges(parts: ServerParts, { authority, names, ingress, destroyLeftovers, ...services }: SharedServices) {
  const { settings } = parts;
  const dataPlane = createDataPlane({
    ...services,
    throttle: throttleOf(settings),
    acceptedIssuers: (tenant) => authority.issuers.acceptedFor(tenant),
    corsOrigins: names.map((set) => set.authority),
  });
  const signIn = signInEdges({ ...services, ...authority, names, tenantId: parts.identity.tenantId });
  const controlPlane = openControlPlane({
    ...services,
    profile: withNormalization(withLimits(ruleProfiles[settings.rules], ruleLimits(settings)), settings),
    publicAddressPool: settings.publicAddressPool ?? defaultPublicAddressPool,
    azureNormalization: settings.azureNormalization ?? false,
    homeSubscription: parts.identity.subscriptionId,
    clearPurged: destroyLeftovers,
    objects: resourceObjects(services),
    readSecret: (asked) => readSecretForDeployment(asked, services),
  });
  return {
    longRunning: controlPlane.longRunning,
    dispatch: dispatchByHost(names, {
      vault: dataPlane,
      home(request, response, host) {
        if (!signIn.some((answers) => answers(request, response, host))) controlPlane.listener(request, response, host);
      },
    }),
  };
}

/** Answers return what the client sent, unless the settings ask for Azure's normalization. */
function withNormalization(profile: RuleProfile, { azureNormalization = false }: Settings): RuleProfile {
  return azureNormalization ? profile : { ...profile, subnetIds: 'asGiven', addresses: 'asGiven' };
}

function openIngress({ settings, certificates, now, log }: ServerParts, rulebook: Rulebook, http: HttpServer): Ingress {
  return new Ingress({
    certificate: serverChain(certificates),
    nat: compileNat(settings.nat),
    subnets: {
      state(incarnation) {
        const subnet = rulebook.subnet(incarnation);
        if (subnet === undefined) return 'gone';
        return subnet.serviceEndpoint ? 'live' : 'endpointOff';
      },
      inVnet(vnet, incarnation) {
        const subnet = rulebook.subnetOf(vnet, incarnation);
        return subnet === undefined ? undefined : { subnet: subnet.id };
      },
      lookUp: (incarnation) => rulebook.loadSubnet(incarnation),
    },
    onConnection: (socket) => http.emit('connection', socket),
    log: (refused) => log.warn(refused, 'a connection was refused'),
    now,
  });
}

function openRenewals(parts: ServerParts, ingress: Ingress, signingKeys: SigningKeys): Renewals {
  const { authorityFile, gatewayCertificate } = parts;
  return new Renewals({
    ...parts,
    domain: parts.settings.domain,
    ingress,
    signingKeys,
    publishAuthorities: (pem) => replaceFile(authorityFile, pem, 0o644),
    gatewayCertificate: gatewayCertificate?.toString(),
  });
}

async function openAuthority({ settings, store, identity, now }: ServerParts) {
  let forget = () => {};
  const signingKeys = await SigningKeys.open({ store, now, keepMs: keepSigningKeysMs, changed: () => forget() });
  const external = settings.issuers.map(({ issuer, tenantId, audiences, jwksUri, directoryObjects }) => ({
    issuer,
    tenant: tenantId,
    issuerClass: 'external' as const,
    audiences,
    async forbiddenIds(ids: readonly string[]) {
      const taken = await directoryIds(store, tenantId, ids);
      return new Set([...taken].filter((id) => !directoryObjects.includes(id)));
    },
    keys: remoteKeys(issuer, new URL(jwksUri), { now }),
  }));
  const issuers = createIssuers([...ownIssuers(identity.tenantId, signingKeys), ...external]);
  const verifier = createVerifier({
    issuers,
    now,
    cacheSize: verifiedTokensMax,
    groupsOf: ({ tenant, objectId }) => groupsOf(store, { tenantId: tenant, id: objectId }),
  });
  forget = verifier.drop;
  return { signingKeys, issuers, verifier, opaqueTokens: await OpaqueTokens.open(store) };
}

function ruleLimits({ limits }: Settings) {
  return {
    ...(limits?.ipRules !== undefined && { ipRulesMax: limits.ipRules }),
    ...(limits?.virtualNetworkRules !== undefined && { virtualNetworkRulesMax: limits.virtualNetworkRules }),
  };
}
