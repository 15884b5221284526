import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Audit } from '../audit/audit.ts';
import { IdentityBindings } from '../authority/identity-bindings.ts';
import type { SigningKeys } from '../authority/signing-keys.ts';
import { CertificateFiles } from '../crypto/certificate-files.ts';
import { openKeyEngine } from '../crypto/key-engine.ts';
import { openControlPlane } from '../control-plane/control-plane.ts';
import { NetworkWatch } from '../control-plane/fabric/network-watch.ts';
import { createDataPlane } from '../data-plane/data-plane.ts';
import { readSecretForDeployment } from '../data-plane/deployment-secret.ts';
import type { DataPlaneServices } from '../data-plane/data-plane.ts';
import { resourceObjects } from '../data-plane/resource-objects.ts';
import { Turns } from '../edge/turns.ts';
import { dispatchByHost, matchHost, type NameSet } from '../http/host.ts';
import { ownNames, pageOrigins, type OwnNames } from '../http/own-names.ts';
import { countRequests, createHttp, createPlainHttp, Drain } from '../http/http-server.ts';
import type { Ingress } from '../ingress/ingress.ts';
import type { Recent } from '../recent/recent.ts';
import { clearPurged } from '../resources/vaults/purge.ts';
import { Rulebook } from '../rulebook/rulebook.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import { profileOf } from '../settings/rule-profile.ts';
import type { ServerCertificates } from '../setup/certificates.ts';
import type { Identity } from '../setup/identity.ts';
import type { Reader } from '../setup/reader.ts';
import type { FoundPortal } from '../site/portal-files.ts';
import type { NodeStore } from '../store/node-store.ts';
import type { SealedStore } from '../store/sealed.ts';
import type { Store } from '../store/store.ts';
import type { TlsPair } from '../types/supervision.ts';
import { openAuthority, signInEdges } from './sign-in.ts';
import type { AuthorityParts } from './sign-in.ts';
import { durationsOf } from './durations.ts';
import { ending, type Ending } from './ending.ts';
import { FailureLog } from './failure-line.ts';
import { gatewayAuthorities, gatewayListener, gatewayShown } from './gateway-listener.ts';
import { followedBy, openFollower } from './follow.ts';
import { homeOf, servedBy } from './hosts.ts';
import { measured } from './measured-store.ts';
import type { MeasuredParts } from './measured-store.ts';
import { openIngress } from './open-ingress.ts';
import type { OwnNode } from './node.ts';
import { OperatorCertificates } from './operator-certificates.ts';
import { Renewals, renewedCertificates } from './renewals.ts';
import { servesBy, sourcesOf } from './readers/handed-over.ts';
import type { Readers } from './readers/readers.ts';
import { logRequests } from './request-lines.ts';
import { openHosts } from './hosts-file.ts';
import { watchedStore, openServerAudit } from './server-audit.ts';
import type { ServerAuditParts } from './server-audit.ts';
import { firewallOf } from './rule-profile.ts';
import { openScheduler } from './scheduler.ts';
import type { DueParts } from './scheduler.ts';
import { measureRequests, serverVitals } from './server-vitals.ts';
import type { MeasuredServer } from './server-vitals.ts';
import { siteOf } from './site.ts';
import { throttleOf } from './throttle.ts';

const compiledVaultsMax = 1_000_000;
/** TEST-NET-2 (RFC 5737), so that no real address is assigned. */
const defaultPublicAddressPool = '198.51.100.0/24';

export interface ServerParts extends ServerAuditParts, Pick<MeasuredParts, 'databaseLost' | 'faults'> {
  /** The port of the public listeners. */
  readonly port: number;
  readonly store: SealedStore;
  /** See `folder.ts`. */
  readonly rows: Pick<Store, 'list' | 'read'>;
  /** This server among those that share its store, and that store below the seal; absent: it has the store to itself. */
  readonly node?: OwnNode | undefined;
  readonly shared?: NodeStore | undefined;
  readonly identity: Identity;
  readonly reader: Pick<Reader, 'clientId'>;
  readonly certificates: ServerCertificates;
  readonly azureCertificates: ServerCertificates;
  /** The portal's files; absent: there are none. */
  readonly portal?: FoundPortal;
  /** The file with the authorities for clients to trust, as this process opens it. */
  readonly authorityFile: string;
  /** The same for workloads of the fabric. */
  readonly fabricAuthorityFile: string;
  /** The operator's certificate for gateways, PEM. */
  readonly gatewayCertificate?: string | Buffer | undefined;
  /** The operator's certificates for clients. */
  readonly tls?: readonly TlsPair[];
  /** Where the names of the vaults are kept for programs on this machine; likewise. */
  readonly hostsFile: string;
  /** The clock of the clients, which certificates must be valid by; by default `now`. */
  readonly clientsNow?: () => number;
  /** The processes that answer reads beside this one, if there are any. `store` tells them of changes. */
  readonly readers?: Readers | undefined;
  /** Called once for each subnet that no longer exists. */
  readonly subnetEnded?: (incarnation: string) => void;
}

