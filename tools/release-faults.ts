interface Release {
  /** The parsed `package.json`. */
  readonly manifest: unknown;
  readonly changelog: string;
}

/** The reasons why a release under this tag may not be published, each with its remedy; none if it may. */
export function releaseFaults(tag: string, { manifest, changelog }: Release): readonly string[] {
  const version = stringIn(manifest, 'version') ?? '';
  const address = stringIn(memberOf(manifest, 'repository'), 'url');
  const dependencies = memberOf(manifest, 'dependencies');
  const isHeading = new Set(changelog.split('\n')).has(`## ${version}`);
  return [
    tag === `v${version}` ? [] : [`The tag is ${tag}, and package.json has ${version}: name the tag v${version}.`],
    isHeading
      ? []
      : [`CHANGELOG.md has no heading "## ${version}": rename "Unreleased", and begin an empty one above.`],
    address?.startsWith('git+https://') === true
      ? []
      : [
          'package.json has no repository whose url begins with git+https://: ' +
            'set it to where this is published from, which npm compares with the provenance.',
        ],
    dependencies === undefined
      ? []
      : ['package.json has dependencies: make them devDependencies, because the build bundles them.'],
  ].flat();
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function stringIn(value: unknown, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
}
