import { acls, putVault } from '../data-plane/vaults.ts';
import { pinnedToEach, processesOf } from '../readers/pinned.ts';
import type { Pinned } from '../readers/pinned.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import type { Figures } from './figures.ts';
import { load, nothingAcknowledged } from './load.ts';

const vault = 'kv-stale';
const from = '127.0.0.7';
const closedRules = { ...acls.deny, ipRules: [{ value: '203.0.113.8' }] };
const count = 2;
const progressEvery = 1_000;
/** So many connections may be lost until it gives up: a server that answers nothing is not tried for ever. */
const lostMax = 50;

/**
 * Under load, changes a vault's rules again and again, and asks each reader at once after the answer. Each read must be
 * decided by the rules that were answered. `tries`: how many reads. A lost connection is a fault too, because nothing is
 * killed here. It goes on all the same: the next change says the rules, whatever became of the one before.
 */
export async function staleReads(tries: number, progress: (text: string) => void): Promise<Figures> {
  using data = dataFolder();
  await using postern = await startPostern(['--data', data.path, '--readers', String(count)]);
  const { client } = postern;
  await putVault(client, vault, { networkAcls: acls.deny });
  await client.vault(vault, 'PUT', '/secrets/s', { from, body: { value: 'v' } });
  const over = new AbortController();
  const acknowledged = nothingAcknowledged();
  const working = load(client, { round: 'stale', acknowledged, signal: over.signal, goesOn: true });
  const run = new Run(postern, progress);
  try {
    await run.flip(tries);
  } finally {
    over.abort();
    run.letGo();
    await working;
  }
  const { done, faults, lost } = run;
  const counts = { rounds: done, lost, acknowledged: acknowledged.requestIds.length, refused: acknowledged.refused };
  return { counts, faults: [...faults, ...acknowledged.faults] };
}

class Run {
  readonly #postern: RunningPostern;
  readonly #progress: (text: string) => void;
  readonly #startMs = performance.now();
  readonly faults: string[] = [];
  #readers: readonly Pinned[] = [];
  /** Reads that were answered. */
  done = 0;
  /** Connections that ended without an answer. */
  lost = 0;

  constructor(postern: RunningPostern, progress: (text: string) => void) {
    this.#postern = postern;
    this.#progress = progress;
  }

  async flip(tries: number): Promise<void> {
    let said = 0;
    for (let flip = 0; this.done < tries && this.lost < lostMax; flip += 1) {
      const isOpen = flip % 2 === 0;
      if (await this.#change(flip, isOpen)) await this.#read(flip, isOpen);
      if (this.done - said < progressEvery) continue;
      said = this.done;
      const seconds = Math.round((performance.now() - this.#startMs) / 1000);
      this.#progress(`${this.done} of ${tries} reads, ${seconds} s: ${this.faults.length} faults`);
    }
    if (this.done < tries) this.#fault(`given up after ${this.done} reads`);
  }

  letGo(): void {
    for (const reader of this.#readers) reader[Symbol.dispose]();
    this.#readers = [];
  }

  /** Whether the change was answered. */
  async #change(flip: number, isOpen: boolean): Promise<boolean> {
    try {
      await putVault(this.#postern.client, vault, { networkAcls: isOpen ? acls.deny : closedRules });
      return true;
    } catch (error) {
      this.#lose(`flip ${flip}: the change: ${String(error)}`);
      return false;
    }
  }

  async #read(flip: number, isOpen: boolean): Promise<void> {
    if (this.#readers.length === 0) this.#readers = await pinnedToEach(this.#postern, count);
    const { client } = this.#postern;
    const asked = this.#readers.map(({ agent }) => client.vault(vault, 'GET', '/secrets/s', { from, agent }));
    const answers = await Promise.allSettled(asked);
    for (const [reader, answer] of answers.entries()) {
      if (answer.status === 'rejected') {
        this.#lose(`flip ${flip}: reader ${reader}: ${String(answer.reason)}`);
        continue;
      }
      this.done += 1;
      const { status } = answer.value;
      if (status !== (isOpen ? 200 : 403)) this.#fault(`flip ${flip}: reader ${reader}: ${status}`);
    }
    // Another connection of the agent could be accepted by any process.
    if (answers.some(({ status }) => status === 'rejected')) this.letGo();
  }

  #lose(what: string): void {
    this.lost += 1;
    const { worker, readers } = processesOf(this.#postern);
    this.#fault(`${what} (worker ${worker}, readers ${readers.join(' ')})`);
    this.#progress(`${this.faults.at(-1)}; the server's last lines:\n${this.#postern.stderr().slice(-1000)}`);
  }

  #fault(what: string): void {
    this.faults.push(what);
  }
}
