/** A member of a request's path or query parameters, as the router parsed them: one that is given twice is a list. */
export function memberOf(parameters: unknown, name: string): unknown {
  return isObject(parameters) ? parameters[name] : undefined;
}

/** The parameters by name, or the name of one that is given more than once: none of ours means anything twice. */
export function textsOf(
  parameters: unknown,
):
  | { readonly ok: true; readonly texts: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly twice: string } {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(isObject(parameters) ? parameters : {})) {
    if (typeof value !== 'string') return { ok: false, twice: name };
    texts[name] = value;
  }
  return { ok: true, texts };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
