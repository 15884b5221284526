/**
 * Thrown when as much waits for a thread as may: RSA keys to be made or proved, or certificate files to be read. Nothing
 * was done; a while later there is room again.
 */
export class KeyEngineBusy extends Error {
  override readonly name = 'KeyEngineBusy';

  constructor(waiting: string) {
    super(`${waiting} wait already, which is the limit; try again when some are done`);
  }
}
