/** The words of a service in the body of a refusal. */
export interface ErrorBody {
  readonly code?: string;
  /** `ForbiddenByFirewall`, `ForbiddenByPolicy` and the like, where a vault says which. */
  readonly innerCode?: string;
  /** The server's own sentence. */
  readonly message?: string;
}

/** Reads the body of a refusal. Whatever answers in the server's place may send anything: then it says nothing. */
export function readErrorBody(body: string): ErrorBody {
  const error = memberOf(parsed(body), 'error');
  const [code, message] = [memberOf(error, 'code'), memberOf(error, 'message')];
  const innerCode = memberOf(memberOf(error, 'innererror'), 'code');
  return {
    ...(typeof code === 'string' && { code }),
    ...(typeof innerCode === 'string' && { innerCode }),
    ...(typeof message === 'string' && { message }),
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? new Map<string, unknown>(Object.entries(value)).get(name)
    : undefined;
}
