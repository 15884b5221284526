import { isRestError } from '@azure/core-rest-pipeline';
import { refusalOf } from './address.ts';
import type { Postern } from './postern.ts';
import type { Clients } from './vault.ts';

/** The cells of a lesson: each shows one thing about the trust in its service. */
export type CellName =
  'option on' | 'option off' | 'no permission' | 'outside the scenario' | 'forged' | 'network disabled';

/** The outcome of one request. */
export interface Outcome {
  readonly cell: CellName;
  /** The caller and its request, in words. */
  readonly title: string;
  /** The result that the document leads one to expect, as `inWords` has it. */
  readonly expected: string;
  readonly operation: string;
  readonly status: number;
  /** The error's code, the inner one where there is one. */
  readonly code?: string;
  readonly message?: string;
  /** The client's id for the request, which is also in the record. */
  readonly requestId: string;
  /** From the record of the audit log. */
  readonly address: string;
  readonly because?: string;
  readonly trustedService?: string;
}

/** A request to the vault, by the official clients. */
export type Call = (clients: Clients) => Promise<unknown>;

/** Sends the request, and joins the answer that the caller saw with the record in the log. */
export async function outcomeOf(
  postern: Postern,
  clients: Clients,
  { call, ...asked }: Pick<Outcome, 'cell' | 'title' | 'expected'> & { readonly call: Call },
): Promise<Outcome> {
  const answer = await answerTo(() => call(clients));
  const requestId = clients.lastRequest();
  const { operationName, callerIpAddress, properties } = postern.recordOf(requestId);
  return {
    ...asked,
    operation: operationName,
    ...answer,
    requestId,
    address: callerIpAddress,
    ...(properties.verdict === undefined ? {} : { because: properties.verdict.because }),
    ...(properties.trustedService === undefined ? {} : { trustedService: properties.trustedService }),
  };
}

/** The vault's answer, as the official client reports it. @throws {Error} the client's own, if the vault did not answer */
export async function answerTo(call: () => Promise<unknown>): Promise<Pick<Outcome, 'status' | 'code' | 'message'>> {
  try {
    await call();
    return { status: 200 };
  } catch (error) {
    if (!isRestError(error) || error.statusCode === undefined) throw error;
    const refused: Refused = error.details ?? JSON.parse(refusalOf(error.request) || '{}');
    const code = innerCode(refused) ?? error.code;
    const message = refused.error?.message ?? error.message;
    return { status: error.statusCode, ...(code === undefined ? {} : { code }), message };
  }
}

/** The body of a refusal. */
interface Refused {
  readonly error?: {
    readonly message?: string;
    /** Azure's vaults say more here. Newer clients call it `innerError`. */
    readonly innererror?: { readonly code?: string };
    readonly innerError?: { readonly code?: string };
  };
}

function innerCode({ error }: Refused): string | undefined {
  return (error?.innererror ?? error?.innerError)?.code;
}

/** The result in a few words: `200`, or `403 ForbiddenByFirewall`. */
export function inWords({ status, code }: Pick<Outcome, 'status' | 'code'>): string {
  return code === undefined ? String(status) : `${status} ${code}`;
}
