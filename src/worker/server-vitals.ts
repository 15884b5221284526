import type { KeyQueues } from '../crypto/key-engine.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { StoreState } from '../health/store-state.ts';
import { RequestMeter } from '../http/measured.ts';
import type { Ingress } from '../ingress/ingress.ts';
import { RequestCounts } from '../metrics/requests.ts';
import type { ServedCertificate, Vitals } from '../metrics/vitals.ts';
import type { Settings } from '../settings/settings.ts';
import { processesOf } from './connection-limits.ts';
import type { CertificateInUse } from './certificates-in-use.ts';
import type { Readers } from './readers/readers.ts';
import type { Renewals } from './renewals.ts';
import type { ServerAudit } from './server-audit.ts';

/** The part of the vitals that is the server's; the process around it has the rest. */
type ServerVitals = Pick<
  Vitals,
  'requestsInFlight' | 'connections' | 'connectionsMax' | 'audit' | 'sinks' | 'keyTasks' | 'certificates'
> & { readonly store: Pick<Vitals['store'], 'counts' | 'inFlight' | 'database'> };

interface Measurements {
  readonly requests: RequestCounts;
  readonly meter: RequestMeter;
}

/** Counts requests from now on. */
export function measureRequests(): Measurements {
  const requests = new RequestCounts();
  const meter = new RequestMeter((ended) => requests.add(ended));
  return { requests, meter };
}

interface Measurable extends Measurements {
  readonly storeState: StoreState;
  readonly counts: ServerAudit['counts'];
  readonly delivery: Pick<Delivery, 'sinks'>;
  readonly ingress: Pick<Ingress, 'connections'>;
  readonly engine: KeyQueues;
  readonly renewals: Pick<Renewals, 'inUse'>;
  readonly follower: { readonly behindMs: number | undefined };
  readonly readers?: Pick<Readers, 'seen'> | undefined;
  readonly settings: Settings;
}

/** A server that can say how it is. */
export interface MeasuredServer {
  readonly requests: RequestCounts;
  readonly vitals: () => ServerVitals;
}

export function serverVitals(parts: Measurable): MeasuredServer {
  const { requests, meter, storeState, counts, delivery, ingress, engine, renewals, settings, follower } = parts;
  const readers = () => parts.readers?.seen ?? [];
  const vitals = () => ({
    requestsInFlight: readers().reduce((sum, { inFlight }) => sum + inFlight, meter.inFlight),
    connections: [...ingress.connections.each, ...readers().flatMap(({ connections }) => connections)],
    connectionsMax: ingress.connections.most * processesOf(settings),
    audit: counts,
    sinks: delivery.sinks,
    keyTasks: engine.outstanding,
    certificates: renewals.inUse().map(servedAs),
    store: { counts: storeState.counts, inFlight: storeState.inFlight, database: databaseOf(storeState, follower) },
  });
  return { requests, vitals };
}

function databaseOf({ database }: StoreState, { behindMs }: Measurable['follower']) {
  return database && { ...database, changesBehindMs: behindMs };
}

/** The files of the operator's have names of the operator's. */
function servedAs({ of, path, fromMs, toMs, isRenewed }: CertificateInUse): ServedCertificate {
  const name = of === 'operator' && path !== undefined ? path : of;
  return { name, notBeforeMs: fromMs, notAfterMs: toMs, renewsItself: isRenewed };
}
