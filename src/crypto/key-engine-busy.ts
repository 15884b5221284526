/**
 * Thrown when as much waits for a thread as may: RSA keys to be made or proved, or certificate files to be read. Nothing
 * was done; a while later there is room again.
 */
export class KeyEngineBusy extends Error {
  override readonly name = 'KeyEngineBusy';

  constructor(waiting: string) {
    super(`${waiting} are waiting already, which is the limit; try again later`);
  }
}
