import { parseScope } from '../../resources/keys.ts';
import { errorOf } from '../inner.ts';
import type { ArmError } from '../long-running/operation.ts';
import { membersOf } from '../../resources/refusal.ts';
import { answer, badRequest, behalfOf } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { contentsOf } from './contents.ts';
import { exportedTemplate } from './exported-template.ts';
import type { ExportOptions, Exported } from './exported-template.ts';
import { groupPath, placeOf, readGroup } from './resource-groups.ts';

/** The most resources of a template, as on Azure (export-template-portal, "Limitations"). */
const exportedMax = 200;
/** The most characters of all bodies together, so that writing the template does not block other requests. */
const exportedCharactersMax = 1_048_576;

const optionNames = [
  'IncludeParameterDefaultValue',
  'IncludeComments',
  'SkipResourceNameParameterization',
  'SkipAllParameterization',
];

/**
 * POST …/exportTemplate: a template of a group's resources. Each is read with the caller's permissions, so the template
 * has nothing that a GET would not show: no secret or key of a vault.
 */
export const exportResourceGroupTemplate: ControlOperation = {
  method: 'POST',
  path: `${groupPath}/exportTemplate`,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/exportTemplate/action',
  async run(call, { inner }) {
    await readGroup(call);
    const options = readOptions(call.body['options']);
    const format = call.body['outputFormat'] ?? 'Json';
    if (typeof format !== 'string' || format.toLowerCase() !== 'json') {
      return badRequest("outputFormat must be 'Json', the only supported format.");
    }
    const asked = await requestedContents(call);
    const exported: Exported[] = [];
    const failed: ArmError[] = [];
    let characters = 0;
    for (const { id, apiVersion } of asked) {
      const read = await inner.perform(behalfOf(call), { method: 'GET', path: id, apiVersion });
      characters += JSON.stringify(read.body ?? null).length;
      if (characters > exportedCharactersMax) {
        const limit = `${exportedCharactersMax} characters that can be exported at once`;
        return badRequest(`The resources are larger than the ${limit}: name fewer of them in resources.`);
      }
      if (read.status === 200) exported.push({ id, apiVersion, body: membersOf(read.body) });
      else if (read.status !== 404) failed.push({ ...errorOf(read), target: id });
    }
    const template = exportedTemplate(exported, options);
    return answer(200, { template, ...(failed.length > 0 && { error: withErrors(failed) }) });
  },
};

/**
 * The resources that a request names; `*` is all resources of the group.
 * @throws {Refused} for resources that the group does not have, or too many
 */
async function requestedContents(call: ControlCall) {
  const contents = await contentsOf(call.store, placeOf(call), exportedMax + 1);
  const { resources = ['*'] } = call.body;
  if (!Array.isArray(resources) || resources.length === 0) {
    return badRequest("resources must be ['*'] or the ids of resources.");
  }
  const wanted = resources.map((id: unknown) => String(id).toLowerCase());
  const unknown = wanted.find((id) => id !== '*' && !contents.some((content) => content.id.toLowerCase() === id));
  if (unknown !== undefined) {
    const group = placeOf(call).resourceGroup;
    return badRequest(`resources has '${unknown.slice(0, 400)}', which is not a resource of the group ${group}.`);
  }
  const asked = wanted.includes('*') ? contents : contents.filter(({ id }) => wanted.includes(id.toLowerCase()));
  if (asked.length > exportedMax) {
    return badRequest(
      `At most ${exportedMax} resources can be exported at once: name the ones that you want in resources.`,
    );
  }
  return asked.toSorted((one, other) => sortKey(one.id).localeCompare(sortKey(other.id), 'en'));
}

/** Sorts by type, then by name. */
function sortKey(id: string): string {
  const { type = '', names = [] } = parseScope(id) ?? {};
  return `${type}/${names.join('/')}`.toLowerCase();
}

/** @throws {Refused} for an unknown option */
function readOptions(value: unknown): ExportOptions {
  const names = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : [];
  const given = new Set(names.filter((name) => name !== '').map((name) => name.toLowerCase()));
  const known = new Set(optionNames.map((name) => name.toLowerCase()));
  const unknown = [...given].find((name) => !known.has(name));
  if (unknown !== undefined || (value !== undefined && value !== null && typeof value !== 'string')) {
    return badRequest(`options must be a comma-separated list of ${optionNames.join(', ')}.`);
  }
  return {
    names: !given.has('skipresourcenameparameterization') && !given.has('skipallparameterization'),
    defaults: given.has('includeparameterdefaultvalue'),
    comments: given.has('includecomments'),
  };
}

function withErrors(details: readonly ArmError[]): ArmError {
  return {
    code: 'ExportTemplateCompletedWithErrors',
    message:
      'Export template operation completed with errors. Some resources were not exported. Please see details for more information.',
    details,
  };
}
