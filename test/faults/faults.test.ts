import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { notRun } from '../not-run.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';
import { check } from './check.ts';
import { damagedFiles } from './damage.ts';
import { fullDiskInNamespace, inputOutputErrors } from './disk.ts';
import { lineOf } from './figures.ts';
import type { Figures } from './figures.ts';
import { killRounds } from './kill.ts';
import { linkedNames } from './links.ts';
import { load, nothingAcknowledged } from './load.ts';
import { networkRoundsOfUser } from './networks-of-a-user.ts';
import { networkRounds } from './networks.ts';
import type { Acknowledged } from './load.ts';

const quiet = (): void => {};

/** One round of each: `npm run faults` does more. */
const short: Readonly<Record<string, () => Figures | Promise<Figures>>> = {
  'kill -9 of the worker, of the supervisor and of both loses, tears and repeats nothing': () => killRounds(3, quiet),
  'a full disk refuses for as long as it is full': () => fullDiskInNamespace(1),
  'a disk that fails refuses for as long as it fails': () => inputOutputErrors(1, quiet),
  'a link in the folder is not followed': () => linkedNames(1, quiet),
  'a damaged database serves no wrong value': () => damagedFiles(1, quiet),
  'kill -9 leaves nothing of networks that are removed': () => networkRounds(2, { seed: 3, progress: quiet }),
  "kill -9 leaves nothing of a user's networks that are removed": () => networkRoundsOfUser(1, 2),
};

describe('what a machine can do to a server', () => {
  for (const [title, run] of Object.entries(short)) {
    it(title, async () => {
      const { faults, notRun: why } = await run();
      if (why !== undefined) notRun(title, why);
      assert.deepEqual(faults, []);
    });
  }
});

describe('the check afterwards', () => {
  it('finds what is lost, torn, repeated, wrong or came back, in the vault and in the log', async () => {
    using data = dataFolder();
    using audit = dataFolder();
    await using postern = await startPostern(['--data', data.path]);
    const { client } = postern;
    const known = nothingAcknowledged();
    const over = new AbortController();
    const working = load(client, { round: 'r', acknowledged: known, signal: over.signal });
    await until(() => known.requestIds.length >= 60 || known.faults.length > 0, 'work that is acknowledged');
    over.abort();
    await working;
    assert.deepEqual(await check(client, known, [join(data.path, 'audit')]), []);
    // The server's own log may not be changed.
    const log = join(audit.path, 'audit.jsonl');
    copyFileSync(join(data.path, 'audit/audit.jsonl'), log);

    const secret = known.histories.find(
      ({ kind, deleted, versions }) => kind === 'secret' && !deleted && versions.length === 2,
    );
    const deleted = known.histories.find((history) => history.deleted);
    assert.ok(secret && deleted);
    const found = (changed: Partial<Acknowledged>) =>
      check(client, { ...nothingAcknowledged(), ...changed }, [audit.path], 0);
    const [first, second] = secret.versions;
    assert.ok(first && second);
    const rows: readonly (readonly [Partial<Acknowledged>, RegExp])[] = [
      [
        { histories: [{ ...secret, versions: [first, second, { id: 'lost', value: '3' }] }] },
        /of which 1 are missing$/,
      ],
      [
        { histories: [{ ...secret, versions: [second] }] },
        /has 2 versions; acknowledged were 1, of which 0 are missing$/,
      ],
      [{ histories: [{ ...secret, versions: [first, { ...second, value: '9' }] }] }, /9 expected, 2 found$/],
      [{ histories: [{ ...secret, deleted: true }] }, /200, though its deletion was acknowledged$/],
      [{ histories: [{ ...deleted, deleted: false }] }, /is gone: 200 among the deleted$/],
      [{ requestIds: ['never-recorded'] }, /^request never-recorded has no record$/],
      [{ faults: ['a fault'] }, /^a fault$/],
    ];
    for (const [changed, reason] of rows) {
      const [fault, ...more] = await found(changed);
      assert.match(fault ?? 'none', reason);
      assert.deepEqual(more, []);
    }
    // One more version is right if its answer did not arrive.
    assert.deepEqual(await found({ histories: [{ ...secret, versions: [first], unanswered: 'set' }] }), []);

    const text = readFileSync(log, 'utf8');
    const change = text.split('\n').find((line) => line.includes('recordId'));
    appendFileSync(log, `${change ?? ''}\n`);
    assert.match((await found({})).join('\n'), /^record \S+ is there 2 times$/m);
    writeFileSync(log, text.slice(0, -5));
    assert.match((await found({})).join(), /^the audit log is torn: .*ends inside a line$/);
    writeFileSync(log, text);
  });

  it('ends with one line, which names what was not done', () => {
    const parts = {
      kill: { counts: { rounds: 3, acknowledged: 212 }, faults: ['one'] },
      'full-disk': { counts: {}, faults: [], notRun: 'it needs root' },
    };
    assert.equal(lineOf(parts), 'faults: 1; kill: 3 rounds, 212 acknowledged; full-disk: NOT RUN');
  });
});
