import { FabricFailed } from '../../fabric/failed.ts';
import { CommandFailed } from '../failed.ts';

/** Runs the work of the fabric for a command: its failures are the command's. */
export async function commanded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FabricFailed) throw new CommandFailed(error.message, error.hint);
    throw error;
  }
}
