/** What a `$filter` asks for: by the form of a clause, the text in it. */
export type Filter = ReadonlyMap<string, string>;

/**
 * Reads an OData `$filter` of clauses joined by `and`, each of one of the forms: `atScope()`, `principalId eq '…'`,
 * `assignedTo('…')`, in any case. A quote within a text is doubled (OData 4.01, "Primitive Literals"). What is of no
 * form is refused, for a filter that is not looked at shows more than was asked for.
 */
export function readFilter(
  filter: string | undefined,
  forms: readonly string[],
): { readonly ok: true; readonly filter: Filter } | { readonly ok: false; readonly message: string } {
  const patterns = forms.map((form) => [form, patternOf(form)] as const);
  const found = new Map<string, string>();
  for (let rest = (filter ?? '').trim(); rest !== '';) {
    const [form, match] = patterns.map(([name, pattern]) => [name, pattern.exec(rest)] as const).find(matched) ?? [];
    if (form === undefined || match === undefined || match === null) {
      const message = `$filter has '${rest.slice(0, 200)}'; supported are ${forms.join(', ')}, joined by and.`;
      return { ok: false, message };
    }
    found.set(form, (match[1] ?? '').replaceAll("''", "'"));
    rest = rest.slice(match[0].length);
  }
  return { ok: true, filter: found };
}

/** A clause at the beginning, with the `and` after it if another one follows. */
function patternOf(form: string): RegExp {
  const clause = form.replace(/[()]/g, '\\$&').replace("'…'", "'((?:[^']|'')*)'");
  return new RegExp(`^${clause}(?: +and +(?=\\S)|$)`, 'i');
}

function matched([, match]: readonly [string, RegExpExecArray | null]): boolean {
  return match !== null;
}
