import { parseJsonBody } from '../../http/request.ts';
import { bodyBounds, endOfString } from '../../json/bounded-json.ts';
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
    return strict;
  }
  const at = templateAt(text);
  if (at === undefined || !text.endsWith('}}')) return strict;
  const template = withoutComments(text.slice(at + member.length, -2));
  return parseJsonBody(Buffer.from(`${text.slice(0, at)}, "template":${template}}}`));
}

const member = ', template:';

/** Where the member without quotes begins: outside strings, directly in an object that is directly in the body. */
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

/** A template file's text as JSON: without the comments that it may have, and with the line breaks in its strings escaped. */
function withoutComments(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    // What holds so much is refused as it is.
    if (parts.length > partsMax) return text;
    if (text[at] === '"') {
      const end = endOfString(text, at) + 1;
      parts.push(text.slice(at, end).replaceAll('\r', '\\r').replaceAll('\n', '\\n'));
      at = end;
    } else if (text.startsWith('//', at)) {
      at = positionOf(text, '\n', at);
    } else if (text.startsWith('/*', at)) {
      at = positionOf(text, '*/', at + 2) + 2;
    } else {
      // What lies between strings and comments in one piece: a piece for each character would be millions.
      plain.lastIndex = at + 1;
      const end = plain.exec(text)?.index ?? text.length;
      parts.push(text.slice(at, end));
      at = end;
    }
  }
  return parts.join('');
}

/** Where a string or a comment begins. */
const plain = /"|\/[/*]/g;

/** Strings, and what lies between them: for each value and each name that a body may have, one of each. */
const partsMax = 2 * (bodyBounds.values + bodyBounds.members);

function positionOf(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at === -1 ? text.length : at;
}
