/** Thrown when as many RSA keys wait to be made or proved as may. Nothing was done; a while later there is room again. */
export class KeyEngineBusy extends Error {
  override readonly name = 'KeyEngineBusy';

  constructor(limit: number) {
    super(`${limit} RSA keys wait to be made or proved, which is the limit; try again when some are`);
  }
}
