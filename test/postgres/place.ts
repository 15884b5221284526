import { startPostgres } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import type { Disturbed } from './disturbances.ts';
import { startNodes } from './nodes.ts';

/** How the nodes reach their database: past a pooler, or through PgBouncer in transaction mode. */
export type Through = 'direct' | 'pooled';

export const ways: readonly Through[] = ['direct', 'pooled'];

export interface Place extends Disturbed, AsyncDisposable {
  readonly cluster: Cluster;
}

export interface PlaceOptions {
  readonly count?: number;
  /** Further members of the configuration file. */
  readonly config?: object;
  /** A second database server; past a pooler each node has its host too. */
  readonly standby?: 'sync';
}

/** A database, the nodes on it and their balancer. */
export async function startPlace(
  through: Through,
  { count = 3, config = {}, standby }: PlaceOptions = {},
): Promise<Place> {
  await using started = new AsyncDisposableStack();
  const cluster = started.use(
    await startPostgres({
      bouncer: through === 'pooled',
      settings: ['max_connections = 200'],
      ...(standby !== undefined && { standby }),
    }),
  );
  const { port, username, pathname } = new URL(through === 'pooled' ? cluster.bouncerUrl : cluster.url);
  const second = through === 'direct' && cluster.standby !== undefined ? `,127.0.0.1:${cluster.standby.port}` : '';
  const nodes = started.use(
    await startNodes({
      count,
      databasePort: Number(port),
      store: (linked, node) => [
        '--store',
        `postgres://${username}@127.0.0.1:${linked}${second}${pathname}`,
        '--node',
        node,
      ],
      config,
    }),
  );
  const kept = started.move();
  return {
    cluster,
    nodes,
    database: { kill: () => cluster.primary.kill(), start: () => cluster.primary.start() },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
