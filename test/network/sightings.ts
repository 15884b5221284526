import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AuditRecord } from '../../src/audit/event.ts';
import { secret } from './administrator.ts';
import type { ListenerKind, RefusedConnection } from '../../src/ingress/refusal.ts';
import type { Agent, Read } from './agent.ts';
import type { Lab } from './lab.ts';
import { natAddresses, places, vaultAddress, type SubnetName, type VnetName, type WorkloadName } from './namespaces.ts';
import { recordsOf, until } from './postern-process.ts';
import type { RequestAnswer, RequestCommand } from './workload.ts';

/** Where the vault must see a request come from. */
export type Origin =
  | { readonly kind: 'subnet'; readonly vnet: VnetName; readonly subnet: SubnetName; readonly address: string }
  | { readonly kind: 'public'; readonly address: string };

/** The decision to expect: `rule` lets the request in, `because` keeps it out. */
export type Decision = { readonly rule: string } | { readonly because: 'noVirtualNetworkRule' | 'noIpRule' };

/** The workload's own subnet and private address. */
export function inSubnet(workload: WorkloadName): Origin {
  const { vnet, subnet, address } = places[workload];
  return { kind: 'subnet', vnet, subnet, address };
}

/** The public address that the workload's network shares. */
export function behindNat(workload: WorkloadName): Origin {
  return { kind: 'public', address: natAddresses[places[workload].vnet] };
}

export interface Sighting {
  readonly origin: Origin;
  readonly decision: Decision;
}

/**
 * A workload reads the secret with the official client; the answer and the audit record must both show the sighting.
 */
export async function reads(lab: Lab, workload: WorkloadName, sighting: Sighting): Promise<void> {
  const read = await lab.workloads[workload].read(lab.administrator.vaultUrl, secret.name);
  assertRead(read, sighting);
  assertRecorded(lab, read.requestId, sighting);
}

function assertRead({ answer }: Read, { origin, decision }: Sighting): void {
  if ('rule' in decision) {
    assert.deepEqual(answer, { value: secret.value });
    return;
  }
  assert.ok('status' in answer, JSON.stringify(answer));
  const { code, status, innerCode } = answer;
  assert.deepEqual([status, code, innerCode], [403, 'Forbidden', 'ForbiddenByFirewall'], JSON.stringify(answer));
  assert.ok(answer.message.includes(`Client address: ${origin.address}\r\n`), answer.message);
}

/** A plain request chosen by the test, with the administrator's token, which all policies permit. */
export interface BareRequest {
  readonly requestId: string;
  readonly answer: RequestAnswer;
}

export async function bareRead(
  lab: Lab,
  agent: Agent,
  asked: Pick<RequestCommand, 'slot' | 'from' | 'headers'> = {},
): Promise<BareRequest> {
  const requestId = randomUUID();
  const answer = await agent.request({
    url: lab.administrator.secretUrl,
    ...asked,
    headers: {
      authorization: await lab.administrator.vaultAuthorization(),
      'x-ms-client-request-id': requestId,
      ...asked.headers,
    },
  });
  return { requestId, answer };
}

/**
 * Like `reads`, for a plain request. Returns the connection's local port, and whether an earlier request had used it.
 */
export function assertBareRead(lab: Lab, { requestId, answer }: BareRequest, sighting: Sighting) {
  assert.ok('status' in answer, `not answered: ${JSON.stringify(answer)}`);
  assert.equal(answer.status, 'rule' in sighting.decision ? 200 : 403, answer.body);
  assert.equal(answer.body.includes(secret.value), 'rule' in sighting.decision);
  assert.match(String(answer.headers['x-ms-keyvault-network-info']), new RegExp(`addr=${sighting.origin.address};`));
  assertRecorded(lab, requestId, sighting);
  return { localPort: answer.localPort ?? 0, reused: answer.reused };
}

/** A connection ends before a request on it is answered or recorded, and the ingress logs why. */
export async function isRefused(
  lab: Lab,
  workload: WorkloadName,
  listener: ListenerKind,
  refusal: object,
): Promise<void> {
  const mark = lab.postern.log.length;
  const { requestId, answer } = await bareRead(lab, lab.workloads[workload]);
  assert.ok('code' in answer, `answered: ${JSON.stringify(answer)}`);
  const refused = await nextRefusal(lab, mark);
  assert.deepEqual({ listener: refused.listener, refusal: refused.refusal }, { listener, refusal });
  assert.deepEqual(recordsOf(lab.dataDir, requestId), []);
}

export interface BytesRefused {
  readonly listener: ListenerKind;
  /** The connection's peer, as the kernel knows it. */
  readonly remoteAddress: string | undefined;
}

/** A connection that begins with bytes that are not TLS ends without an answer. */
export async function refusesBytes(lab: Lab, workload: WorkloadName, bytes: Uint8Array, seen: BytesRefused) {
  const mark = lab.postern.log.length;
  const { connected, received } = await lab.workloads[workload].dial({ host: vaultAddress, port: 443 }, bytes);
  assert.ok(connected);
  assert.ok(!Buffer.from(received, 'base64').toString('latin1').includes('HTTP'), received);
  const { listener, remoteAddress, refusal } = await nextRefusal(lab, mark);
  assert.deepEqual({ listener, remoteAddress }, seen);
  assert.equal(refusal.kind, 'handshakeFailed');
}

async function nextRefusal(lab: Lab, mark: number): Promise<RefusedConnection> {
  await until('the refusal in the log', () => lab.postern.refusals(mark).length > 0);
  const [refused] = lab.postern.refusals(mark);
  assert.ok(refused);
  return refused;
}

/** The request's record in the audit log, after that of the challenge if there was one. */
function assertRecorded(lab: Lab, requestId: string, { origin, decision }: Sighting): void {
  const record = recordsOf(lab.dataDir, requestId).at(-1);
  assert.ok(record, `no record of ${requestId}`);
  const subnetId = origin.kind === 'subnet' ? idOf(lab, origin) : undefined;
  assert.deepEqual(essenceOf(record), {
    operationName: 'SecretGet',
    status: 'rule' in decision ? 200 : 403,
    callerIpAddress: origin.address,
    isAddressAuthorized: 'rule' in decision,
    addrAuthType: origin.kind === 'subnet' ? 'Subnet' : 'PublicIP',
    subnetId,
    assurance: origin.kind === 'subnet' ? 'enforced' : undefined,
    allowed: 'rule' in decision,
    because: becauseOf(origin, decision),
    rule: 'rule' in decision ? decision.rule.toLowerCase() : undefined,
  });
}

function becauseOf(origin: Origin, decision: Decision): string {
  if ('because' in decision) return decision.because;
  return origin.kind === 'subnet' ? 'virtualNetworkRule' : 'ipRule';
}

function idOf(lab: Lab, { vnet, subnet }: Extract<Origin, { kind: 'subnet' }>): string {
  return lab.administrator.subnetId(vnet, subnet).toLowerCase();
}

function essenceOf({ operationName, callerIpAddress, properties }: AuditRecord): object {
  const { httpStatusCode, isAddressAuthorized, addrAuthType, subnetId, assurance, verdict } = properties;
  return {
    operationName,
    status: httpStatusCode,
    callerIpAddress,
    isAddressAuthorized,
    addrAuthType,
    subnetId,
    assurance,
    allowed: verdict?.allowed,
    because: verdict?.because,
    rule: verdict?.rule?.toLowerCase(),
  };
}
