import { isRefusal } from '../portal.ts';
import type { Services } from '../request.ts';

/** The services, which tell where the resource manager says that something is not there: it may be the vault. */
export function watched(services: Services, onMissing: () => void): Services {
  return {
    ...services,
    arm: (path, call) =>
      services.arm<never>(path, call).catch((error: unknown) => {
        if (isRefusal(error, 404)) onMissing();
        throw error;
      }),
  };
}
