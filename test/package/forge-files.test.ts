/** The files for the forge and for editors, which nothing here runs: they can be read, and what they name is there. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Workflow {
  readonly on: object;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<string, { readonly permissions?: Readonly<Record<string, string>>; readonly steps: readonly Step[] }>
  >;
}

interface Form {
  readonly name: string;
  readonly description: string;
  readonly body: readonly {
    readonly type: string;
    readonly id?: string;
    readonly attributes: { readonly label?: string; readonly value?: string; readonly options?: readonly unknown[] };
  }[];
}

const workflowNames = readdirSync(join(root, '.github/workflows'));
const workflow = (name: string) => parse(read(`.github/workflows/${name}`), { strict: true }) as Workflow;
const stepsOf = (name: string) => Object.values(workflow(name).jobs).flatMap(({ steps }) => steps);

describe('the workflows', () => {
  it('are test and release, with rights to read, and each step runs or uses something', () => {
    assert.deepEqual(workflowNames, ['release.yml', 'test.yml']);
    for (const name of workflowNames) {
      assert.deepEqual(workflow(name).permissions, { contents: 'read' }, name);
      for (const { uses, run } of stepsOf(name)) {
        assert.ok((uses === undefined) !== (run === undefined));
        if (uses !== undefined) assert.match(uses, /^actions\/[a-z-]+@v\d+$/);
      }
    }
  });

  it('name scripts and programs that exist', () => {
    const lines = workflowNames.flatMap((name) => stepsOf(name).flatMap(({ run }) => run?.split('&&') ?? []));
    const names = lines.flatMap(
      (line) => /npm (?:run )?(?<script>test|(?<=run )[\w:]+)/.exec(line)?.groups?.['script'] ?? [],
    );
    assert.deepEqual(new Set(names), new Set(['test', 'release:check', 'build']));
    for (const name of names) assert.ok(Object.hasOwn(scripts, name), name);
    assert.ok(lines.includes('.ci/run') && existsSync(join(root, '.ci/run')));
    assert.match(read('README.md'), /^npm ci && npm test$/m);
  });

  it('publish with provenance on a tag, by a right that only this job has', () => {
    const { on, jobs } = workflow('release.yml');
    assert.deepEqual(on, { push: { tags: ['v*'] } });
    assert.deepEqual(jobs['publish']?.permissions, { contents: 'read', 'id-token': 'write' });
    const runs = stepsOf('release.yml').flatMap(({ run }) => run ?? []);
    assert.equal(runs.at(-1), 'npm publish --provenance');
    assert.ok(runs.indexOf('npm test') > 0);
    assert.doesNotMatch(read('.github/workflows/release.yml'), /secrets\./);
  });
});

describe('the forms for issues', () => {
  const names = readdirSync(join(root, '.github/ISSUE_TEMPLATE')).filter((name) => name !== 'config.yml');

  it('are for a bug and for a difference from Azure, and GitHub can show them', () => {
    assert.deepEqual(names, ['bug.yml', 'difference-from-azure.yml']);
    for (const name of names) {
      const {
        name: title,
        description,
        body,
      } = parse(read(`.github/ISSUE_TEMPLATE/${name}`), { strict: true }) as Form;
      assert.ok(title !== '' && description !== '');
      const ids = body.flatMap(({ id }) => id ?? []);
      assert.equal(new Set(ids).size, ids.length);
      for (const { type, id, attributes } of body) {
        assert.ok(['markdown', 'input', 'textarea', 'dropdown', 'checkboxes'].includes(type), type);
        assert.equal(id === undefined, type === 'markdown');
        assert.ok((type === 'markdown' ? attributes.value : attributes.label) !== undefined, `${name}: ${id}`);
        assert.equal(attributes.options !== undefined, ['dropdown', 'checkboxes'].includes(type));
      }
    }
  });

  it('name files that exist', () => {
    for (const path of ['SECURITY.md', 'docs/reference/differences.md']) {
      assert.ok(names.some((name) => read(`.github/ISSUE_TEMPLATE/${name}`).includes(path)));
      assert.ok(existsSync(join(root, path)));
    }
  });
});

describe('the files for editors', () => {
  it('have the Node that the package needs, and the format of the sources', () => {
    const container = JSON.parse(read('.devcontainer/devcontainer.json')) as Readonly<Record<string, unknown>>;
    assert.equal(container['postCreateCommand'], 'npm ci');
    assert.equal(container['image'], 'node:24-trixie');
    const { printWidth } = JSON.parse(read('.prettierrc.json')) as { readonly printWidth: number };
    assert.match(read('.editorconfig'), new RegExp(String.raw`^\[\*\]$[^[]*^max_line_length = ${printWidth}$`, 'm'));
  });
});