/** The assembled server. Only the ingress's listeners are added later. */
export interface Server extends Ending, MeasuredServer {
  readonly ingress: Ingress;
  /** Gets the connections of metadata listeners. */
  readonly onMetadataConnection: (socket: Socket) => void;
  readonly identityBindings: IdentityBindings;
  readonly rulebook: Rulebook;
  readonly audit: Audit;
  readonly signingKeys: SigningKeys;
  readonly names: NameSet;
  /** Whether a Host header names one of the server's own hosts. */
  readonly isOwnHost: (host: string) => boolean;
  readonly scheduler: Scheduler;
  readonly networkWatch: NetworkWatch;
  /**
   * Started by the process, not here: a server whose clock a test changes would otherwise get certificates that its clients
   * find not valid yet.
   */
  readonly renewals: Renewals;
  readonly readers: Readers | undefined;
  /** Why it cannot answer requests; `undefined`: it can. */
  readonly checks: { readonly store: () => Promise<string | undefined>; readonly log: () => string | undefined };
}

interface SharedServices extends Omit<
  DataPlaneServices,
  'externalAudiences' | 'acceptedIssuers' | 'pageOrigins' | 'throttle'
> {
  readonly store: Store;
  readonly audit: Audit;
  readonly logError: (error: unknown, requestId: string) => void;
  readonly authority: AuthorityParts;
  readonly names: OwnNames;
  readonly identityBindings: IdentityBindings;
  readonly ingress: Ingress;
  readonly networkWatch: NetworkWatch;
  readonly recent: Recent;
  readonly destroyLeftovers: () => Promise<void>;
  readonly schedule: Scheduler;
}

export async function openServer(given: ServerParts): Promise<Server> {
  const { parts, storeState, storeFailure } = measured(given);
  const { settings, store, now } = parts;
  const threads = { engine: openKeyEngine(settings.keys), certificateFiles: new CertificateFiles() };
  const names = ownNames(settings.domain, { port: parts.port, publicPort: settings.publicPort });
  const { audit, delivery, recent, recording, logFailure, counts } = await openServerAudit(parts);
  const follower = await openFollower(parts);
  const rulebook = await openRulebook(parts);
  const { verifier, ...authority } = await openAuthority(parts);
  const { http, metadata, drain, ingress, ...measurements } = openHttp(parts, rulebook);
  const destroyLeftovers = () => clearPurged(store, (domain) => store.destroyDomain(domain));
  const operation: DueParts['operation'] = (...work) => edges.longRunning.carryOut(...work);
  const watched = watchedStore(store, () => watchers);
  const durations = durationsOf(settings);
  const vaults = { store: watched, engine: threads.engine, ...durations, names: names.told, destroyLeftovers };
  const scheduler = openScheduler(parts, { audit, vaults, operation });
  const hosts = await openHosts(parts, names.told);
  const [networkWatch, identityBindings] = [new NetworkWatch(), new IdentityBindings()];
  const watchers = { scheduler, delivery, hosts, networkWatch };
  const base = { store: watched, audit, recent, logError: requestFailed(parts) };
  const turns = new Turns(base);
  const services = {
    ...base,
    turns,
    rulebook,
    verifier,
    ...threads,
    schedule: scheduler,
    networkWatch,
    ...durations,
    ...ofIngress(ingress, parts.readers),
    now,
  };
  const own = { authority, names, identityBindings, ingress, destroyLeftovers };
  const edges = openEdges(parts, { http, metadata }, { ...services, ...own });
  parts.readers?.serve({ ...measurements, http, audit, shown: ingress.shown });
  const renewals = await openRenewals(parts, ingress, authority.signingKeys);
  scheduler.start();
  const first = [turns, follower, hosts, edges.longRunning, scheduler, renewals];
  const reported = { storeState, counts, delivery, ingress, renewals, follower };
  const closeables = [...first, ...Object.values(threads), recording, store];
  follower.start(followedBy({ ...services, ...authority, watchers, renewals }));
  return {
    ingress,
    onMetadataConnection: (socket) => metadata.emit('connection', socket),
    identityBindings,
    rulebook,
    audit,
    signingKeys: authority.signingKeys,
    names: names.told,
    isOwnHost: (host) => matchHost(names, host) !== undefined,
    scheduler,
    networkWatch,
    renewals,
    readers: parts.readers,
    checks: { store: storeFailure, log: logFailure },
    ...serverVitals({ ...parts, ...measurements, ...threads, ...reported }),
    ...ending({ ...parts, ingress, http: [http, metadata], connections: drain, waits: networkWatch, closeables }),
  };
}

