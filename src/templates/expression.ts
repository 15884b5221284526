import { refuse } from './refusal.ts';

/** A parsed expression of the template language ("Syntax and expressions in ARM templates"). */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  /** `.name`, and `.?name`, which is null if the member does not exist. */
  | { readonly kind: 'member'; readonly of: Expression; readonly name: string; readonly safe: boolean }
  /** `[index]`, and `[?index]`. */
  | { readonly kind: 'index'; readonly of: Expression; readonly by: Expression; readonly safe: boolean };

/** Azure's limit ("Template limits"). */
export const expressionLengthMax = 24_576;

/** The deepest nesting of calls. Azure states no limit, but the parser must not run out of stack. */
const nestingMax = 120;

/** Whether a string of a template is an expression, rather than a string that begins with an escaped bracket. */
export function isExpression(source: string): boolean {
  return source.startsWith('[') && source.endsWith(']') && !source.startsWith('[[');
}

/** A string that is not an expression, with the escape `[[…]` reduced to `[…]`. */
export function unescapeLiteral(source: string): string {
  return source.startsWith('[[') && source.endsWith(']') ? source.slice(1) : source;
}

interface Cursor {
  readonly source: string;
  at: number;
  depth: number;
}

/**
 * Parses a string for which `isExpression` is true.
 * @throws {TemplateRefused}
 */
export function parseExpression(source: string): Expression {
  if (source.length > expressionLengthMax) {
    refuse(
      `The template language expression has ${source.length} characters; at most ${expressionLengthMax} are allowed.`,
    );
  }
  const cursor: Cursor = { source: source.slice(1, -1), at: 0, depth: 0 };
  const expression = readPostfixed(cursor);
  skipSpace(cursor);
  if (cursor.at < cursor.source.length) unexpected(cursor);
  return expression;
}

/** The source of an expression, which parses to the same expression. */
export function printExpression(expression: Expression): string {
  return `[${print(expression)}]`;
}

function print(expression: Expression): string {
  if (expression.kind === 'literal') {
    return typeof expression.value === 'number' ? String(expression.value) : quote(expression.value);
  }
  if (expression.kind === 'call') return `${expression.name}(${expression.arguments.map(print).join(', ')})`;
  const safe = expression.safe ? '?' : '';
  if (expression.kind === 'index') return `${print(expression.of)}[${safe}${print(expression.by)}]`;
  return `${print(expression.of)}.${safe}${expression.name}`;
}

function quote(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function readPostfixed(cursor: Cursor): Expression {
  cursor.depth += 1;
  if (cursor.depth > nestingMax) refuse(`The template language expression is nested more than ${nestingMax} deep.`);
  let expression = readPrimary(cursor);
  for (let links = 0; ; links += 1) {
    if (links > nestingMax) refuse(`The template language expression has more than ${nestingMax} accessors in a row.`);
    skipSpace(cursor);
    if (take(cursor, '.')) {
      const safe = take(cursor, '?');
      expression = { kind: 'member', of: expression, name: readIdentifier(cursor), safe };
    } else if (take(cursor, '[')) {
      const safe = take(cursor, '?');
      const by = readPostfixed(cursor);
      expect(cursor, ']');
      expression = { kind: 'index', of: expression, by, safe };
    } else {
      cursor.depth -= 1;
      return expression;
    }
  }
}

function readPrimary(cursor: Cursor): Expression {
  skipSpace(cursor);
  const next = cursor.source[cursor.at] ?? '';
  if (next === "'") return { kind: 'literal', value: readString(cursor) };
  if (next === '-' || (next >= '0' && next <= '9')) return { kind: 'literal', value: readNumber(cursor) };
  let name = readIdentifier(cursor);
  skipSpace(cursor);
  // A user-defined function has a namespace.
  if (take(cursor, '.')) name = `${name}.${readIdentifier(cursor)}`;
  skipSpace(cursor);
  expect(cursor, '(');
  return { kind: 'call', name, arguments: readArguments(cursor) };
}

function readArguments(cursor: Cursor): readonly Expression[] {
  const found: Expression[] = [];
  skipSpace(cursor);
  if (take(cursor, ')')) return found;
  for (;;) {
    found.push(readPostfixed(cursor));
    skipSpace(cursor);
    if (take(cursor, ')')) return found;
    expect(cursor, ',');
  }
}

/** A quote inside a string is doubled. */
function readString(cursor: Cursor): string {
  const { source } = cursor;
  let value = '';
  for (let from = cursor.at + 1; ;) {
    const end = source.indexOf("'", from);
    if (end === -1)
      refuse(
        `The string that begins at position '${cursor.at}' of the expression '${shown(source)}' is not terminated.`,
      );
    value += source.slice(from, end);
    if (source[end + 1] !== "'") {
      cursor.at = end + 1;
      return value;
    }
    value += "'";
    from = end + 2;
  }
}

function readNumber(cursor: Cursor): number {
  const digits = /^-?\d+/.exec(cursor.source.slice(cursor.at, cursor.at + 24))?.[0];
  const value = Number(digits);
  if (digits === undefined || !Number.isSafeInteger(value)) unexpected(cursor);
  cursor.at += digits.length;
  // The language has no negative zero.
  return value === 0 ? 0 : value;
}

function readIdentifier(cursor: Cursor): string {
  skipSpace(cursor);
  const rest = cursor.source.slice(cursor.at, cursor.at + 256);
  const name = /^[A-Za-z_$#][\w$#-]*/.exec(rest)?.[0];
  if (name === undefined) unexpected(cursor);
  cursor.at += name.length;
  return name;
}

function skipSpace(cursor: Cursor): void {
  while (isSpace(cursor.source.charCodeAt(cursor.at))) cursor.at += 1;
}

/** A fast path, because this is called for almost every token and most begin with printable ASCII. */
function isSpace(code: number): boolean {
  if (code > 0x20 && code < 0x7f) return false;
  return /\s/.test(String.fromCharCode(code));
}

function take(cursor: Cursor, sign: string): boolean {
  if (cursor.source[cursor.at] !== sign) return false;
  cursor.at += 1;
  return true;
}

function expect(cursor: Cursor, sign: string): void {
  skipSpace(cursor);
  if (!take(cursor, sign)) unexpected(cursor);
}

function unexpected({ source, at }: Cursor): never {
  const found = source[at];
  const what = found === undefined ? 'ends too early' : `has an unexpected '${found}' at position '${at}'`;
  return refuse(
    `The template language expression '${shown(source)}' is not valid: it ${what}. Please see https://aka.ms/arm-template-expressions for usage details.`,
  );
}

function shown(source: string): string {
  return source.length > 200 ? `${source.slice(0, 200)}…` : source;
}
