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

/** The records in whole lines of the log. What is not a record is passed over: another program wrote it. */
export function* linesIn(chunk: Buffer, offset: number): Generator<LogLine> {
  for (let from = 0; from < chunk.length;) {
    const end = chunk.indexOf(newline, from);
    if (end === -1) return;
    const head = lineHead(chunk.subarray(from, end));
    if (head !== undefined) yield { ...head, bytes: chunk.subarray(from, end), offset: offset + from };
    from = end + 1;
  }
}

/** The head of a record's line, without parsing the rest. `undefined`: the line is not a record of this server's. */
function lineHead(line: Buffer): LineHead | undefined {
  const groups = begin.exec(line.toString('utf8', 0, Math.min(line.length, headBytesMax)))?.groups;
  const { time = '', id = '', category = '' } = groups ?? {};
  const resourceId = stringIn(id);
  return resourceId === undefined || !isHourOf(time) ? undefined : { time, resourceId, category };
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

/** The name of a blob is made of it. */
function isHourOf(time: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:/.test(time);
}