function watchRequests(
  servers: readonly HttpServer[],
  parts: ServerParts,
  countings: Parameters<typeof countRequests>[1],
): void {
  for (const server of servers) {
    countRequests(server, countings);
    logRequests(server, parts);
  }
}

/** Two servers behind the ingress: no request on a metadata listener reaches the other edges. */
function openHttp(parts: ServerParts, rulebook: Rulebook) {
  const drain = new Drain();
  const [http, metadata] = [createHttp(undefined, drain), createPlainHttp(drain)];
  const ingress = openIngress(parts, rulebook, http);
  const measurements = measureRequests();
  watchRequests([http, metadata], parts, [drain, ingress, measurements.meter]);
  return { http, metadata, drain, ingress, ...measurements };
}

function ofIngress(ingress: Ingress, readers: Readers | undefined) {
  return {
    sourceOf: sourcesOf(ingress, readers),
    closeSubnets: (incarnations: readonly string[]) => incarnations.forEach((one) => ingress.closeSubnet(one)),
  };
}

function openRulebook({ settings, store, subnetEnded }: ServerParts): Promise<Rulebook> {
  return Rulebook.open({ store, firewall: firewallOf(settings), vaultsMax: compiledVaultsMax, subnetEnded });
}

function requestFailed({ log, now }: ServerParts) {
  const failures = new FailureLog({ log, message: 'a request failed', now });
  return (error: unknown, requestId: string) => failures.add(error, { requestId });
}

/** Opens what answers requests: the vaults, and the services under the server's own names. */
function openEdges(
  parts: ServerParts,
  { http, metadata }: Readonly<Record<'http' | 'metadata', HttpServer>>,
  { authority, names, ingress, destroyLeftovers, ...services }: SharedServices,
) {
  const { settings } = parts;
  const externalAudiences = settings.issuers.flatMap(({ audiences }) => audiences);
  const dataPlane = createDataPlane({
    ...services,
    externalAudiences,
    throttle: throttleOf(settings),
    acceptedIssuers: (tenant) => authority.issuers.acceptedFor(tenant),
    pageOrigins: (at) => pageOrigins(at, names),
  });
  const { tenantId } = parts.identity;
  const shared = parts.shared !== undefined;
  const signIn = signInEdges({
    ...services,
    ...authority,
    shared,
    names,
    tenantId,
    networkReader: parts.reader.clientId,
  });
  const controlPlane = openControlPlane({
    ...services,
    externalAudiences,
    profile: profileOf(settings),
    publicAddressPool: settings.publicAddressPool ?? defaultPublicAddressPool,
    collectors: (settings.audit?.otlp ?? []).map(({ name }) => name.toLowerCase()),
    azureNormalization: settings.azureNormalization ?? false,
    gatewayListener: gatewayListener(parts),
    homeSubscription: parts.identity.subscriptionId,
    clearPurged: destroyLeftovers,
    objects: resourceObjects(services),
    readSecret: (asked) => readSecretForDeployment(asked, services),
  });
  const home = homeOf({ ...signIn, site: siteOf(parts, names), resourceManager: controlPlane.listener });
  http.on('request', dispatchByHost(servedBy(servesBy(ingress, parts.readers), names), { vault: dataPlane, home }));
  metadata.on('request', signIn.metadata);
  return { longRunning: controlPlane.longRunning };
}

async function openRenewals(parts: ServerParts, ingress: Ingress, signingKeys: SigningKeys): Promise<Renewals> {
  const operator = new OperatorCertificates(parts.tls ?? [], {
    authorityFile: parts.authorityFile,
    shown: ingress.shown,
  });
  const renewals = new Renewals({
    ...parts,
    now: parts.clientsNow ?? parts.now,
    renewed: renewedCertificates(parts, ingress, operator),
    operator,
    signingKeys,
    gateway: gatewayShown(parts),
    gateways: gatewayAuthorities(parts, ingress),
  });
  await renewals.look();
  return renewals;
}
