import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeftOut } from '../../src/cli/export/left-out.ts';

test('a name that others chose moves the cursor of the administrator’s terminal nowhere', () => {
  const leftOut = new LeftOut();
  leftOut.add("the identity 'shop\u001B]0;title\u0007\n'", 'its name is that of another one');
  assert.deepEqual(leftOut.lines, [
    String.raw`postern: left out: the identity 'shop\u001b]0;title\u0007\u000a': its name is that of another one.`,
  ]);
});
