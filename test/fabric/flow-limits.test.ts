import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import { missingForPlanLab, PlanLab } from './plan-lab.ts';
import { stateOf } from './states.ts';

const title = 'one workload, or one network, leaves room for the connections of the others';
const [greedy, second, third, other] = ['a/web 10.0.0.4', 'a/web 10.0.0.5', 'a/web 10.0.0.6', 'b/web 10.0.0.4'];
const machines = [greedy, second, third, other];
const [names, neighbour] = ['168.63.129.16:53', '10.0.0.6:8080'];
const state = stateOf({ networks: { a: { subnets: { web: {} } }, b: { subnets: { web: {} } } } });

const why = missingForPlanLab();
if (why === undefined) {
  test(title, async (t) => {
    await using lab = new PlanLab();
    lab.apply(state, machines, { workload: 6, network: 8 });
    await lab.start();
    const answered = async (machine: string, target: string, flows: number): Promise<number> => {
      let count = 0;
      for (let flow = 0; flow < flows; flow += 1) {
        if ((await lab.ask(machine, 'udp', target)).includes(' sees ')) count += 1;
      }
      return count;
    };
    await t.test('a workload has its number of them', async () => {
      assert.equal(await answered(greedy, neighbour, 9), 6);
      assert.equal(await answered(greedy, names, 1), 0, 'it has no more anywhere');
      assert.equal(await answered(second, neighbour, 1), 1);
    });
    await t.test('a question for a name is followed for a short time only', async () => {
      assert.equal(await answered(other, names, 1), 1);
      const [, seconds] =
        /udp .* (\d+) src=10\.0\.0\.4 dst=168/.exec(lab.inside(lab.router('b'), 'conntrack', '-L')) ?? [];
      assert.ok(Number(seconds) <= 10, `${seconds} s`);
    });
    await t.test('a change of the rules does not forget them', async () => {
      lab.apply(state, machines, { workload: 6, network: 8 });
      assert.equal(await answered(greedy, neighbour, 1), 0);
    });
    await t.test('a network has its number of them on the internet', async () => {
      assert.equal(await answered(second, names, 5), 5);
      assert.equal(await answered(third, names, 5), 3);
      assert.equal(await answered(third, '10.0.0.5:8080', 1), 1, 'inside there is room');
      assert.equal(await answered(other, names, 1), 1, 'another network has its own');
    });
  });
} else notRun(title, why);
