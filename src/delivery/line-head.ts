/** The members of a record that decide where it goes. */
export interface LineHead {
  /** ISO 8601 in UTC. */
  readonly time: string;
  /** In upper case. */
  readonly resourceId: string;
  readonly category: string;
}

/** A line of a part of the log, without its line break. */
export interface LogLine extends LineHead {
  readonly bytes: Buffer;
  /** Where it begins in its file. */
  readonly offset: number;
}

const newline = 0x0a;

/** A resource id is cut to 2,048 characters; what JSON escapes of it takes up to six bytes each. */
const headBytesMax = 16 * 1024;

/** The order in which `record.ts` and `line.ts` write the members. */
const begin =
  /^\{"time":"(?<time>[^"\\]{1,40})","resourceId":(?<id>"(?:[^"\\]|\\.)*"),"category":"(?<category>\w{1,40})"/;

/** The place of a time in a record's line, whose form and length are always the same: `{"time":"2026-01-31T12:00:00.0000000Z"`. */
const timeAt = { from: 9, to: 37 };
const wholeTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/;

/** The head of a record, and its bytes behind the time. */
interface Known {
  readonly head: LineHead;
  readonly afterTime: Buffer;
}

/** The records in whole lines of the log. What is not a record is passed over: another program wrote it. */
export function* linesIn(chunk: Buffer, offset: number): Generator<LogLine> {
  let known: Known | undefined;
  for (let from = 0; from < chunk.length;) {
    const end = chunk.indexOf(newline, from);
    if (end === -1) return;
    const bytes = chunk.subarray(from, end);
    // Most records are of the same resource as the one before: comparing is many times cheaper than reading.
    const alike = known && headLike(known, bytes);
    const head = alike ?? lineHead(bytes);
    if (alike === undefined && head !== undefined) known = { head, afterTime: afterTimeOf(bytes, head) };
    if (head !== undefined) yield { ...head, bytes, offset: offset + from };
    from = end + 1;
  }
}

function headLike({ head, afterTime }: Known, line: Buffer): LineHead | undefined {
  const to = timeAt.to + afterTime.length;
  if (line.length < to || line.compare(afterTime, 0, afterTime.length, timeAt.to, to) !== 0) return undefined;
  const begins = line.toString('latin1', 0, timeAt.to);
  const time = begins.slice(timeAt.from);
  return begins.startsWith('{"time":"') && wholeTime.test(time) ? { ...head, time } : undefined;
}

/** Up to the end of the category. A quotation mark inside an id is escaped, so that the name cannot be in it. */
function afterTimeOf(line: Buffer, { category }: LineHead): Buffer {
  const end = `"category":"${category}"`;
  return line.subarray(timeAt.to, line.indexOf(end, timeAt.to) + end.length);
}

/** The head of a record's line, without parsing the rest. `undefined`: the line is not a record of this server's. */
function lineHead(line: Buffer): LineHead | undefined {
  const groups = begin.exec(line.toString('utf8', 0, Math.min(line.length, headBytesMax)))?.groups;
  const { time = '', id = '', category = '' } = groups ?? {};
  const resourceId = stringIn(id);
  return resourceId === undefined || !wholeTime.test(time) ? undefined : { time, resourceId, category };
}

function stringIn(json: string): string | undefined {
  if (json === '') return undefined;
  if (!json.includes('\\')) return json.slice(1, -1);
  try {
    return String(JSON.parse(json));
  } catch {
    return undefined;
  }
}
