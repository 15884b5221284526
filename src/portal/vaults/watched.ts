import { RequestFailed } from '../request.ts';
import type { Services } from '../request.ts';

/** The resource manager's word and a vault's for a vault that is not there any more. */
const goneCodes: ReadonlySet<string> = new Set(['ResourceNotFound', 'VaultNotFound']);

/** The services, which tell where an answer says that something is not there: it may be the vault. */
export function watched({ arm, graph, vault, pages }: Services, onMissing: () => void): Services {
  const tell = (error: unknown): never => {
    if (error instanceof RequestFailed && error.failure.kind === 'refused' && goneCodes.has(error.failure.code))
      onMissing();
    throw error;
  };
  return {
    graph,
    arm: (path, call) => arm<never>(path, call).catch(tell),
    vault: (vaultUri, path, call) => vault<never>(vaultUri, path, call).catch(tell),
    async *pages<T>(...asked: Parameters<Services['pages']>) {
      try {
        yield* pages<T>(...asked);
      } catch (error) {
        tell(error);
      }
    },
  };
}
