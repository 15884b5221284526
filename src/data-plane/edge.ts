import type { IncomingHttpHeaders } from 'node:http';
import type { Done, Edge, Failed } from '../edge/edge.ts';
import { Refused, refusalOf } from '../edge/refused.ts';
import type { Answer } from '../http/answer.ts';
import { memberOf } from '../http/parameters.ts';
import { bearerToken } from '../http/request.ts';
import type { CertificateFileReader } from '../objects/certificates/import.ts';
import { newVersion, vaultScope } from '../objects/object.ts';
import type { Reading } from '../store/reading.ts';
import type { KeyEngine } from '../types/key.ts';
import { renderError } from './errors.ts';
import { challengeHeader } from './headers.ts';
import type { Call } from './operation.ts';
import { steps } from './pipeline.ts';
import type { AdmissionParts, Admitted, Exchange } from './pipeline.ts';
import { readLineOf, recordOf } from './record.ts';
import type { Refusal } from './refusal.ts';
import { originOf } from './request.ts';
import type { VaultRequest } from './request.ts';
import { transactionOf } from './throttle.ts';
import { whileConnected } from './while-connected.ts';

/** As much of a token's header as a refusal gives back. */
const encodedTokenHeaderMax = 512;

export interface VaultParts extends AdmissionParts {
  readonly engine: KeyEngine;
  readonly certificateFiles: CertificateFileReader;
  /** How long a deletion or a recovery of an object takes. */
  readonly transitionMs: number;
  /** How long the issuer of a certificate takes. */
  readonly issueMs: number;
  /** The `iss` values that a vault of this tenant accepts. */
  readonly acceptedIssuers: (tenant: string) => readonly string[];
}

/** The vaults: `https://NAME.vault.<domain>`. */
export const vaultEdge: Edge<VaultRequest, VaultParts, Omit<Admitted, 'request'>> = {
  steps,
  requirements: ({ place }) => place?.require ?? [],
  work,
  failed,
  async renew(key, { request, vault }, { rulebook }) {
    if (key === vault?.requirement.key) await rulebook.load(request.vaultName);
    else await rulebook.changed([key]);
  },
  over: ({ inOrder }) => inOrder?.leave(),
};

/** The operation, counted before it is run; its record and its change. */
function* work(admitted: Admitted, parts: VaultParts): Reading<Done> {
  const { operation, charge } = admitted;
  const call = callOf(admitted, parts);
  if (charge?.isCounted === false) {
    const makes = operation.makes === undefined ? undefined : yield* operation.makes(call);
    refuseIf(charge.take(transactionOf(operation.counts, makes), parts.now()));
  }
  const outcome = yield* operation.run(call);
  if (!outcome.ok) {
    // "Failed requests that return a 429 do not count" (overview-throttling), whatever they are refused for.
    if (outcome.refusal.kind === 'throttled') charge?.giveBack();
    throw new Refused<Refusal>(outcome.refusal);
  }
  refuseIf(charge?.takeForKey(outcome.audit?.['keyProperties'], parts.now()));
  const { value: answer, change, audit: properties, objectId = answeredId(answer.body) } = outcome;
  const nowMs = parts.now();
  if (change === undefined && answer.status === 200) {
    return { answer, records: [], line: readLineOf(admitted, { nowMs, objectId, properties }) };
  }
  const record = recordOf(admitted, { status: answer.status, nowMs, properties, objectId });
  return { answer, records: [record], ...(change !== undefined && { change }) };
}

function refuseIf(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw new Refused<Refusal>(refusal);
}

function callOf({ request, vault, place, apiVersion, query, body }: Admitted, parts: VaultParts): Call {
  const { transitionMs, engine, certificateFiles, issueMs } = parts;
  const nowMs = parts.now();
  return {
    vault: vaultScope(vault, { transitionMs, nowMs, require: place.require }),
    engine,
    certificateFiles,
    whileConnected: <T>(run: (gone: AbortSignal) => Promise<T>) => whileConnected(request.raw.socket, run),
    issueMs,
    origin: originOf(request),
    apiVersion,
    params: request.params,
    query,
    body,
    nowSeconds: Math.floor(nowMs / 1000),
    newVersion,
  };
}

/** The version that was disclosed or made, which a path need not name: the `id` of a bundle, of a key its `key.kid`. */
function answeredId(body: unknown): string | undefined {
  const id = memberOf(body, 'id') ?? memberOf(memberOf(body, 'key'), 'kid');
  return typeof id === 'string' ? id : undefined;
}

function failed(error: unknown, exchange: Exchange, parts: VaultParts): Failed {
  const { request, vault, caller } = exchange;
  const refusal = refusalOf<Refusal>(error);
  const { status, message, body } = renderError(refusal, {
    source: request.source,
    vault,
    caller,
    origin: originOf(request),
    encodedTokenHeader: encodedTokenHeader(request.headers),
    acceptedIssuers: parts.acceptedIssuers(vault?.properties.tenantId ?? ''),
  });
  const headers = refusalHeaders(refusal, exchange, status);
  const answer: Answer = { status, body, ...(headers !== undefined && { headers }) };
  return { answer, records: [recordOf(exchange, { status, message, nowMs: parts.now() })], caller };
}

function refusalHeaders(refusal: Refusal, { request, vault }: Exchange, status: number) {
  if (status === 401 && vault !== undefined) return challengeHeader(request, vault);
  if (refusal.kind === 'throttled') return { 'retry-after': String(refusal.retryAfterSeconds) };
  // RFC 9110 section 15.5.6.
  if (refusal.kind === 'methodNotAllowed') return { allow: refusal.allowed.join(', ') };
  return undefined;
}

function encodedTokenHeader(headers: IncomingHttpHeaders): string {
  const [header = ''] = bearerToken(headers)?.split('.', 1) ?? [];
  return header.slice(0, encodedTokenHeaderMax);
}
