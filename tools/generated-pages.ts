import { auditParts } from './audit-tables.ts';
import { commandParts } from './command-tables.ts';
import { helpPage, wrongUsagePage } from './command-words.ts';
import { configurationTables } from './configuration-page.ts';
import { withParts } from './generated-parts.ts';
import { metricsParts } from './metrics-table.ts';
import { operationTables } from './operation-tables.ts';
import { recordMap } from './record-map.ts';
import { seedParts, seedSchema } from './seed-tables.ts';
import { withStepTables } from './step-tables.ts';
import { trustedServiceTables } from './trusted-services.ts';

/** Every page with generated parts, by its path: a function from the page as it is to the page as it must be. */
export const generatedPages: Readonly<Record<string, (page: string) => string | Promise<string>>> = {
  'docs/explanation/requests.md': withStepTables,
  'docs/reference/audit.md': (page) => withParts(page, auditParts()),
  'docs/reference/command-line.md': (page) => withParts(page, commandParts()),
  'docs/reference/configuration.md': (page) => withParts(page, configurationTables()),
  'docs/reference/document.md': (page) => withParts(page, trustedServiceTables()),
  'docs/reference/metrics.md': (page) => withParts(page, metricsParts()),
  'docs/reference/operations.md': (page) => withParts(page, operationTables()),
  'docs/reference/records.md': recordMap,
  'docs/reference/seed.md': (page) => withParts(page, seedParts()),
  'docs/reference/seed.schema.json': seedSchema,
  'test/cli/help.txt': helpPage,
  'test/cli/wrong-usage.txt': wrongUsagePage,
};
