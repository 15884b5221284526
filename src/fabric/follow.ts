import { setTimeout as sleep } from 'node:timers/promises';
import { formatPath } from '../shape/fault.ts';
import type { FabricServer } from './fabric-server.ts';
import { FabricFailed, messageOf } from './failed.ts';
import { NetworkReader } from './network-reader.ts';
import { fabricState, type FabricState } from './state.ts';

/** How long to wait before the server is asked again after a failure. */
const retryMs = 300;

interface FollowOptions {
  /** The version of the state that is in force. */
  readonly version: string;
  /** The server that it came from. */
  readonly server: FabricServer;
  readonly readServer: () => Promise<FabricServer>;
  readonly stop: AbortSignal;
  /** Called with each state that is new. */
  readonly changed: (state: FabricState, server: FabricServer) => Promise<void>;
  readonly line: (line: string) => void;
}

/** Reads an answer of the server. @throws {FabricFailed} when it is not in the agreed form */
export function readState(answer: unknown): FabricState {
  const read = fabricState(answer);
  if (read.ok) return read.value;
  throw new FabricFailed(
    `The server's answer about its networks is not understood at ${formatPath(read.fault.path)} (${read.fault.kind}).`,
    'Use the "postern net up" of the version that the server has.',
  );
}

/** Waits for changes until it is told to stop. While the server is away the networks stay as they are. */
export async function follow({ readServer, stop, changed, line, ...first }: FollowOptions): Promise<void> {
  let { version: after, server } = first;
  let isAway = false;
  let networkReader = new NetworkReader(server.networkReader);
  while (!stop.aborted) {
    try {
      const state = readState(await networkReader.state(after, stop));
      if (isAway) line('the server answers again');
      isAway = false;
      await changed(state, server);
      after = state.version;
    } catch (error) {
      if (stop.aborted) return;
      if (!isAway) line(`problem: ${messageOf(error)}. The networks stay as they are.`);
      isAway = true;
      await sleep(retryMs, undefined, { signal: stop }).catch(() => undefined);
    }
    // A server that was started again may have another port, and renews its certificates while it runs.
    const again = await readServer().catch(() => server);
    if (isAway) networkReader = new NetworkReader(again.networkReader);
    server = again;
  }
}
