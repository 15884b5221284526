import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import { UserCheckout } from './as-user.ts';

const title = 'an ordinary user has a fabric too, with the server as an ordinary process';

using checkout = new UserCheckout();
const why = checkout.whyNot();
if (why === undefined) {
  await test(title, async () => {
    const { exitStatus, printed } = await checkout.run('test/fabric/rootless-net.ts');
    assert.deepEqual(printed.split('\n').filter(Boolean), [
      'seen: each network is its own',
      'seen: a switched endpoint changes the way',
      'seen: a killed reconciler is followed by another',
      'seen: a killed one whose state is lost is followed by another',
      'seen: down after a kill leaves nothing',
      'seen: down after a kill that lost its folder leaves nothing',
      'seen: down ends also while processes with its mark follow one another',
      'seen: the end of the responder is the end of the fabric',
      "seen: networks whose server's data folder is gone are removed",
    ]);
    assert.equal(exitStatus, 0);
  });
} else notRun(title, why);
