import { membersOf } from '../json.ts';
import type { Found, Question } from './question.ts';
import { jsonLine, recordLine } from './record-line.ts';

/** The lines that answer a question, as they are printed. What is not a record is passed over. */
export function answersIn(
  lines: readonly string[],
  { texts, matches }: Question,
  { asJson }: { readonly asJson: boolean },
): readonly string[] {
  return lines.flatMap((line) => {
    if (!texts.every((text) => line.includes(text))) return [];
    const record = parsed(line);
    if (record === undefined || !matches(record)) return [];
    return [asJson ? jsonLine(line) : recordLine(record)];
  });
}

function parsed(line: string): Found | undefined {
  try {
    const record = membersOf(JSON.parse(line));
    return record.has('time') ? record : undefined;
  } catch {
    return undefined;
  }
}
