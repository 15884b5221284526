/** A `$filter` (OData URL Conventions 4.01 section 5.1.1), with the forms that clients of the edges write. */
export type Filter =
  | { readonly op: 'and'; readonly terms: readonly Filter[] }
  | { readonly op: 'or'; readonly terms: readonly Filter[] }
  | { readonly op: 'not'; readonly term: Filter }
  | { readonly op: Comparison; readonly property: string; readonly value: FilterValue }
  /** `atScope()`, `assignedTo('…')`: a function that the edge defines. */
  | { readonly op: 'function'; readonly name: string; readonly value: FilterValue | undefined };

export type FilterValue = string | boolean | null;
type Comparison = 'eq' | 'startswith' | 'substringof' | 'any';

/** The forms that an edge supports besides `eq`, `and` and literals. Names are compared without regard to case. */
export interface FilterLanguage {
  readonly properties: readonly string[];
  readonly operators: readonly ('or' | 'not' | '(' | 'ne' | 'in' | 'startswith' | 'substringof' | 'any')[];
  /** The edge's own functions, by name, and whether each takes a value. */
  readonly functions?: Readonly<Record<string, 'with value' | 'without'>>;
}

export type FilterAnswer =
  | { readonly ok: true; readonly filter: Filter }
  /** `at`: the position of the term that cannot be read. */
  | { readonly ok: false; readonly rule: string; readonly at: number };

/** The filters of real clients fit on a line, and are hardly nested. */
const lengthMax = 2048;
const depthMax = 16;

class Unparsable extends Error {
  override readonly name = 'Unparsable';
  readonly at: number | undefined;

  constructor(rule: string, at?: number) {
    super(rule);
    this.at = at;
  }
}

/** Parses a filter. Anything that is not in `language` is refused: an ignored condition would show too much. */
export function parseFilter(text: string, language: FilterLanguage): FilterAnswer {
  if (text.length > lengthMax) return { ok: false, rule: `it is longer than ${lengthMax} characters`, at: 0 };
  let parser: Parser | undefined;
  try {
    parser = new Parser(tokensOf(text), language);
    return { ok: true, filter: parser.whole() };
  } catch (error) {
    if (error instanceof Unparsable) return { ok: false, rule: error.message, at: error.at ?? parser?.termAt ?? 0 };
    throw error;
  }
}

/** The terms of a filter that are joined by `and`, and so must all hold. */
export function conjuncts(filter: Filter): readonly Filter[] {
  return filter.op === 'and' ? filter.terms.flatMap(conjuncts) : [filter];
}

interface Token {
  readonly text: string;
  readonly literal: boolean;
  readonly at: number;
}

/** A literal in single quotes, in which two quotes mean one; a name, perhaps with a path; or a bracket, comma or colon. */
const tokenPattern = /\s*(?:'((?:[^']|'')*)'|([\w./-]+)|([(),:]))/y;

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < end) {
    const at = tokenPattern.lastIndex;
    const found = tokenPattern.exec(text);
    if (found === null) throw new Unparsable(`it cannot be read from '${text.slice(at, at + 20)}' on`, at);
    const [whole, literal, name, mark] = found;
    const start = at + whole.length - whole.trimStart().length;
    tokens.push(
      literal === undefined
        ? { text: name ?? mark ?? '', literal: false, at: start }
        : { text: literal.replaceAll("''", "'"), literal: true, at: start },
    );
  }
  return tokens;
}

/** Parses by recursive descent: `not` binds tighter than `and`, and `and` tighter than `or`. */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #language: FilterLanguage;
  #at = 0;
  #depth = 0;
  /** The position of the term that is being read. */
  termAt = 0;

  constructor(tokens: readonly Token[], language: FilterLanguage) {
    this.#tokens = tokens;
    this.#language = language;
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
    while (this.#has('or') && this.#take('or')) terms.push(this.#and());
    this.#depth -= 1;
    return one(terms) ?? { op: 'or', terms };
  }

  #and(): Filter {
    const terms = [this.#term()];
    while (this.#take('and')) terms.push(this.#term());
    return one(terms) ?? { op: 'and', terms };
  }

  #term(): Filter {
    this.termAt = this.#tokens[this.#at]?.at ?? this.termAt;
    if (this.#has('not') && this.#take('not')) return this.#nested(() => ({ op: 'not', term: this.#term() }));
    if (this.#has('(') && this.#take('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    const name = this.#word();
    const lower = name.toLowerCase();
    if (lower === 'startswith' && this.#has(lower)) return this.#startswith();
    if (lower === 'substringof' && this.#has(lower)) return this.#substringof();
    if (lower.endsWith('/any') && this.#has('any')) return this.#any(this.#property(name.slice(0, -'/any'.length)));
    return this.#function(lower) ?? this.#comparison(name);
  }

  #comparison(name: string): Filter {
    const property = this.#property(name);
    if (this.#take('eq')) return { op: 'eq', property, value: this.#value() };
    if (this.#has('ne') && this.#take('ne')) {
      return { op: 'not', term: { op: 'eq', property, value: this.#value() } };
    }
    if (this.#has('in') && this.#take('in')) return this.#in(property);
    const others = (['ne', 'in'] as const).filter((operator) => this.#has(operator));
    const supported = ['eq', ...others].join(', ').replace(/, (\w+)$/, ' and $1');
    throw new Unparsable(`after '${name}' only ${supported} ${others.length > 0 ? 'are' : 'is'} supported`);
  }

  #startswith(): Filter {
    this.#expect('(');
    const property = this.#property(this.#word());
    this.#expect(',');
    const value = this.#value();
    this.#expect(')');
    return { op: 'startswith', property, value };
  }

  /** The value comes first (OData 3.0). */
  #substringof(): Filter {
    this.#expect('(');
    const value = this.#value();
    this.#expect(',');
    const property = this.#property(this.#word());
    this.#expect(')');
    return { op: 'substringof', property, value };
  }

  /** `any(c:c eq 'x')`. The item may have any name. */
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

  #function(lower: string): Filter | undefined {
    const { functions = {} } = this.#language;
    const name = Object.keys(functions).find((known) => known.toLowerCase() === lower);
    if (name === undefined) return undefined;
    this.#expect('(');
    const value = functions[name] === 'with value' ? this.#value() : undefined;
    this.#expect(')');
    return { op: 'function', name, value };
  }

  #property(name: string): string {
    const { properties } = this.#language;
    const known = properties.find((property) => property.toLowerCase() === name.toLowerCase());
    if (known !== undefined) return known;
    throw new Unparsable(`'${name}' is not a property that can be filtered: ${properties.join(', ')}`);
  }

  #value(): FilterValue {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    if (token?.literal === true) return token.text;
    const bare = { true: true, false: false, null: null } as const;
    if (token?.text === 'true' || token?.text === 'false' || token?.text === 'null') return bare[token.text];
    throw new Unparsable(`'${token?.text ?? 'its end'}' is not a value: write strings in single quotes`);
  }

  #word(): string {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    if (token === undefined || token.literal)
      throw new Unparsable(`a name was expected, not ${token === undefined ? 'its end' : 'a string'}`);
    return token.text;
  }

  #nested(read: () => Filter): Filter {
    this.#depth += 1;
    if (this.#depth > depthMax) throw new Unparsable('it is nested too deep');
    const filter = read();
    this.#depth -= 1;
    return filter;
  }

  #has(operator: FilterLanguage['operators'][number]): boolean {
    return this.#language.operators.includes(operator);
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
