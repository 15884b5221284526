import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CellName, Outcome } from '../examples/trusted-services/parts/cells.ts';
import { inWords } from '../examples/trusted-services/parts/cells.ts';
import { markdownTable } from './markdown-table.ts';

/** The programs of `examples/trusted-services/`, with the service that each plays, in the document's order. */
export const lessons: readonly (readonly [program: string, service: string])[] = [
  ['vm-deployment', 'Azure Virtual Machines deployment service'],
  ['template-deployment', 'Azure Resource Manager template deployment service'],
  ['application-gateway', 'Azure Application Gateway v2 SKU'],
  ['disk-encryption', 'Azure Disk Encryption volume encryption service'],
  ['backup', 'Azure Backup'],
  ['exchange-sharepoint', 'Exchange Online & SharePoint Online'],
  ['information-protection', 'Azure Information Protection'],
  ['app-service', 'Azure App Service'],
  ['sql-database', 'Azure SQL Database'],
  ['storage', 'Azure Storage'],
  ['data-lake-store', 'Azure Data Lake Store'],
  ['databricks', 'Azure Databricks'],
  ['api-management', 'Azure API Management'],
  ['data-factory', 'Azure Data Factory'],
  ['event-hubs', 'Azure Event Hubs'],
  ['service-bus', 'Azure Service Bus'],
  ['import-export', 'Azure Import/Export'],
  ['container-registry', 'Azure Container Registry'],
];

export const lessonFolder = fileURLToPath(new URL('../examples/trusted-services/', import.meta.url));

/** The outcome of a run. */
export interface Lesson {
  readonly program: string;
  /** 0; 69 where the machine lacks a program that the lesson needs; else the lesson failed. */
  readonly code: number | null;
  /** All that it printed, errors too. */
  readonly said: string;
  readonly service?: string;
  readonly outcomes: readonly Outcome[];
}

/** Runs a lesson as a reader does. `configuration` is a part of its server's configuration file. */
export async function runLesson(program: string, configuration: unknown = {}): Promise<Lesson> {
  const folder = mkdtempSync(join(tmpdir(), 'lesson-'));
  const file = join(folder, 'outcomes.json');
  try {
    const env = {
      ...process.env,
      TRUSTED_SERVICE_OUTCOMES: file,
      TRUSTED_SERVICE_CONFIGURATION: JSON.stringify(configuration),
    };
    const path = join(lessonFolder, `${program}.ts`);
    const child = spawn(process.execPath, [path], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    await once(child, 'close');
    return { program, code: child.exitCode, said, ...outcomesIn(file) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The outcomes that a lesson has written: none, if it ended early. */
function outcomesIn(file: string): Pick<Lesson, 'service' | 'outcomes'> {
  try {
    const written: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isWritten(written) ? written : { outcomes: [] };
  } catch {
    return { outcomes: [] };
  }
}

/** The lesson itself wrote the file, so the members of its outcomes are not checked. */
function isWritten(value: unknown): value is Required<Pick<Lesson, 'service' | 'outcomes'>> {
  return typeof value === 'object' && value !== null && 'service' in value && 'outcomes' in value;
}

const columns: readonly CellName[] = ['option on', 'option off', 'no permission', 'outside the scenario', 'forged'];

/** The table of the lessons' page: the outcome of each cell when it ran. */
export function outcomeTable(ran: readonly Lesson[]): string {
  const rows = ran.map(({ program, service = program, outcomes }) => [
    `[${service}](${program}.ts)`,
    ...columns.map((column) => cellOf(outcomes.find(({ cell }) => cell === column))),
  ]);
  return markdownTable(['service', ...columns], rows);
}

function cellOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return '';
  const { cell, title, operation } = outcome;
  const result = `\`${operation}\` ${inWords(outcome)}`;
  return cell === 'outside the scenario' || cell === 'forged' ? `${result}: ${title}` : result;
}
