import { parseJsonBody } from '../../http/request.ts';
import type { ParsedBody } from '../operation.ts';

/**
 * The body of a deployment's request. Beside JSON one form is read: that in which the Azure CLI sends a template file as it
 * is, so that its comments and line breaks survive: a JSON object whose last member of `properties` is `template:`,
 * without quotes, followed by the text of the file.
 */
export function parseDeploymentBody(body: unknown): ParsedBody {
  const strict = parseJsonBody(body);
  if (strict.ok || !Buffer.isBuffer(body)) return strict;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return { ok: false };
  }
  const at = templateAt(text);
  if (at === undefined || !text.endsWith('}}')) return { ok: false };
  const template = withoutComments(text.slice(at + member.length, -2));
  return parseJsonBody(Buffer.from(`${text.slice(0, at)}, "template":${template}}}`));
}

const member = ', template:';

/** Where the member without quotes stands: outside strings, directly in an object that is directly in the body. */
function templateAt(text: string): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') at = endOfString(text, at);
    else if (sign === '{' || sign === '[') depth += 1;
    else if (sign === '}' || sign === ']') depth -= 1;
    else if (sign === ',' && depth === 2 && text.startsWith(member, at)) return at;
  }
  return undefined;
}

/** The position of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

/** A template file's text as JSON: without the comments that it may have, and with the line breaks in its strings escaped. */
function withoutComments(text: string): string {
  let json = '';
  for (let at = 0; at < text.length;) {
    if (text[at] === '"') {
      const end = endOfString(text, at) + 1;
      json += text.slice(at, end).replaceAll('\r', '\\r').replaceAll('\n', '\\n');
      at = end;
    } else if (text.startsWith('//', at)) {
      at = positionOf(text, '\n', at);
    } else if (text.startsWith('/*', at)) {
      at = positionOf(text, '*/', at + 2) + 2;
    } else {
      json += text[at] ?? '';
      at += 1;
    }
  }
  return json;
}

function positionOf(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at === -1 ? text.length : at;
}
