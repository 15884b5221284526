import { Agent } from 'node:https';
import type { PipelinePolicy, PipelineRequest } from '@azure/core-rest-pipeline';
import { readFileSync } from 'node:fs';

/** The address of the customer's administrator. The vault has a rule for it. */
export const office = { local: '127.0.0.1', public: '203.0.113.1' };

/** The address of the service's servers. No rule names it. */
export const datacenter = { local: '127.0.0.8', public: '203.0.113.8' };

/** The way from a client to a vault. While it is down, the vault's name leads to an address where nothing listens. */
export class Line {
  isUp = true;
}

/** Options of the official clients. */
export interface ClientOptions {
  readonly retryOptions?: { readonly maxRetries: number };
  readonly additionalPolicies: { readonly position: 'perCall'; readonly policy: PipelinePolicy }[];
}

const refusals = new WeakMap<PipelineRequest, string>();

/** The body of the vault's refusal, as it was sent. Of a refused list the clients keep no more than the code. */
export function refusalOf(request: PipelineRequest | undefined): string | undefined {
  return request === undefined ? undefined : refusals.get(request);
}

/** Lets an official client connect from a place, and find the vaults, whose names this machine need not know. */
export function clientsAt(
  place: typeof office,
  {
    caFile,
    sent,
    headers = {},
    line,
  }: { caFile: string; sent?: (requestId: string) => void; headers?: Readonly<Record<string, string>>; line?: Line },
): ClientOptions {
  const ca = readFileSync(caFile, 'utf8');
  const [vaults, nowhere] = [agentTo('127.0.0.1', place, ca), agentTo('127.0.0.99', place, ca)];
  const policy: PipelinePolicy = {
    name: 'from',
    sendRequest: async (request, next) => {
      request.agent = line?.isUp === false ? nowhere : vaults;
      for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
      sent?.(request.requestId);
      const answer = await next(request);
      if (answer.status >= 400) refusals.set(request, answer.bodyAsText ?? '');
      return answer;
    },
  };
  const once = line === undefined ? {} : { retryOptions: { maxRetries: 0 } };
  return { ...once, additionalPolicies: [{ position: 'perCall', policy }] };
}

/** Connects from the place to one address, whatever the name. */
function agentTo(address: string, place: typeof office, ca: string): Agent {
  return new Agent({
    keepAlive: true,
    localAddress: place.local,
    ca,
    lookup: (_host, { all }, found) => {
      if (all === true) found(null, [{ address, family: 4 }]);
      else found(null, address, 4);
    },
  });
}
