import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Filters } from '../../src/fabric/filters.ts';
import { Ledger, nothingKept } from '../../src/fabric/kept.ts';
import { Machine, programEnvironment } from '../../src/fabric/machine.ts';
import { Namespaces } from '../../src/fabric/namespaces.ts';
import type { RouterPlan, SubnetPlan } from '../../src/fabric/plan.ts';
import { Reconciler } from '../../src/fabric/reconciler.ts';
import { ServerLink } from '../../src/fabric/server-link.ts';
import { Wires } from '../../src/fabric/wires.ts';
import { notRun } from '../not-run.ts';
import { missingForPlanLab } from './plan-lab.ts';
import { stateOf, type SubnetSent } from './states.ts';

/** Tells of which subnets the connections are ended. */
class SeenFilters extends Filters {
  readonly ended: string[] = [];

  override endFlows(router: RouterPlan, subnet: SubnetPlan): Promise<void> {
    this.ended.push(`${router.name}/${subnet.name}`);
    return super.endFlows(router, subnet);
  }
}

const title = 'a switch ends the connections of the subnets that may have some, and asks for no others';
const why = missingForPlanLab();
if (why === undefined) {
  test(title, async () => {
    const instance = randomBytes(3).toString('hex');
    const machine = new Machine({ environment: programEnvironment(), anchor: undefined });
    const namespaces = new Namespaces(machine, instance);
    const filters = new SeenFilters(machine, namespaces.names);
    const ledger = new Ledger(nothingKept, () => undefined);
    const reconcilerOf = () =>
      new Reconciler({
        instance,
        namespaces,
        wires: new Wires(machine, namespaces),
        filters,
        server: new ServerLink({
          controlSocket: () => Promise.reject(new Error('there is no server')),
          anchor: undefined,
          ledger,
          hasOther: () => false,
        }),
        ledger,
        line: () => undefined,
      });
    const [on, off] = [
      { addressPrefix: '10.0.0.0/24', serviceEndpoint: true },
      { addressPrefix: '10.0.0.0/24', serviceEndpoint: false },
    ];
    const db = { addressPrefix: '10.0.1.0/24', serviceEndpoint: true };
    const seenAfter = async (reconciler: Reconciler, subnets: Readonly<Record<string, SubnetSent>>) => {
      await reconciler.follow(stateOf({ networks: { a: { subnets } } }));
      return filters.ended.splice(0);
    };
    try {
      const first = reconcilerOf();
      assert.deepEqual(await seenAfter(first, { web: on }), [], 'a new one');
      assert.deepEqual(await seenAfter(first, { web: off, db }), ['a/web'], 'a switch, and a new one');
      const second = reconcilerOf();
      assert.deepEqual(await seenAfter(second, { web: on, db }), ['a/web'], 'a switch while there was no reconciler');
      assert.deepEqual(await seenAfter(second, { web: on, db }), [], 'no change');
    } finally {
      await namespaces.remove([...namespaces.existing().keys()]);
    }
  });
} else notRun(title, why);
