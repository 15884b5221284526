import type { Server } from 'node:net';
import { pathBytesMax, serveLines } from '../lines/serve.ts';
import { FabricFailed, messageOf } from './failed.ts';

export type FabricRequest =
  | {
      readonly kind: 'joinSubnet';
      /** `VNET/SUBNET`, or an ARM id. */
      readonly subnet: string;
      readonly address: string | undefined;
      readonly identityHeader: string | undefined;
      readonly pid: number;
    }
  | { readonly kind: 'joinInternet'; readonly address: string; readonly pid: number }
  | { readonly kind: 'status' }
  | { readonly kind: 'stop' };

export type Answer = (request: FabricRequest) => Promise<object>;

const lineLengthMax = 16 * 1024;

const usage =
  'a request is {"join":"subnet","subnet":"VNET/SUBNET","address"?:"IPv4","identityHeader"?:"…","pid":N}, ' +
  '{"join":"internet","address":"IPv4","pid":N}, {"status":true} or {"stop":true}';

/** Reads one line of the socket; a string is what is wrong with it. */
export function readFabricRequest(line: string): FabricRequest | string {
  const members = parseObject(line);
  if (members === undefined) return usage;
  if (members['status'] === true) return { kind: 'status' };
  if (members['stop'] === true) return { kind: 'stop' };
  const { join, subnet, address, identityHeader, pid } = members;
  if (join !== 'subnet' && join !== 'internet') return usage;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 2 || pid >= 2 ** 31) {
    return 'pid must be the id of the process that the place is for';
  }
  if (address !== undefined && typeof address !== 'string') return 'address must be an IPv4 address';
  if (join === 'internet') {
    return address === undefined ? 'address is missing: give --address' : { kind: 'joinInternet', address, pid };
  }
  if (typeof subnet !== 'string' || subnet === '') return 'subnet must be VNET/SUBNET or an ARM id';
  if (identityHeader !== undefined && typeof identityHeader !== 'string') return 'identityHeader must be a string';
  return { kind: 'joinSubnet', subnet, address, identityHeader, pid };
}

/**
 * Serves the reconciler's requests. The folder of the path is closed to every other uid.
 * @param path in a folder that only this process writes, with the lock taken: a socket that is there was left by a kill
 */
export async function openFabricSocket(path: string, answer: Answer): Promise<Server> {
  const bytes = Buffer.byteLength(path);
  if (bytes > pathBytesMax) {
    throw new FabricFailed(
      `The path of the fabric's socket ${path} has ${bytes} bytes, and ${pathBytesMax} are allowed.`,
      'Start the server with a shorter --data.',
    );
  }
  return serveLines(path, {
    lineLengthMax,
    async answer(line) {
      const request = readFabricRequest(line);
      return typeof request === 'string' ? { ok: false, message: request } : attempt(request, answer);
    },
  });
}

async function attempt(request: FabricRequest, answer: Answer): Promise<object> {
  try {
    return await answer(request);
  } catch (error) {
    const hint = error instanceof FabricFailed ? error.hint : undefined;
    return { ok: false, message: messageOf(error), ...(hint !== undefined && { hint }) };
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
