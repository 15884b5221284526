import { join } from 'node:path';
import { unreadable } from '../audit/log-lines.ts';
import { readSinks } from '../audit/sinks.ts';
import type { SinkReport } from '../audit/sinks.ts';
import type { Command } from '../command.ts';

export const auditSinks: Command = {
  name: 'audit sinks',
  synopsis:
    'Prints how far the audit log is delivered to each sink, and why one does not take records. The exit status is 1 if one does not. It needs no running server.',
  options: {},
  required: [],
  flags: {
    json: 'as JSON: a list of { sink, target, records, begun, gaps }, and where known deliveredAt, behind and failure',
  },
  async run({ data = 'postern-data' }, { flags }) {
    const sinks = sinksOf(join(data, 'audit'));
    const output = flags.has('json') ? JSON.stringify(sinks, undefined, 2) : sinks.map(linesOf).join('\n');
    const exitStatus = sinks.some(({ failure }) => failure !== undefined) ? 1 : 0;
    return { output: output === '' ? 'No setting names a sink.' : output, exitStatus };
  },
};

/** @throws {CommandFailed} when they cannot be read by this user */
function sinksOf(folder: string): readonly SinkReport[] {
  try {
    return readSinks(folder);
  } catch (error) {
    throw unreadable(`in ${folder}`, error);
  }
}

function linesOf({ sink, target, records, deliveredAt, begun, behind, gaps, failure }: SinkReport): string {
  const last = deliveredAt === undefined ? '' : `, the last at ${deliveredAt}`;
  const left =
    behind === undefined
      ? begun
        ? 'its place in the log is gone'
        : 'nothing of the log read yet'
      : `${inDigits(behind.bytes)} bytes of the log (${inDigits(behind.records)} records) not read yet`;
  return [
    `${sink}  ${target}`,
    `  ${inDigits(records)} records delivered${last}; ${left}`,
    ...(gaps === 0 ? [] : [`  ${inDigits(gaps)} gaps: see the records AuditDeliveryGap (postern audit query)`]),
    ...(failure === undefined ? [] : [`  failing since ${failure.since}: ${failure.message}`]),
  ].join('\n');
}

function inDigits(number: number): string {
  return number.toLocaleString('en-US');
}
