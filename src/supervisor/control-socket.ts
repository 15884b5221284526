import type { Server } from 'node:net';
import { pathBytesMax, serveLines } from '../lines/serve.ts';
import { readRequest, type ControlRequest } from './control-request.ts';

/** Room for the listeners of a whole router in one request, with the longest ids that they have. */
const lineLengthMax = 4 * 1024 * 1024;

/** `closed` resolves when the connection of the request has closed. */
export type Answer = (request: ControlRequest, closed: Promise<void>) => object | Promise<object>;

/** Serves the supervisor's requests. The folder of the path is closed to every uid but the supervisor's. */
export async function openControlSocket(path: string, answer: Answer): Promise<Server> {
  const length = Buffer.byteLength(path);
  if (length > pathBytesMax) {
    const rule = `at most ${pathBytesMax} are allowed`;
    throw new Error(`the path of the control socket ${path} has ${length} bytes, but ${rule}: choose a shorter --data`);
  }
  return serveLines(path, {
    lineLengthMax,
    async answer(line, closed) {
      const read = readRequest(line);
      return read.ok ? answer(read.request, closed) : { ok: false, message: read.message };
    },
  });
}
