import { parseJsonBody } from '../../http/request.ts';
import { bodyBounds, endOfString } from '../../json/bounded-json.ts';
import type { ParsedBody } from '../operation.ts';

/**
 * Parses the body of a deployment. Besides JSON, it accepts the form in which the Azure CLI sends a template file
 * unchanged, with its comments and line breaks: a JSON object whose last member of `properties` is `template:`, without
 * quotes, followed by the contents of the file.
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

/** The position of the member without quotes: outside strings, directly in an object that is directly in the body. */
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

/** A template file as JSON: without its comments, and with the line breaks in its strings escaped. */
function withoutComments(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    // A body with so many parts is refused anyway.
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
      // One part for everything between strings and comments: a part for each character would be millions.
      plain.lastIndex = at + 1;
      const end = plain.exec(text)?.index ?? text.length;
      parts.push(text.slice(at, end));
      at = end;
    }
  }
  return parts.join('');
}

/** The beginning of a string or a comment. */
const plain = /"|\/[/*]/g;

/** The most parts of a body within bounds: a string and what follows it for each value and member name. */
const partsMax = 2 * (bodyBounds.values + bodyBounds.members);

function positionOf(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at === -1 ? text.length : at;
}
