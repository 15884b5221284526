import { answer, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome, ControlServices } from '../operation.ts';
import { readNetworks } from './state.ts';

/** Shorter than clients and gateways wait for an answer. */
const waitMs = 25_000;

/**
 * GET /providers/Postern.Fabric/networks, which Azure does not have: everything that a program needs to
 * build the networks. With `after`, the version of an earlier answer, it waits for another one.
 */
export const readFabricNetworks: ControlOperation = {
  method: 'GET',
  path: '/providers/Postern.Fabric/networks',
  action: 'Postern.Fabric/networks/read',
  scope: 'subscription',
  run: read,
};

async function read(call: ControlCall, services: ControlServices): Promise<ControlOutcome> {
  const { query, caller, socket, store, subscription } = call;
  const { networkWatch, publicAddressPool } = services;
  const until = performance.now() + waitMs;
  for (;;) {
    const { commits } = networkWatch;
    const networks = await readNetworks(store, { subscriptionId: subscription.subscriptionId, publicAddressPool });
    if (networks.version !== query['after']) return answer(200, networks);
    const left = until - performance.now();
    const waited = networkWatch.after(commits, { caller: caller.objectId, socket, waitMs: Math.max(0, left) });
    if (!(waited instanceof Promise)) return refuse({ kind: 'tooManyWaits', ...waited });
    if ((await waited) === 'over') return answer(200, networks);
  }
}
