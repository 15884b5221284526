import { askLine } from '../lines/ask.ts';
import type { FabricServer } from './fabric-server.ts';
import { FabricFailed } from './failed.ts';
import { groundLeft, hasRemains, removeGround } from './ground.ts';
import { Ledger, nothingKept, readKept, type Kept } from './kept.ts';
import { end, isAlive } from './processes.ts';
import { controlSocketOf, type Place } from './place.ts';
import { isThere, logPathOf, othersEnd, RunFolder } from './run-folder.ts';
import { ServerLink } from './server-link.ts';
import { isFabricStatus, type FabricStatus } from './status.ts';

/**
 * Asks the reconciler.
 * @returns its answer; `undefined` when no reconciler runs
 */
export async function askFabric(place: Place, request: object): Promise<Readonly<Record<string, unknown>> | undefined> {
  let received: string;
  try {
    received = await askLine(controlSocketOf(place), request);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw new FabricFailed(
      `The fabric's socket cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
      'Run the command as the user who ran "postern net up", or with sudo where root did.',
    );
  }
  try {
    const answer: unknown = JSON.parse(received);
    return typeof answer === 'object' && answer !== null ? { ...answer } : {};
  } catch {
    throw new FabricFailed('"postern net up" ended before it answered.', `Its log says why: ${logPathOf(place)}`);
  }
}

export async function statusOf(place: Place): Promise<FabricStatus> {
  const answer = await askFabric(place, { status: true });
  if (answer === undefined) {
    return { running: false, isLeft: isThere(place.folder), instance: place.instance, log: logPathOf(place) };
  }
  if (isFabricStatus(answer)) return answer;
  throw new FabricFailed('The answer of "postern net up" is not understood.', 'Use the version that it has.');
}

export interface EndOptions {
  readonly place: Place;
  readonly environment: Readonly<Record<string, string>>;
  readonly readServer: () => Promise<FabricServer>;
}

/**
 * Removes the networks, also those that a killed reconciler left.
 * @returns a sentence about what was done
 */
export async function endFabric({ place, environment, readServer }: EndOptions): Promise<string> {
  const answer = await askFabric(place, { stop: true });
  if (answer !== undefined) return 'The networks are removed.';
  if (!isThere(place.folder) && !hasRemains({ place, environment })) return 'There are no networks of this server.';
  using folder = RunFolder.open(place);
  const kept = readKept(folder.readState());
  if (folder.isNew) await othersEnd();
  const ground = groundLeft({ place, environment }, kept);
  const { workloads, hosts } = kept ?? nothingKept;
  folder.announceEnd();
  await end([...workloads, ...hosts].map(({ holder }) => holder).filter(isAlive));
  await forget(kept ?? { ...nothingKept, controlSocket: await controlSocketNow(readServer) }, place);
  await removeGround({ place, environment }, ground);
  folder.remove();
  return 'The networks that a "postern net up" left are removed.';
}

/** Empty when there is no server: then it has no listeners either. */
async function controlSocketNow(readServer: EndOptions['readServer']): Promise<string> {
  try {
    return (await readServer()).controlSocket;
  } catch {
    return '';
  }
}

/** The server may have ended, and its listeners with it. */
async function forget(kept: Kept, place: Place): Promise<void> {
  // It was killed before it had found the server.
  if (kept.controlSocket === '') return;
  const link = new ServerLink({
    controlSocket: () => Promise.resolve(kept.controlSocket),
    anchor: undefined,
    ledger: new Ledger(kept, () => undefined),
    hasOther: () => isThere(place.otherFolder),
  });
  try {
    await link.connect(kept);
    await link.end();
  } catch (error) {
    if (!(error instanceof FabricFailed)) throw error;
  }
}
