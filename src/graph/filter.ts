/** What an object shows of a property to a filter. */
export type Value = string | boolean | null | undefined | readonly string[];

/** A `$filter` (OData URL Conventions 4.01 section 5.1.1), as far as az and Az PowerShell write one. */
export type Filter =
  | { readonly op: 'and'; readonly terms: readonly Filter[] }
  | { readonly op: 'or'; readonly terms: readonly Filter[] }
  | { readonly op: 'not'; readonly term: Filter }
  | { readonly op: 'eq' | 'startswith' | 'any'; readonly property: string; readonly value: string | boolean | null };

export type FilterAnswer =
  { readonly ok: true; readonly filter: Filter } | { readonly ok: false; readonly rule: string };

/** A filter is a line, and nobody's to nest. */
const lengthMax = 2048;
const depthMax = 16;

class Unparsable extends Error {
  override readonly name = 'Unparsable';
}

/** Reads a filter over these properties. */
export function parseFilter(text: string, properties: readonly string[]): FilterAnswer {
  if (text.length > lengthMax) return { ok: false, rule: `it is longer than ${lengthMax} characters` };
  try {
    const parser = new Parser(tokensOf(text), properties);
    return { ok: true, filter: parser.whole() };
  } catch (error) {
    if (error instanceof Unparsable) return { ok: false, rule: error.message };
    throw error;
  }
}

/** Whether an object with these properties is meant. Texts are compared without regard to case, as Graph does. */
export function matchesFilter(filter: Filter, read: (property: string) => Value): boolean {
  if (filter.op === 'and' || filter.op === 'or') {
    const meant = (term: Filter) => matchesFilter(term, read);
    return filter.op === 'and' ? filter.terms.every(meant) : filter.terms.some(meant);
  }
  if (filter.op === 'not') return !matchesFilter(filter.term, read);
  const found = read(filter.property);
  const wanted = folded(filter.value);
  if (filter.op === 'any') return isList(found) && found.some((item) => folded(item) === wanted);
  if (isList(found)) return false;
  if (filter.op === 'eq') return folded(found ?? null) === wanted;
  return typeof found === 'string' && typeof wanted === 'string' && found.toLowerCase().startsWith(wanted);
}

/** The values that some property must have for the filter to hold: one of them is in every object that it means. */
export function requiredValues(filter: Filter, properties: readonly string[]): readonly string[] | undefined {
  if (filter.op === 'and') {
    return filter.terms.map((term) => requiredValues(term, properties)).find((values) => values !== undefined);
  }
  if (filter.op === 'or') {
    const each = filter.terms.map((term) => requiredValues(term, properties));
    return each.every((values) => values !== undefined) ? each.flatMap((values) => values ?? []) : undefined;
  }
  if (filter.op !== 'eq' && filter.op !== 'any') return undefined;
  return properties.includes(filter.property) && typeof filter.value === 'string' ? [filter.value] : undefined;
}

function folded(value: string | boolean | null): string | boolean | null {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function isList(value: Value): value is readonly string[] {
  return Array.isArray(value);
}

type Token = { readonly text: string; readonly literal: boolean };

/** A literal in quotes, in which two stand for one; a name, also below another; a bracket, comma or colon. */
const tokenPattern = /\s*(?:'((?:[^']|'')*)'|([\w./-]+)|([(),:]))/y;

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.trimEnd().length) {
    const at = tokenPattern.lastIndex;
    const found = tokenPattern.exec(text);
    if (found === null) throw new Unparsable(`it cannot be read from '${text.slice(at, at + 20)}' on`);
    const [, literal, name, mark] = found;
    tokens.push(
      literal === undefined
        ? { text: name ?? mark ?? '', literal: false }
        : { text: literal.replaceAll("''", "'"), literal: true },
    );
  }
  return tokens;
}

/** By recursive descent: `or` binds less than `and`, and that less than `not`. */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #properties: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], properties: readonly string[]) {
    this.#tokens = tokens;
    this.#properties = properties;
  }

  whole(): Filter {
    const filter = this.#or();
    const left = this.#tokens[this.#at];
    if (left !== undefined) throw new Unparsable(`'${left.text}' was not expected`);
    return filter;
  }

  #or(): Filter {
    this.#depth += 1;
    if (this.#depth > depthMax) throw new Unparsable('it is nested too deep');
    const terms = [this.#and()];
    while (this.#take('or')) terms.push(this.#and());
    this.#depth -= 1;
    return one(terms) ?? { op: 'or', terms };
  }

  #and(): Filter {
    const terms = [this.#term()];
    while (this.#take('and')) terms.push(this.#term());
    return one(terms) ?? { op: 'and', terms };
  }

  #term(): Filter {
    if (this.#take('not')) return { op: 'not', term: this.#term() };
    if (this.#take('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    const name = this.#word();
    if (name.toLowerCase() === 'startswith') return this.#startswith();
    if (name.endsWith('/any')) return this.#any(this.#property(name.slice(0, -'/any'.length)));
    const property = this.#property(name);
    if (this.#take('eq')) return { op: 'eq', property, value: this.#value() };
    if (this.#take('ne')) return { op: 'not', term: { op: 'eq', property, value: this.#value() } };
    if (this.#take('in')) return this.#in(property);
    throw new Unparsable(`after '${name}' only eq, ne and in are supported`);
  }

  #startswith(): Filter {
    this.#expect('(');
    const property = this.#property(this.#word());
    this.#expect(',');
    const value = this.#value();
    this.#expect(')');
    return { op: 'startswith', property, value };
  }

  /** `any(c:c eq 'x')`, by whatever name the item goes. */
  #any(property: string): Filter {
    this.#expect('(');
    const item = this.#word();
    this.#expect(':');
    if (this.#word() !== item) throw new Unparsable(`any(${item}:…) must compare ${item} itself`);
    this.#expect('eq');
    const value = this.#value();
    this.#expect(')');
    return { op: 'any', property, value };
  }

  #in(property: string): Filter {
    this.#expect('(');
    const terms: Filter[] = [{ op: 'eq', property, value: this.#value() }];
    while (this.#take(',')) terms.push({ op: 'eq', property, value: this.#value() });
    this.#expect(')');
    return { op: 'or', terms };
  }

  #property(name: string): string {
    const known = this.#properties.find((property) => property.toLowerCase() === name.toLowerCase());
    if (known !== undefined) return known;
    throw new Unparsable(`'${name}' is none of the properties that can be asked for: ${this.#properties.join(', ')}`);
  }

  #value(): string | boolean | null {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    if (token?.literal === true) return token.text;
    const bare = { true: true, false: false, null: null } as const;
    if (token?.text === 'true' || token?.text === 'false' || token?.text === 'null') return bare[token.text];
    throw new Unparsable(`'${token?.text ?? 'its end'}' is no value: write texts in single quotes`);
  }

  #word(): string {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    if (token === undefined || token.literal)
      throw new Unparsable(`a name was expected, not ${token === undefined ? 'its end' : 'a text'}`);
    return token.text;
  }

  #take(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.literal || token.text.toLowerCase() !== text) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text))
      throw new Unparsable(`'${text}' was expected, not '${this.#tokens[this.#at]?.text ?? 'its end'}'`);
  }
}

function one(terms: readonly Filter[]): Filter | undefined {
  return terms.length === 1 ? terms[0] : undefined;
}
