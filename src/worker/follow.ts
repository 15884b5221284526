import type { Logger } from 'pino';
import { isSigningKeyRecord } from '../authority/signing-key-records.ts';
import type { SigningKeys } from '../authority/signing-keys.ts';
import type { Rulebook } from '../rulebook/rulebook.ts';
import { isSetupRecord } from '../setup/certificates.ts';
import { Follower } from '../store/follower.ts';
import type { Followed } from '../store/follower.ts';
import type { NodeStore } from '../store/node-store.ts';
import type { Store } from '../store/store.ts';
import { FailureLog } from './failure-line.ts';
import type { Renewals } from './renewals.ts';
import { tellWatchers } from './server-audit.ts';
import type { Watchers } from './server-audit.ts';

interface FollowParts {
  readonly store: Store;
  readonly shared?: Pick<NodeStore, 'committed' | 'state'> | undefined;
  readonly log: Pick<Logger, 'error' | 'warn' | 'info'>;
}

interface Following extends Pick<Follower, 'start' | 'close'> {
  /** See `Follower`; `undefined`: there is nothing to follow. */
  readonly behindMs: number | undefined;
}

/** Follows the changes of other nodes. A process that has the store to itself hears of all by itself. */
export async function openFollower({ store, shared, log }: FollowParts): Promise<Following> {
  if (shared === undefined) return { start: () => undefined, close: async () => undefined, behindMs: undefined };
  const message = 'the changes of other nodes cannot be followed; will be tried again';
  // The follower itself tells once for each failure that lasts.
  const failures = new FailureLog({ log, message, now: () => performance.now() });
  return Follower.open({
    store,
    committed: (listener) => shared.committed(listener),
    failed: (error) => failures.add(error),
    isAway: () => !shared.state().reachable,
    recovered: () => log.info('the changes of other nodes are followed again'),
  });
}

export interface FollowedParts {
  readonly rulebook: Rulebook;
  readonly closeSubnets: (incarnations: readonly string[]) => void;
  readonly watchers: Watchers;
  readonly signingKeys: Pick<SigningKeys, 'reload'>;
  readonly renewals: Pick<Renewals, 'look'>;
}

/** The parts of a server that hear of the changes of other nodes. */
export function followedBy({ rulebook, closeSubnets, watchers, signingKeys, renewals }: FollowedParts): Followed {
  /** Each by itself: what one key says of connections must not be lost where the read for the next one fails. */
  const inForce = async (keys: readonly string[]) => {
    for (const key of keys) closeSubnets(await rulebook.changed([key]));
  };
  return {
    async changed(keys) {
      tellWatchers(keys, watchers);
      await inForce(keys);
      if (keys.some(isSigningKeyRecord)) await signingKeys.reload();
      if (keys.some(isSetupRecord)) await renewals.look();
    },
    async expired() {
      const { scheduler, delivery, hosts, networkWatch } = watchers;
      scheduler.wake(0);
      networkWatch.changed();
      hosts.changed();
      await inForce(await rulebook.subnetKeys());
      await signingKeys.reload();
      await renewals.look();
      await delivery.allSettingsChanged();
    },
  };
}
