import { conjuncts, parseFilter } from '../../edge/filter.ts';
import type { Filter as Term } from '../../edge/filter.ts';

/** The clauses of a `$filter`: the quoted string of each, by its form. */
export type Filter = ReadonlyMap<string, string>;

/**
 * Reads a `$filter` of clauses joined by `and`, each in one of `forms`, such as `atScope()`, `principalId eq '…'` or
 * `assignedTo('…')`. Case does not matter.
 */
export function readFilter(
  filter: string | undefined,
  forms: readonly string[],
): { readonly ok: true; readonly filter: Filter } | { readonly ok: false; readonly message: string } {
  const text = (filter ?? '').trim();
  if (text === '') return { ok: true, filter: new Map() };
  const calls = forms.filter((form) => form.includes('('));
  const parsed = parseFilter(text, {
    properties: forms.filter((form) => form.endsWith(comparison)).map((form) => form.slice(0, -comparison.length)),
    operators: [],
    functions: Object.fromEntries(
      calls.map((form) => [form.slice(0, form.indexOf('(')), form.includes("'…'") ? 'with value' : 'without']),
    ),
  });
  const clauses = parsed.ok ? conjuncts(parsed.filter).map(clauseOf) : [];
  if (parsed.ok && clauses.every((clause) => clause !== undefined)) return { ok: true, filter: new Map(clauses) };
  const rest = parsed.ok ? text : text.slice(parsed.at);
  return {
    ok: false,
    message: `$filter has '${rest.slice(0, 200)}'; supported are ${forms.join(', ')}, joined by and.`,
  };
}

const comparison = " eq '…'";

/** The form of a clause, and its quoted string. */
function clauseOf(term: Term): readonly [form: string, text: string] | undefined {
  if (term.op === 'function' && term.value === undefined) return [`${term.name}()`, ''];
  if (!('value' in term) || typeof term.value !== 'string') return undefined;
  return [
    term.op === 'function' ? `${term.name}('…')` : `${'property' in term ? term.property : ''}${comparison}`,
    term.value,
  ];
}
