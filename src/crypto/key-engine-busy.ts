/**
 * Thrown when the limit of waiting work is reached: RSA keys to be made or proved, or certificate files to be read.
 * Nothing was done, and a later attempt may succeed.
 */
export class KeyEngineBusy extends Error {
  override readonly name = 'KeyEngineBusy';

  constructor(waiting: string) {
    super(`${waiting} are waiting already, which is the limit; try again later`);
  }
}
