/** A service endpoint is switched while a client reads without a pause over a connection that it keeps. */
import assert from 'node:assert/strict';
import type { AuditRecord } from '../../src/audit/event.ts';
import { auditRecords } from '../network/postern-process.ts';
import { until } from '../world/process.ts';
import type { FabricLab } from './fabric-lab.ts';
import type { Looped } from './program.ts';
import { Program } from './programs.ts';
import { idOf, put, putGateway, putNetwork, putVault, secret, subnetAt, subnetId, testAtSite, vault } from './site.ts';

interface Switched {
  readonly askedAtMs: number;
  readonly seenAtMs: number;
}

/** A request of the loop with the source that the vault recorded; none if the request never arrived. */
type Seen = Looped & { readonly source: string | undefined };

testAtSite('a switched endpoint changes the source of all requests after it, and of none before it', async (lab) => {
  const gateway = await putGateway(lab, 'gateway');
  await putNetwork(lab, 'blue', {
    space: '10.0.0.0/16',
    subnets: { web: web(lab, 'endpoint'), back: subnetAt('10.0.1.0/24', 'endpoint') },
  });
  await putVault(lab);
  await lab.up();
  await using program = await Program.start(lab, { subnet: 'blue/web', address: '10.0.0.4', as: 'app' });
  await using other = await Program.start(lab, { subnet: 'blue/back', address: '10.0.1.4', as: 'app' });
  await Promise.all([program.loop(vault, secret.name), other.loop(vault, secret.name)]);
  const inside = `10.0.0.4 ${subnetId(lab, 'blue/web').toLowerCase()}`;
  const outside = `${gateway} no subnet`;
  await until(() => auditRecords(lab.dataDir).filter((each) => sourceOf(each) === inside).length > 10, 'requests');
  const off = await switchTo(lab, 'no endpoint', outside);
  const on = await switchTo(lab, 'endpoint', inside);
  const [loop, undisturbed] = await Promise.all([program.endLoop(), other.endLoop()]);

  const seen = withSources(lab, loop);
  const phases = phasesOf(seen);
  assert.deepEqual(
    phases.map(({ source }) => source),
    [inside, outside, inside],
  );
  for (const { requests } of phases) {
    assert.ok(requests.length > 3, `${requests.length} requests`);
    assert.deepEqual(
      requests.slice(1).filter(({ reused }) => !reused),
      [],
      'the connection is kept',
    );
  }
  assertInTime(seen, off, [inside, outside]);
  assertInTime(seen, on, [outside, inside]);
  assertCut(seen, [off, on]);
  const back = `10.0.1.4 ${subnetId(lab, 'blue/back').toLowerCase()}`;
  assert.deepEqual(
    withSources(lab, undisturbed).filter(
      ({ result, reused, source }, index) => result !== 200 || source !== back || reused !== index > 0,
    ),
    [],
  );
});

function web(lab: FabricLab, service: 'endpoint' | 'no endpoint'): object {
  return subnetAt('10.0.0.0/24', service, { natGateway: { id: idOf(lab, 'natGateways/gateway') } });
}

/** Switches the endpoint, and returns when some requests have been seen with the new source. */
async function switchTo(lab: FabricLab, service: 'endpoint' | 'no endpoint', source: string): Promise<Switched> {
  const before = auditRecords(lab.dataDir).length;
  const askedAtMs = Date.now();
  await put(lab, 'virtualNetworks/blue/subnets/web', web(lab, service));
  const since = () => auditRecords(lab.dataDir).slice(before);
  const isNew = (record: AuditRecord) => record.operationName === 'SecretGet' && sourceOf(record) === source;
  await until(() => since().some(isNew), `a request from ${source}`);
  const seenAtMs = Date.now();
  await until(() => since().filter(isNew).length > 10, `more requests from ${source}`);
  return { askedAtMs, seenAtMs };
}

function sourceOf({ callerIpAddress, properties: { subnetId: subnet } }: AuditRecord): string {
  return `${callerIpAddress} ${subnet ?? 'no subnet'}`;
}

function withSources(lab: FabricLab, loop: readonly Looped[]): readonly Seen[] {
  const records = new Map(auditRecords(lab.dataDir).map((record) => [record.correlationId, record]));
  return loop.map((request) => {
    const record = records.get(request.requestId);
    return { ...request, source: record && sourceOf(record) };
  });
}

/** The requests that arrived, as runs of the same source. */
function phasesOf(seen: readonly Seen[]) {
  const phases: { readonly source: string | undefined; readonly requests: Seen[] }[] = [];
  for (const request of seen) {
    if (request.source === undefined) continue;
    if (phases.at(-1)?.source !== request.source) phases.push({ source: request.source, requests: [] });
    phases.at(-1)?.requests.push(request);
  }
  return phases;
}

/** A request that ended before the switch has the old source; one that began after it was seen has the new one. */
function assertInTime(seen: readonly Seen[], { askedAtMs, seenAtMs }: Switched, [old, now]: [string, string]): void {
  const before = seen.findLast(({ endedAtMs }) => endedAtMs < askedAtMs);
  const after = seen.find(({ sentAtMs }) => sentAtMs > seenAtMs);
  assert.deepEqual([before?.result, before?.source], [200, old]);
  assert.deepEqual([after?.result, after?.source], [200, now]);
}

/** Only a switch ends a request without an answer. */
function assertCut(seen: readonly Seen[], switches: readonly Switched[]): void {
  const isNear = ({ sentAtMs, endedAtMs }: Seen) =>
    switches.some(({ askedAtMs, seenAtMs }) => endedAtMs >= askedAtMs && sentAtMs <= seenAtMs);
  assert.deepEqual(
    seen.filter((request) => request.result !== 200 && !isNear(request)),
    [],
  );
}
