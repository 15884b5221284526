import { randomBytes } from 'node:crypto';
import { object } from '../../shape/shape.ts';
import { readAs } from '../body.ts';
import { answer, badParameter } from '../operation.ts';
import type { OperationCard } from '../operation.ts';
import { base64url, wholeNumber } from './parameters.ts';

/** The most that the service returns at once (get-random-bytes). */
const bytesMax = 128;

/** GetRandomBytesRequest */
const randomBytesBody = object({ count: wholeNumber });

/**
 * POST /rng: bytes from the operating system's generator. On Azure only a managed HSM has this operation, with a
 * permission of its own. Access policies do not have that permission, so it takes `get`.
 */
export const getRandomBytes: OperationCard = {
  name: 'GetRandomBytes',
  permission: 'keys/get',
  method: 'POST',
  path: '/rng',
  changes: false,
  // oxlint-disable-next-line require-yield -- no record is read
  *run(call) {
    const { count } = readAs(randomBytesBody, call.body);
    if (count < 1 || count > bytesMax)
      badParameter(`count is ${count}; it must be a whole number from 1 to ${bytesMax}.`);
    return answer(200, { value: base64url(randomBytes(count)) });
  },
};
